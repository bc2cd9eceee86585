"""An APS notice holds the parameters of the operation's answer as JSON, with a signature among them and no time."""

# For APS the capture in a purchase is no operation of its own: the notice of that capture repeats the notice of the
# purchase.

from typing import Final

import msgspec

from infrastructure.simulator.aps.account import Account, signed
from infrastructure.simulator.aps.names import fort_id, names_in
from infrastructure.simulator.aps.words import CHALLENGED, command_of, message_of, outcome
from infrastructure.simulator.notice import Notice, Worded
from infrastructure.simulator.tokens import Operation

HEADERS: Final = {"Content-Type": "application/json"}


def worded(notice: Notice, secret: str) -> Worded:
    """The signed `notice` of an operation in this dialect; `secret` is the SHA response phrase."""
    account, charge = Account.of_environment(), notice.charge
    merchant_reference, name = names_in(notice.key)
    operation = Operation.CHARGE if notice.action_id == charge.id else notice.operation
    command = command_of(operation, taken_at_once=charge.captured > 0)
    waits = charge.authorized == 0 and notice.refusal is None
    parameters = {
        "command": command,
        "access_code": account.access_code,
        "merchant_identifier": account.merchant_identifier,
        "merchant_reference": merchant_reference,
        "fort_id": fort_id(merchant_reference),
        "language": "en",
        **_own(notice, operation, name),
        **(CHALLENGED if waits else outcome(command, message_of(notice.refusal))),
    }
    return Worded(HEADERS, msgspec.json.encode(signed(parameters, secret)))


def _own(notice: Notice, operation: Operation, name: str) -> dict[str, str]:
    """The parameters of the notice that name its operation, beside those of the order."""
    money = {"amount": str(notice.amount), "currency": notice.charge.currency}
    match operation:
        case Operation.CHARGE:
            return {"merchant_extra": notice.charge.reference, "token_name": notice.charge.token, **money}
        case Operation.CAPTURE:
            return {"order_description": name, **money}
        case Operation.VOID:
            return {"order_description": name}
        case Operation.REFUND:
            return {"maintenance_reference": name, **money}
