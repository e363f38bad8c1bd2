"""From a fact to the projections: visit, cart, sale, charge, transfers, loss, alarm.

The same code books live and makes the projections again for `verify`, so it may use nothing but the command, its
event numbers and the tables. Must not: write events, or know the time.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlite_utils import Database

from edge.core import commands as c
from edge.ledger.facts import PROVIDER, Durable

SHRINK: Final = "shrink"
STATES: Final = {"confirmed": "ok", "declined": "declined", "unresolved": "unknown"}
FINAL: Final = ("ok", "declined")
DISPUTED: Final = "charge-disputed"
SALES: Final = {"ok": "settled", "declined": "unpaid", "unknown": "owed"}
INSERT_TRANSFER: Final = (
    "INSERT INTO transfer(id, event_seq, kind, debit, credit, amount, cur, sale, code) VALUES(?,?,'posted',?,?,?,?,?,?)"
)


class Books:
    """Books commands into the projections of one database, for one shop and one currency."""

    def __init__(self, database: Database, store: str, currency: str) -> None:
        self._db = database
        self._store = store
        self._currency = currency

    def book(self, command: Durable, seq: int, request: tuple[int, str] | None) -> None:
        """Book one command whose event is `seq`; `request` is (seq, body) of the charge request it made."""
        match command:
            case c.OpenVisit():
                self._open(command, seq)
            case c.ChangeCart():
                self._cart(command, seq)
            case c.CloseVisit():
                self._close(command, seq, request)
            case c.SettleCharge():
                self._settle(command, seq)
            case c.BookLoss():
                self._loss(command, seq)
            case c.RaiseAlarm():
                self._raise(command, seq)
            case c.ClearAlarm():
                where = "kind = ? AND place = ? AND cleared_seq IS NULL"
                self._do(f"UPDATE alarm SET cleared_seq = ? WHERE {where}", seq, command.alarm, command.place)
            case c.BeginRun():
                pass  # the event row says it all

    def _open(self, command: c.OpenVisit, seq: int) -> None:
        self._do(
            "INSERT INTO visit(id, state, shopper, method, gate, opened_seq, entered_ns) VALUES(?,'open',?,?,?,?,?)",
            *(command.visit, command.shopper, command.method, command.gate, seq, command.issued_ns),
        )

    def _cart(self, command: c.ChangeCart, seq: int) -> None:
        self._do(
            "INSERT INTO cart(event_seq, visit, sku, quantity, confidence_ppm, status) VALUES(?,?,?,?,?,?)",
            *(seq, command.visit, command.sku, command.quantity, command.confidence_ppm, command.status),
        )

    def _close(self, command: c.CloseVisit, seq: int, request: tuple[int, str] | None) -> None:
        self._close_visit(command, seq)
        if command.lines:
            self._sale(command, seq)
        if request is not None:
            self._charge(command, *request)

    def _close_visit(self, command: c.CloseVisit, seq: int) -> None:
        """A visit that was never opened (a shop that learns of it at the end) is written closed at once."""
        self._do(
            "INSERT INTO visit(id, state, shopper, method, gate, entered_ns) SELECT ?,'open',?,'','',? "
            "WHERE NOT EXISTS(SELECT 1 FROM visit WHERE id = ?)",
            *(command.visit, command.shopper, command.entered_ns, command.visit),
        )
        self._do(
            "UPDATE visit SET state = 'closed', shopper = coalesce(?, shopper), closed_seq = ?, entered_ns = ?, "
            "left_ns = ?, outcome = ?, charge = ? WHERE id = ?",
            *(command.shopper, seq, command.entered_ns, command.left_ns, command.outcome),
            *(command.charge, command.visit),
        )

    def _sale(self, command: c.CloseVisit, seq: int) -> None:
        amount, sale = command.amount_minor, command.visit
        party = command.shopper or command.visit
        changes = self._one("SELECT count(*) FROM cart WHERE visit = ?", command.visit)
        self._do(
            "INSERT INTO sale(id, event_seq, visit, shopper, amount, priced, cur, cart_rev, state) "
            "VALUES(?,?,?,?,?,?,?,?,?)",
            *(sale, seq, command.visit, party, amount, int(command.total_minor is not None), self._currency, changes),
            _sale_state(command),
        )
        for n, line in enumerate(command.lines, start=1):
            self._do(
                "INSERT INTO sale_line(sale, n, sku, quantity, unit_minor, confidence_ppm, status, price_version) "
                "VALUES(?,?,?,?,?,?,?,?)",
                *(sale, n, line.sku, line.quantity, line.unit_minor, line.confidence_ppm, line.status),
                line.price_version,
            )
        self._move(f"sale/{sale}", seq, f"shopper:{party}", f"sales:{self._store}", amount, sale, "sale")

    def _charge(self, command: c.CloseVisit, seq: int, body: str) -> None:
        self._do(
            "INSERT INTO charge(id, event_seq, sale, kind, n, provider, idem, request_sha, amount, state) "
            "VALUES(?,?,?,'charge',1,?,?,?,?,'ready')",
            *(command.charge, seq, command.visit, PROVIDER, command.charge),
            *(hashlib.sha256(body.encode()).digest(), command.amount_minor),
        )

    def _settle(self, command: c.SettleCharge, seq: int) -> None:
        state = STATES[command.state]
        self._do(
            "UPDATE charge SET state = ?, provider_ref = nullif(?, ''), reason = ? WHERE id = ?",
            *(state, command.provider_ref, command.reason, command.charge),
        )
        wanted = "sale.id, shopper, charge.amount, provider"
        sql = f"SELECT {wanted} FROM charge JOIN sale ON sale.id = charge.sale WHERE charge.id = ?"
        sale, party, amount, provider = self._db.execute(sql, [command.charge]).fetchone()
        self._do("UPDATE sale SET state = ? WHERE id = ?", SALES[state], sale)
        if state == "ok":
            id = f"charge/{command.charge}"
            self._move(id, seq, f"psp:{provider}:clearing", f"shopper:{party}", amount, sale, "charge")

    def _loss(self, command: c.BookLoss, seq: int) -> None:
        self._do(
            "INSERT INTO loss(id, event_seq, sku, quantity, unit_minor, reason) VALUES(?,?,?,?,?,?)",
            *(command.loss, seq, command.sku, command.quantity, command.unit_minor, command.reason),
        )
        amount = command.quantity * (command.unit_minor or 0)
        accounts = (SHRINK, f"stock:{self._store}")
        debit, credit = accounts if amount >= 0 else accounts[::-1]  # goods that turned up again reverse a loss
        self._move(f"loss/{command.loss}", seq, debit, credit, abs(amount), None, "loss")

    def _raise(self, command: c.RaiseAlarm, seq: int) -> None:
        """An alarm that is already open is counted, not opened twice."""
        self._do(
            "INSERT INTO alarm(raised_seq, kind, place, detail, raised_ns) VALUES(?,?,?,?,?) "
            "ON CONFLICT(kind, place) WHERE cleared_seq IS NULL "
            "DO UPDATE SET times = times + 1, detail = excluded.detail",
            *(seq, command.alarm, command.place, command.detail, command.issued_ns),
        )

    def _move(self, id: str, seq: int, debit: str, credit: str, amount: int, sale: str | None, code: str) -> None:
        """One posted transfer; nothing moves for an amount of 0 (goods charged in kind)."""
        if amount:
            accounts = (self._account(debit), self._account(credit))
            self._do(INSERT_TRANSFER, id, seq, *accounts, amount, self._currency, sale, code)

    def _account(self, code: str) -> int:
        self._do("INSERT INTO account(code, cur) VALUES(?,?) ON CONFLICT(code) DO NOTHING", code, self._currency)
        return int(self._one("SELECT id FROM account WHERE code = ?", code))

    def _do(self, sql: str, *values: Any) -> None:
        self._db.execute(sql, values)

    def _one(self, sql: str, *values: Any) -> Any:
        return self._db.execute(sql, values).fetchone()[0]


def judge(database: Database, command: c.SettleCharge) -> tuple[bool, str]:
    """(is this answer news, what is wrong with it). No news = told before, too late to matter, or wrong."""
    row = database.execute("SELECT state, provider_ref FROM charge WHERE id = ?", [command.charge]).fetchone()
    if row is None:
        return False, "the books know no such charge"
    state, ref = row
    if state not in FINAL:
        return not (state == "unknown" and command.state == "unresolved"), ""
    if command.state == "unresolved":
        return False, ""
    if STATES[command.state] != state:
        return False, f"the books say {state} {ref or ''}".rstrip()
    if ref and command.provider_ref and ref != command.provider_ref:
        return False, f"the books know it as {ref}"
    return False, ""


def disputed(command: c.SettleCharge, wrong: str) -> c.RaiseAlarm:
    """What is booked instead of an answer that cannot be true. It comes from outside, so it stops nothing."""
    said = " ".join(word for word in (command.state, command.provider_ref, command.reason) if word)
    detail = f"the hub answered {said}, but {wrong}; nothing was changed"
    return c.RaiseAlarm(issued_ns=command.issued_ns, alarm=DISPUTED, place=command.charge, detail=detail)


def _sale_state(command: c.CloseVisit) -> str:
    if command.charge is not None:
        return "owed"
    if command.amount_minor or command.outcome == "unpaid":
        return "unpaid"
    return "review" if any(line.status == "review" for line in command.lines) else "settled"
