"""Operators' keys in Postgres."""

from typing import Final

from application.access.merchant import KeyNotFound
from application.access.operator import KnownOperator, Role
from infrastructure.postgres.connection.pool import ReadPool

_INSERT: Final = "INSERT INTO operator_key (key_id, name, role, key_sha256) VALUES (%s, %s, %s, %s)"
_REVOKE: Final = "UPDATE operator_key SET revoked_at = clock_timestamp() WHERE key_id = %s AND revoked_at IS NULL"
_SELECT: Final = "SELECT key_id, name, role FROM operator_key WHERE key_sha256 = %b AND revoked_at IS NULL"


class PostgresOperators:
    """Implements application.access.operator.OperatorKeys."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def find_operator(self, digest: bytes) -> KnownOperator | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SELECT, (digest,))).fetchone()
        return None if row is None else KnownOperator(row[0], row[1], Role(row[2]))

    async def add_operator_key(self, key: KnownOperator, digest: bytes) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_INSERT, (key.key_id, key.name, key.role.value, digest))

    async def revoke_operator_key(self, key_id: str) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_REVOKE, (key_id,))
        if cursor.rowcount == 0:
            raise KeyNotFound(key_id=key_id)
