"""A server whose processes keep ending does not stand there dead: it ends, says why, and with a status that tells."""

import os
import signal

from interfaces.stack import Stack
from tests.crash.system import descendants
from tests.interfaces.several.conftest import another_api
from tests.support.running import eventually

GIVES_UP_WITHIN_S = 20.0


async def test_a_server_whose_processes_keep_ending_gives_up_and_says_so(stack: Stack) -> None:
    with another_api(stack, "api-4") as fourth:

        async def has_given_up() -> bool:
            for pid in descendants(fourth.process.pid):
                os.kill(pid, signal.SIGKILL)
            return not fourth.process.running

        await eventually(has_given_up, "it gives up", within_s=GIVES_UP_WITHIN_S)
        assert fourth.process.poll() == 1
        said = fourth.process.log_tail()
        assert "Unexpected exit from worker" in said
        assert "Worker crash loop detected, exiting" in said
        assert '"level": "error"' in said
