"""Ids of commands in a store whose namespace is always the same."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from application.write.command_ids import CommandIds
from interfaces import ids

NAMESPACE: Final = UUID("6b1f7c1e-0d9a-4d0c-9f6e-2f1f5a0d3c77")


def command_ids(new_id: Callable[[], UUID] = ids.new_uuid, *, namespace: UUID = NAMESPACE) -> CommandIds:
    async def its_namespace() -> UUID:
        return namespace

    return CommandIds(namespace=its_namespace, new_id=new_id)
