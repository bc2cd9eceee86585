"""The judge of the budgets, on figures made up: what fails, what is told, and what logs and WAL are read as."""

from collections.abc import Mapping

import pytest

from tests.architecture.budget import Budget, Limit, loose, over, undeclared, unjustified
from tests.support.counted.calls import requests_in
from tests.support.counted.counter import Counts, Parts
from tests.support.counted.scenarios import Measured
from tests.support.counted.statements import read_log
from tests.support.counted.wal import Tuples, read_records

BUDGET = Budget(
    figures={"tuples": Limit(10, 8, "0047"), "inserted": Limit(8, 8)},
    tables={"stored_events": 7, "operation_claim": 3},
    view_rows={"timers": 1},
)
AS_BUDGETED: dict[str, Parts] = {
    "tuples": {"stored_events": 7, "operation_claim": 3},
    "inserted": {"stored_events": 7, "operation_claim": 1},
    "view_rows": {"timers": 1},
}
LOG = """told|tallystick committer|7/12|127.0.0.1(4001)| LOG:  execute <unnamed>: SELECT *
\tFROM append_commands($1)
told|tallystick committer|7/12|127.0.0.1(4001)| LOG:  statement: COMMIT
told|budget|8/1|127.0.0.1(4002)| LOG:  statement: SELECT 1
told|||| LOG:  checkpoint starting: immediate force wait
told|tallystick reader|9/3|127.0.0.1(4003)| ERROR:  canceling statement due to statement timeout
"""
TABLE, OTHER, INDEX = "rel 1663/16390/16405 blk 0", "rel 1663/16390/16420 blk 3", "rel 1663/16390/16408 blk 1"


def record(manager: str, record: int, total: int, said: str) -> str:
    lengths = f"len (rec/tot): {record:>6}/{total:>6}"
    return f"rmgr: {manager:<11} {lengths}, tx:        834, lsn: 0/01DA6BE8, prev 0/01DA6BB0, desc: {said}"


WAL = "\n".join(
    [
        record("Heap", 60, 60, f"INSERT+INIT off: 1, flags: 0x00, blkref #0: {TABLE}"),
        record("Heap", 70, 8262, f"HOT_UPDATE old_xmax: 834, old_off: 1, blkref #0: {TABLE} FPW"),
        record("Heap2", 900, 900, f"MULTI_INSERT ntuples: 12, flags: 0x02, blkref #0: {OTHER}"),
        record("Btree", 64, 64, f"INSERT_LEAF off: 4, blkref #0: {INDEX}"),
        record("Transaction", 34, 34, "COMMIT 2026-11-27 20:42:06.000000 UTC"),
    ]
)


def counted(figures: Mapping[str, Parts], *, reached: float | None = None) -> Measured:
    return Measured("payment", 600, Counts(0.005, figures), reached)


def test_what_is_within_its_budget_is_not_told() -> None:
    measured = counted(AS_BUDGETED)

    assert list(over("alone", BUDGET, measured)) == []
    assert list(undeclared("alone", BUDGET, measured, by_itself={})) == []
    assert list(loose("alone", BUDGET, measured, steady=True)) == []
    assert list(loose("alone", BUDGET, measured, steady=False)) == []


def test_a_figure_above_its_budget_names_scenario_figure_budget_and_parts() -> None:
    grown = counted(AS_BUDGETED | {"tuples": {"stored_events": 8, "operation_claim": 3}})

    whole, part = over("alone", BUDGET, grown)

    assert whole.startswith("alone: tuples is 11.00 a payment, above its budget of 10 (target 8); it consists of\n")
    assert [line.split() for line in whole.splitlines()[1:]] == [["stored_events", "8.00"], ["operation_claim", "3.00"]]
    assert part == "alone: tuples of stored_events is 8.00 a payment, above its budget of 7"


def test_a_machine_that_was_too_slow_is_named() -> None:
    grown = counted({"tuples": {"stored_events": 11}}, reached=90)

    assert "(the machine was too slow: 90 a second of 200)" in next(over("at_200", BUDGET, grown))


