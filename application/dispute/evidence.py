"""The port to the files of evidence, which are kept under the digest of their content and never changed."""

from typing import Protocol


class EvidenceFiles(Protocol):
    """Both methods raise StoreUnavailable."""

    async def put(self, sha256: str, content: bytes) -> None:
        """Keep `content` under its hex digest, durably. A repeat changes nothing."""
        ...

    async def get(self, sha256: str) -> bytes | None:
        """The content under the hex digest; None where there is none."""
        ...
