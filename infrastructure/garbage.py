"""Python's collector of cyclic garbage, tuned for a server: rare runs, and none over objects that live for ever."""

import gc

NEW_OBJECTS_MAX = 50_000
"""Allocations between two collections of young objects; Python's 700 would collect many times during one busy moment.
The garbage of a request holds hardly any cycles: reference counts free it at once."""


def settle() -> None:
    """Exempt all present objects from collections; to be called once everything is loaded. Otherwise a full collection
    goes through every module and class, tens of milliseconds in which no request is served."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_MAX, 20, 50)
