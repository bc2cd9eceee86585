"""Commits wait for one another under load, and never for an entry that comes alone."""

import pytest

from infrastructure.postgres.connection.pace import DISTANCE_S_MAX, Pace


def commits_in(seconds: float, entries_per_s: int) -> int:
    """The commits of a writer whose commits take no time, with entries that come evenly."""
    pace, now, waiting, commits = Pace(), 0.0, 0, 0
    for _ in range(round(seconds * entries_per_s)):
        now += 1 / entries_per_s
        waiting += 1
        if pace.pause_s(now) <= 0:
            pace.begin(now, entries=waiting)
            waiting, commits = 0, commits + 1
    return commits


def test_the_first_entry_and_one_that_comes_alone_wait_for_nothing() -> None:
    pace = Pace()
    assert pace.pause_s(1.0) <= 0
    pace.begin(1.0, entries=1)
    assert pace.pause_s(1.001) <= 0
    pace.begin(1.001, entries=1)
    assert pace.pause_s(1.002) <= 0


@pytest.mark.parametrize(("entries_per_s", "at_most_per_s"), [(10, 10), (400, 105), (2000, 105)])
def test_commits_a_second_are_bounded_however_many_entries_come(entries_per_s: int, at_most_per_s: int) -> None:
    assert commits_in(10, entries_per_s) <= 10 * at_most_per_s


def test_no_entry_waits_longer_than_the_greatest_distance() -> None:
    pace = Pace()
    pace.begin(1.0, entries=100_000)
    assert pace.pause_s(1.0) == pytest.approx(DISTANCE_S_MAX)


def test_a_load_that_has_passed_is_forgotten() -> None:
    pace = Pace()
    pace.begin(1.0, entries=100_000)
    pace.begin(10.0, entries=1)
    assert pace.pause_s(10.001) <= 0
