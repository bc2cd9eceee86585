"""A program that we start is told what it needs: of our environment, only what has no secret in it."""

from collections.abc import Mapping

_NAMES = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "TALLYSTICK_HOME", "TALLYSTICK_LOG_LEVEL"})
_PREFIXES = ("LC_", "PYTHON", "COVERAGE_")


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Where programs, folders and time zones are, in which language to speak, and how Python is run."""
    return {name: value for name, value in environment.items() if name in _NAMES or name.startswith(_PREFIXES)}


def starting_with(prefix: str, environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(prefix)}
