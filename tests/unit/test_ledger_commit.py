"""What each decision becomes in the books, and that telling it twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from edge.core import commands as c
from edge.ledger import FactRefused, Ledger
from edge.ledger.facts import TYPES, Durable
from tests.unit import ledger_facts as f


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = f.open_ledger(tmp_path)
    yield found
    assert found.verify() == []
    found.close()


def types(ledger: Ledger) -> list[str]:
    return [row.type for row in ledger.pending(0, 1_000, 10**9)]


def test_every_durable_command_has_its_event_type() -> None:
    assert set(TYPES.values()) == set(c.DURABLE) == set(get_args(Durable))


def test_a_visit_from_the_gate_to_the_confirmed_charge(ledger: Ledger) -> None:
    f.tell(ledger, f.begun(), seq=1)
    f.tell(ledger, f.opened(), seq=2)
    f.tell(ledger, f.changed(quantity=2), seq=3)
    assert f.tell(ledger, f.closed("V1", f.line(quantity=2), f.line("gum", 1, 99, "review")), seq=4) == [4, 5]
    assert f.balances(ledger) == {"shopper:p01": 500, f"sales:{f.DEVICE}": -500}
    f.tell(ledger, f.settled(), seq=5)
    assert f.balances(ledger) == {"shopper:p01": 0, f"sales:{f.DEVICE}": -500, "psp:hub:clearing": 500}
    assert types(ledger) == [
        *("run.begun", "visit.opened", "cart.changed", "visit.closed", "charge.requested", "charge.settled")
    ]
    [receipt] = ledger.receipts(10)
    assert (receipt["charge_state"], receipt["sale_state"], receipt["total_minor"]) == ("ok", "settled", 500)
    assert [item["status"] for item in receipt["lines"]] == ["charged", "review"]


def test_the_charge_request_carries_the_same_id_as_the_charge(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1", f.line(), f.line("gum", status="review")), seq=2)
    body = json.loads(ledger.pending(2, 1, 10**6)[0].body)
    assert body["charge"] == ledger.receipts(1)[0]["charge"] == "c-V1"
    assert body["amount_minor"] == 250
    assert body["lines"] == [{"sku": "milk", "quantity": 1, "unit_minor": 250}]


def test_a_charge_in_kind_moves_no_money_and_keeps_its_lines(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1", f.line("milk", 3, None)), seq=2)
    f.tell(ledger, f.settled(), seq=3)
    [receipt] = ledger.receipts(1)
    assert (receipt["total_minor"], receipt["amount_minor"], receipt["charge_state"]) == (None, 0, "ok")
    assert receipt["lines"][0]["quantity"] == 3
    assert f.balances(ledger) == {}


def test_an_empty_cart_is_closed_without_sale_or_charge(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1"), seq=2)
    [receipt] = ledger.receipts(1)
    assert (receipt["outcome"], receipt["lines"], receipt["charge"], receipt["total_minor"]) == ("nothing", [], None, 0)


def test_a_review_line_is_never_charged(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1", f.line(status="review")), seq=2)
    assert f.balances(ledger) == {}
    assert ledger.receipts(1)[0]["sale_state"] == "review"


def test_a_declined_charge_stays_owed_by_the_shopper(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1", f.line()), seq=2)
    f.tell(ledger, f.settled(state="declined"), seq=3)
    assert f.balances(ledger)["shopper:p01"] == 250
    assert ledger.receipts(1)[0]["sale_state"] == "unpaid"


def test_unresolved_is_neither_paid_nor_failed_and_can_still_be_confirmed(ledger: Ledger) -> None:
    f.tell(ledger, f.opened())
    f.tell(ledger, f.closed("V1", f.line()), seq=2)
    first = f.tell(ledger, f.settled(state="unresolved", ref=""), seq=3)
    assert f.tell(ledger, f.settled(state="unresolved", ref="", charge="c-V1"), seq=4) == first
    assert ledger.receipts(1)[0]["charge_state"] == "unknown"
    f.tell(ledger, f.settled(), seq=5)
    f.tell(ledger, f.settled(state="unresolved", ref=""), seq=6)  # late: it changes nothing
    assert ledger.receipts(1)[0]["charge_state"] == "ok"


def test_somebody_unknown_owes_by_visit(ledger: Ledger) -> None:
    f.tell(ledger, f.opened(shopper=None))
    f.tell(ledger, f.closed("V1", f.line(), shopper=None), seq=2)
    assert f.balances(ledger)["shopper:V1"] == 250


def test_losses_go_to_shrink_and_come_back_from_it(ledger: Ledger) -> None:
    f.tell(ledger, f.lost("L1", 2), f.lost("L2", -1), f.lost("L3", 1, None))
    assert f.balances(ledger) == {"shrink": 250, f"stock:{f.DEVICE}": -250}
    assert ledger.counts()["losses"] == 3


def test_an_open_alarm_is_counted_and_a_cleared_one_can_come_again(ledger: Ledger) -> None:
    f.tell(ledger, f.raised(detail="one"), f.raised(detail="two"))
    assert ledger._db.execute("SELECT times, detail FROM alarm").fetchall() == [(2, "two")]
    f.tell(ledger, f.cleared(), seq=2)
    f.tell(ledger, f.raised(), seq=3)
    assert ledger.counts()["open_alarms"] == 1


def test_a_bar_in_a_name_cannot_shift_the_hashed_fields(ledger: Ledger) -> None:
    f.tell(ledger, f.raised(place="a|b"), f.opened("V|1"))
    f.tell(ledger, f.closed("V|1", f.line()), seq=2)
    assert [row.subject for row in ledger.pending(0, 2, 10**6)] == ["alarm/tailgate/a%7Cb", "visit/V%7C1"]


@pytest.mark.parametrize(
    "again", [f.begun(), f.opened(), f.changed(), f.closed("V1", f.line()), f.lost(), f.settled(), f.raised()]
)
def test_the_same_decision_told_twice_is_one_row(ledger: Ledger, again: c.Command) -> None:
    f.tell(ledger, f.opened(), f.closed("V1", f.line()), seq=1)
    first = f.tell(ledger, again, seq=2)
    before = (ledger.head(), ledger.counts(), f.balances(ledger))
    assert f.tell(ledger, again, seq=2) == first
    assert (ledger.head(), ledger.counts(), f.balances(ledger)) == before


def test_two_equal_changes_of_one_decision_are_two_rows(ledger: Ledger) -> None:
    assert len(f.tell(ledger, f.changed(), f.changed())) == 2


@pytest.mark.parametrize(
    "other",
    [
        f.opened(shopper="p02"),
        f.closed("V1", f.line(quantity=2)),
        f.closed("V1", f.line(), left_ns=1),
        f.lost(quantity=2),
        f.closed("V2", f.line(), charge="c-V1"),
    ],
)
def test_the_same_id_with_other_content_is_refused_and_nothing_is_written(ledger: Ledger, other: c.Command) -> None:
    f.tell(ledger, f.opened(), f.opened("V2"), f.closed("V1", f.line()), f.lost())
    before = (ledger.head(), f.balances(ledger), ledger.saved())
    with pytest.raises(FactRefused):
        f.tell(ledger, f.changed("V2"), other, seq=2, state=b"new")
    assert (ledger.head(), f.balances(ledger), ledger.saved()) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 1},
        {"total_minor": None},
        {"charge": None},
        {"currency": "EUR"},
        {"lines": (f.line(quantity=0),), "amount_minor": 0, "total_minor": 0},
        {"lines": (f.line(status="review"),), "amount_minor": 0, "total_minor": 0},
    ],
)
def test_a_bill_that_does_not_add_up_is_refused(ledger: Ledger, wrong: dict[str, object]) -> None:
    f.tell(ledger, f.opened())
    with pytest.raises(FactRefused):
        f.tell(ledger, f.closed("V1", f.line(), **wrong), seq=2)
    assert ledger.counts()["open_visits"] == 1


@pytest.mark.parametrize(
    "answer",
    [f.settled(state="declined"), f.settled(ref="ref-2"), f.settled("c-nobody"), f.settled("c-nobody", "declined")],
)
def test_an_answer_that_cannot_be_true_changes_nothing_and_raises_an_alarm(
    ledger: Ledger, answer: c.SettleCharge
) -> None:
    f.tell(ledger, f.opened(), f.closed("V1", f.line()))
    f.tell(ledger, f.settled(), seq=2)
    before = f.balances(ledger)
    f.tell(ledger, answer, seq=3)
    assert f.balances(ledger) == before
    assert ledger._db.execute("SELECT kind, place FROM alarm").fetchall() == [("charge-disputed", answer.charge)]


def test_a_visit_that_nobody_opened_can_be_closed(ledger: Ledger) -> None:
    f.tell(ledger, f.closed("V9", f.line()))
    assert ledger.counts()["closed_visits"] == 1


def test_orders_that_are_not_durable_leave_no_trace(ledger: Ledger) -> None:
    f.tell(ledger, c.ShowMessage(issued_ns=1, gate="front", message="welcome"))
    assert ledger.head()[0] == 0


def test_a_restart_finds_the_state_of_the_last_decision(tmp_path: Path) -> None:
    ledger = f.open_ledger(tmp_path)
    f.tell(ledger, f.opened(), seq=7, state=b"after 7")
    ledger.touch(lived_ns=90_000, seq=11)
    ledger.touch(lived_ns=80_000, seq=10)
    ledger.close()
    again = f.open_ledger(tmp_path)
    saved = again.saved()
    assert saved is not None
    assert (saved.run_id, saved.state, saved.state_seq, saved.seq, saved.lived_ns, saved.origin_wall_ns) == (
        *(f.RUN, b"after 7", 7, 11, 90_000, f.ORIGIN_NS),
    )
    again.begin(run_id="run-2", origin_wall_ns=5)
    fresh = again.saved()
    assert fresh is not None
    assert (fresh.run_id, fresh.state, fresh.seq, fresh.origin_wall_ns) == ("run-2", None, 0, 5)
    again.close()


def test_a_decision_before_a_run_is_refused(tmp_path: Path) -> None:
    from edge.ledger import load_or_create_key

    key = load_or_create_key(tmp_path / "k")
    ledger = Ledger.open(tmp_path / "l.db", key, device=f.DEVICE, currency=f.CURRENCY)
    assert ledger.saved() is None
    with pytest.raises(FactRefused, match="begin"):
        f.tell(ledger, f.opened())
    ledger.close()
