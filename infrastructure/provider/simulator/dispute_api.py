"""Evidence reaches the simulator in two steps: first the files by digest, then the submission that names the files."""

from http import HTTPStatus
from urllib.parse import quote

import msgspec
from msgspec import Struct

from application.provider.dispute_api import EvidenceFile
from domain.identifiers import DisputeId, SubmissionId
from domain.payment.outcome import Approved, Outcome, Rejected, Unknown
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.text import readable


class _Item(Struct, frozen=True):
    sha256: str
    kind: str
    name: str
    media_type: str


class _Body(Struct, frozen=True):
    files: list[_Item]


class _Dispute(Struct, frozen=True):
    id: str


class _Error(Struct, frozen=True):
    code: str
    message: str


class _ErrorAnswer(Struct, frozen=True):
    error: _Error


class SimulatorDisputeApi:
    """Implements application.provider.dispute_api.DisputeApi."""

    def __init__(self, calls: HttpCalls) -> None:
        self._calls = calls

    async def submit(
        self, dispute_id: DisputeId, evidence: tuple[EvidenceFile, ...], submission_id: SubmissionId
    ) -> Outcome:
        for file in evidence:
            headers = {"Content-Type": file.media_type}
            put = await self._calls.send("PUT", f"/v1/dispute_files/{file.sha256}", file.content, headers)
            if not isinstance(put, Answer):
                return put
            if put.http_status != HTTPStatus.OK:
                return outcome(put)
        items = [_Item(file.sha256, file.kind, file.name, file.media_type) for file in evidence]
        return await self._post(dispute_id, "evidence", msgspec.json.encode(_Body(items)), submission_id)

    async def accept(self, dispute_id: DisputeId, acceptance_id: SubmissionId) -> Outcome:
        return await self._post(dispute_id, "acceptance", b"{}", acceptance_id)

    async def _post(self, dispute_id: DisputeId, what: str, body: bytes, key: SubmissionId) -> Outcome:
        path = f"/v1/disputes/{quote(dispute_id, safe='')}/{what}"
        headers = {"Idempotency-Key": str(key), "Content-Type": "application/json"}
        answer = await self._calls.send("POST", path, body, headers)
        return outcome(answer) if isinstance(answer, Answer) else answer


def outcome(answer: Answer) -> Outcome:
    """The outcome in an answer of the dispute API."""
    try:
        if 200 <= answer.http_status < 300:
            return Approved(decode(answer.body, _Dispute).id)
        if 400 <= answer.http_status < 500:
            error = decode(answer.body, _ErrorAnswer).error
            return Rejected(readable(error.code), readable(error.message))
    except UNDECODABLE:
        return Unknown(f"undecodable answer with HTTP status {answer.http_status}")
    return Unknown(f"HTTP status {answer.http_status}")
