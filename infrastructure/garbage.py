"""Python's collector of cyclic garbage, set for a process that serves: rarely, and never over what lives for ever."""

import gc

NEW_OBJECTS_MAX = 50_000
"""Between two looks at the young ones; Python's 700 would look many times during one busy moment. What a request
leaves behind holds hardly any cycles: reference counts free it at once."""


def settle() -> None:
    """Called once everything is loaded: what there is now is no longer looked at. Without this a full collection goes
    through every module and class, tens of milliseconds in which no request is served."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_MAX, 20, 50)
