"""What is given up is recorded: once while somebody still has to look at it, and again when a retry failed too."""

from domain.card_data import holds_card_number
from domain.dead_letter.events import DeadLetterEvent, DeadLetterRecorded
from domain.dead_letter.state import DeadLetter, DeadLetterSubject, Open

WITHHELD = "withheld: the reason held what looks like a card number"
"""A reason may quote a provider, and a letter is never refused: it loses its reason, not its place."""


def record(letter: DeadLetter | None, matter: DeadLetterSubject) -> tuple[DeadLetterEvent, ...]:
    """Nothing when it is open already: the first reason stands."""
    if isinstance(letter, Open):
        return ()
    return (
        DeadLetterRecorded(
            kind=matter.kind,
            subject=matter.subject,
            payment_id=matter.payment_id,
            provider=matter.provider,
            reason=WITHHELD if holds_card_number(matter.reason) else matter.reason,
        ),
    )
