"""Random days in a shop against a plain model: money is conserved, nothing is told twice, nothing is lost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from edge.core import commands as c
from edge.ledger import FactRefused, ForkFound
from tests.unit import ledger_facts as f

LINES = st.lists(
    st.builds(
        f.line,
        st.sampled_from(["milk", "gum", "071142008582"]),
        st.integers(1, 5),
        st.none() | st.integers(0, 10**7),
        st.sampled_from(["charged", "review"]),
    ),
    max_size=4,
)
STATES = st.sampled_from(["confirmed", "declined", "unresolved"])
SHOPPERS = st.sampled_from(["p01", "p02", None])
State = Literal["confirmed", "declined", "unresolved"]


class Shop(RuleBasedStateMachine):
    """Visits come and go, answers come in any order, often twice; the process restarts at any time."""

    visits = Bundle("visits")
    closings = Bundle("closings")
    charges = Bundle("charges")

    @initialize()
    def open_shop(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = f.open_ledger(self.folder)
        self.seq = self.visit_count = self.told = 0
        self.owed: dict[str, int] = {}  # by party, what was billed less what was paid
        self.billed = self.paid = self.shrink = 0
        self.final: dict[str, str] = {}
        self.amounts: dict[str, tuple[str, int]] = {}
        self.acked = 0

    def tell(self, *commands: c.Command) -> int:
        """Commit as a decision of its own; how many event rows are new."""
        self.seq += 1
        before = self.ledger.head()[0]
        f.tell(self.ledger, *commands, seq=self.seq, state=b"%d" % self.seq)
        return self.ledger.head()[0] - before

    @rule(target=visits, shopper=SHOPPERS)
    def enter(self, shopper: str | None) -> tuple[str, str | None]:
        self.visit_count += 1
        visit = (f"V{self.visit_count}", shopper)
        assert self.tell(f.opened(*visit)) == 1
        return visit

    @rule(visit=visits, quantity=st.sampled_from([-1, 1, 2]))
    def take_or_put(self, visit: tuple[str, str | None], quantity: int) -> None:
        assert self.tell(f.changed(visit[0], quantity=quantity)) == 1

    @rule(target=closings, visit=consumes(visits), lines=LINES)
    def leave(self, visit: tuple[str, str | None], lines: list[c.Line]) -> c.CloseVisit:
        closing = f.closed(visit[0], *lines, shopper=visit[1])
        assert self.tell(closing) == (2 if closing.charge else 1)
        party = visit[1] or visit[0]
        self.owed[party] = self.owed.get(party, 0) + closing.amount_minor
        self.billed += closing.amount_minor
        if closing.charge:
            self.amounts[closing.charge] = (party, closing.amount_minor)
        return closing

    @rule(closing=closings)
    def leave_again(self, closing: c.CloseVisit) -> None:
        assert self.tell(closing) == 0

    @rule(closing=closings)
    def leave_differently(self, closing: c.CloseVisit) -> None:
        other = f.closed(closing.visit, f.line("other", 7, 13), shopper="p09")
        with pytest.raises(FactRefused):
            self.tell(f.changed("any"), other)

    @rule(target=charges, closing=closings)
    def look_at_charge(self, closing: c.CloseVisit) -> object:
        return closing.charge if closing.charge else multiple()

    @rule(charge=charges, state=STATES)
    def answer(self, charge: str, state: State) -> None:
        known = self.final.get(charge)
        new = self.tell(f.settled(charge, state))
        if known in (None, "unresolved") and state != known:
            assert new == 1
            self.final[charge] = state
            party, amount = self.amounts[charge]
            if state == "confirmed":
                self.owed[party] -= amount
                self.paid += amount
        elif state in (known, "unresolved"):
            assert new == 0

    @rule(quantity=st.integers(-3, 3), price=st.none() | st.integers(0, 1000))
    def lose(self, quantity: int, price: int | None) -> None:
        self.told += 1
        assert self.tell(f.lost(f"L{self.told}", quantity, price)) == 1
        self.shrink += quantity * (price or 0)

    @rule(part=st.floats(0, 1))
    def receipt(self, part: float) -> None:
        rows = self.ledger.pending(self.acked, 10_000, 10**9)
        if rows:
            row = rows[int(part * (len(rows) - 1))]
            with pytest.raises(ForkFound):
                self.ledger.acknowledge(row.seq, bytes(32))
            self.ledger.acknowledge(row.seq, row.hash)
            self.acked = row.seq

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self.ledger = f.open_ledger(self.folder)
        saved = self.ledger.saved()
        assert saved is not None
        assert saved.seq <= self.seq

    @invariant()
    def money_is_conserved(self) -> None:
        found = f.balances(self.ledger)
        assert sum(found.values()) == 0
        assert {party: found.get(f"shopper:{party}", 0) for party in self.owed} == self.owed
        assert found.get(f"sales:{f.DEVICE}", 0) == -self.billed
        assert found.get("psp:hub:clearing", 0) == self.paid
        assert found.get("shrink", 0) == self.shrink

    @invariant()
    def the_outbox_is_what_was_not_receipted(self) -> None:
        head = self.ledger.head()[0]
        rows = self.ledger.pending(0, 10_000, 10**9)
        assert [row.seq for row in rows] == list(range(self.acked + 1, head + 1))

    def teardown(self) -> None:
        assert self.ledger.verify() == []
        self.ledger.close()
        shutil.rmtree(self.folder)


Shop.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestShop = Shop.TestCase
