"""Work that is given up is recorded once while the letter is open, and again where a retry failed too."""

from domain.card_data import holds_card_number
from domain.dead_letter.events import DeadLetterEvent, DeadLetterRecorded
from domain.dead_letter.state import DeadLetter, DeadLetterSubject, Open

WITHHELD = "withheld: the reason held what looks like a card number"
"""The reason of a letter whose own reason held a card number: a letter loses its reason and is never refused."""


def record(letter: DeadLetter | None, matter: DeadLetterSubject) -> tuple[DeadLetterEvent, ...]:
    """Record that the work was given up; no event where the letter is open already, whose first reason stands."""
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
