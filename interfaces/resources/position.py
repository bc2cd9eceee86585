"""The position of an event in the store, as a client reads and names it."""

import re
from typing import Final

POSITION_HEADER: Final = "Tallystick-Position"
POSITION_PATTERN: Final = r"^[0-9]{1,18}$"


def is_position(text: str) -> bool:
    return re.fullmatch(POSITION_PATTERN, text) is not None
