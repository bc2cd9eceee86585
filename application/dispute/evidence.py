"""The port to where evidence is kept: by the digest of its content, and never changed."""

from typing import Protocol


class EvidenceFiles(Protocol):
    """Both raise StoreUnavailable."""

    async def put(self, sha256: str, content: bytes) -> None:
        """Keep `content` under its hex digest, durably; however often this is said."""
        ...

    async def get(self, sha256: str) -> bytes | None: ...