@pytest.mark.parametrize(("figure", "section"), [("tuples", "tables"), ("view_rows", "view_rows")])
def test_a_table_or_view_that_nobody_declared_is_told(figure: str, section: str) -> None:
    more = counted(AS_BUDGETED | {figure: {**AS_BUDGETED[figure], "risk_checks": 1}})

    [told] = undeclared("alone", BUDGET, more, by_itself={"worker_lease": 1200})

    assert told.startswith(f"alone: risk_checks gets 1.00 a payment, and [alone.{section}] does not name it")


def test_what_an_idle_system_writes_to_is_not_told_again() -> None:
    more = counted(AS_BUDGETED | {"tuples": {"worker_lease": 1}})

    assert list(undeclared("alone", BUDGET, more, by_itself={"worker_lease": 1200})) == []


def test_steady_figures_far_below_their_budget_are_to_be_lowered() -> None:
    cheaper = counted(AS_BUDGETED | {"inserted": {"stored_events": 6}, "view_rows": {}})

    assert list(loose("alone", BUDGET, cheaper, steady=True)) == [
        "alone: inserted is 6.00 a payment, far below its budget of 8: lower that",
        "alone: view_rows.timers is 0.00 a payment, far below its budget of 1: lower that",
    ]


def test_figures_that_batches_make_smaller_are_told_below_half() -> None:
    a_little, much = (counted(AS_BUDGETED | {"tuples": {"stored_events": count}}) for count in (6, 4))

    assert list(loose("alone", BUDGET, a_little, steady=False)) == []
    assert len(list(loose("alone", BUDGET, much, steady=False))) == 1


def test_a_budget_above_its_target_needs_a_decision_that_names_it() -> None:
    undecided = Budget(figures={"tuples": Limit(10, 8)})

    assert list(unjustified("alone", BUDGET, {"0047": "for `alone.tuples` a user gets …"})) == []
    assert list(unjustified("alone", BUDGET, {"0047": "about something else"})) == [
        "alone.tuples: decision 0047 does not say what this figure was raised for"
    ]
    for records in ({}, {"0047": "`alone.tuples`"}):
        assert list(unjustified("alone", undecided, records)) == [
            "alone.tuples: 10 is above 8, and no decision record says what for"
        ]


def test_what_idle_does_in_the_same_time_is_taken_off() -> None:
    idle = Counts(10.0, {"statements": {"worker: reader": 300.0, "worker: relay": 10.0}})
    busy = Counts(2.0, {"statements": {"worker: reader": 70.0, "worker: relay": 1.0, "api: committer": 20.0}})

    each = busy.each(10, idle=idle)

    assert each.parts("statements") == {"worker: reader": 1.0, "worker: relay": 0.0, "api: committer": 2.0}
    assert each.total("statements") == 3.0


def test_a_log_has_the_statements_of_others_and_its_other_entries() -> None:
    log = read_log(LOG)

    assert [(said.who, said.port, said.transaction) for said in log.statements] == [
        ("tallystick committer", 4001, "7/12"),
        ("tallystick committer", 4001, "7/12"),
    ]
    assert log.statements[0].text == "SELECT *\n\tFROM append_commands($1)"
    assert log.lines == 2


def test_wal_has_tuples_by_relation_and_page_images_apart() -> None:
    wal = read_records(WAL)

    assert wal.tuples == {16405: Tuples(inserted=1, updated=1), 16420: Tuples(inserted=12)}
    assert wal.bytes == {16405: 130, 16420: 900, 16408: 64, 0: 34}
    assert wal.image_bytes == 8192


def test_calls_are_told_apart_by_what_they_ask() -> None:
    asked = b'POST /v1/charges HTTP/1.1\r\nHost: a\r\n\r\n{"a":1}GET /v1/charges/ch_0123456/x?a=1 HTTP/1.1\r\n\r\n'

    assert requests_in(asked) == ["POST /v1/charges", "GET /v1/charges/*/x"]
