"""`tallystick status` on a system that runs: every one is there, is moved by somebody, and all is well."""

import asyncio

import pytest

from interfaces.runtime.supervisor import Stack
from projections.views import VIEWS
from tests.support.running import Merchant, eventually

pytestmark = pytest.mark.system

STATUS_WITHIN_S = 20.0


async def test_a_running_system_is_well(stack: Stack, merchant: Merchant) -> None:
    assert (await merchant.pay()).status == 201
    said: list[str] = []

    async def all_is_well() -> bool:
        status = stack.process("status", ["status"])
        status.start()
        code = await asyncio.to_thread(status.wait, STATUS_WITHIN_S)
        said[:] = [status.log_tail()]
        return code == 0

    await eventually(all_is_well, "status exits with 0")
    lines = [line for line in said[0].splitlines() if line.startswith("│")]
    assert [line.split("│")[1].strip() for line in lines] == ["relay", *VIEWS]
    assert all("well" in line and "session" in line for line in lines)
