"""A program that we start gets only those variables of our environment that hold no secret."""

from collections.abc import Mapping

_NAMES = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "TALLYSTICK_HOME", "TALLYSTICK_LOG_LEVEL"})
_PREFIXES = ("LC_", "PYTHON", "COVERAGE_")


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables for programs' paths, folders, time zones, language, and Python itself."""
    return {name: value for name, value in environment.items() if name in _NAMES or name.startswith(_PREFIXES)}


def starting_with(prefix: str, environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(prefix)}
