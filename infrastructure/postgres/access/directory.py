"""Merchants and API keys in Postgres."""

import psycopg

from application.access.merchant import KeyNotFound, KnownKey, MerchantNotFound
from domain.identifiers import MerchantId
from infrastructure.postgres.connection.pool import ReadPool

_INSERT_MERCHANT = "INSERT INTO merchant (merchant_id, name) VALUES (%s, %s)"
_SELECT_MERCHANT = "SELECT merchant_id FROM merchant WHERE merchant_id = %s"
_INSERT_KEY = "INSERT INTO api_key (key_id, merchant_id, key_sha256) VALUES (%s, %s, %s)"
_REVOKE_KEY = "UPDATE api_key SET revoked_at = clock_timestamp() WHERE key_id = %s AND revoked_at IS NULL"
_SELECT_KEY = "SELECT key_id, merchant_id FROM api_key WHERE key_sha256 = %b AND revoked_at IS NULL"


class PostgresDirectory:
    """Implements application.access.merchant.Directory."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def add_merchant(self, merchant_id: MerchantId, name: str) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_INSERT_MERCHANT, (merchant_id, name))

    async def require_merchant(self, merchant_id: MerchantId) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SELECT_MERCHANT, (merchant_id,))
            if await cursor.fetchone() is None:
                raise MerchantNotFound(merchant_id=merchant_id)

    async def add_key(self, key_id: str, merchant_id: MerchantId, digest: bytes) -> None:
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_INSERT_KEY, (key_id, merchant_id, digest))
        except psycopg.errors.ForeignKeyViolation:
            raise MerchantNotFound(merchant_id=merchant_id) from None

    async def revoke_key(self, key_id: str) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_REVOKE_KEY, (key_id,))
        if cursor.rowcount == 0:
            raise KeyNotFound(key_id=key_id)

    async def find_key(self, digest: bytes) -> KnownKey | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SELECT_KEY, (digest,))
            row = await cursor.fetchone()
        return None if row is None else KnownKey(key_id=row[0], merchant_id=MerchantId(row[1]))
