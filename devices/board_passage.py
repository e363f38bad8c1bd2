"""A gate behind one of our boards: what door and turnstile have in common.

`Reporter` turns the board's messages into events; `BoardPassage` is the live adapter over the serial link. Must
not: decide who may pass, read a clock (it is handed `now`), or raise for a board that is not there.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

from edge.core.commands import GrantPassage
from edge.core.errors import BadInput
from edge.core.events import DoorChanged, Event, GrantAnswered, HealthChanged, InputRejected, PassageCounted
from edge.core.ports import Check, Emit, Now
from firmware_bridge.errors import BridgeError, NotReady, PortUnusable, VersionMismatch
from firmware_bridge.link import BoardLink, LinkState, OutputPlan
from firmware_bridge.messages import Contact, Error, Input, Level, Message, Output, Result, Status, What

REJECT_EVERY_NS: Final = 1_000_000_000
LARGEST_JUMP: Final = 50  # more bodies than this between two reports is a broken counter, not a crowd
REMEMBERED_GRANTS: Final = 256

_LEVEL: Final[dict[Level, Literal["locked", "released"]]] = {Level.LOCKED: "locked", Level.RELEASED: "released"}
_CONTACT: Final[dict[Contact, Literal["open", "closed", "unknown"]]] = {
    Contact.OPEN: "open",
    Contact.CLOSED: "closed",
    Contact.NONE: "unknown",
}
_DIRECTION: Final[dict[What, Literal["in", "out"]]] = {What.PASSED_IN: "in", What.PASSED_OUT: "out"}
_LINK_HEALTH: Final[dict[LinkState, Literal["ok", "lost", "degraded"]]] = {
    LinkState.READY: "ok",
    LinkState.LOST: "lost",
    LinkState.MISMATCH: "degraded",
}


class Reporter:
    """Board messages -> events of one gate, on change only. What comes before `emit` is known waits for it."""

    def __init__(self, gate: str, now: Now) -> None:
        self.gate = gate
        self.refused = 0
        self._now = now
        self._emit: Emit | None = None
        self._waiting: list[Event] = []
        self._door: DoorChanged | None = None
        self._status: Status | None = None
        self._totals: dict[What, int] = {}
        self._rejected = 0
        self._reject_text = ""
        self._reject_after_ns: int | None = None

    def attach(self, emit: Emit) -> None:
        """From now on events go to `emit`."""
        self._emit = emit
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            emit(event)

    def link_changed(self, state: LinkState, detail: str) -> None:
        """The link to the board came or went."""
        if state is not LinkState.READY:
            self._door_is(entry="unknown", egress="unknown", contact="unknown", safe=False)
        self.say(
            HealthChanged(
                captured_ns=self._now(), source=self.gate, device=self.gate, state=_LINK_HEALTH[state], detail=detail
            )
        )

    def message_came(self, message: Message) -> None:
        """One message that the board sent by itself."""
        if isinstance(message, Status):
            self._status_came(message)
        elif isinstance(message, Input):
            self._input_came(message)
        elif isinstance(message, Error):
            self.bytes_dropped(f"the board could not use what it got ({message.fault.name.lower()})", 0)
        self._report_drops()

    def bytes_dropped(self, reason: str, size: int) -> None:
        """The line gave something that is not ours."""
        self._rejected += size
        self._reject_text = reason
        self._report_drops()

    def answered(self, request: str, ok: bool, reason: str = "") -> GrantAnswered:
        """Report the end of a grant; returns the event so that it can be said again."""
        event = GrantAnswered(
            captured_ns=self._now(), source=self.gate, gate=self.gate, request=request, ok=ok, reason=reason
        )
        self.say(event)
        return event

    def say(self, event: Event) -> None:
        """Hand an event on."""
        if self._emit is None:
            self._waiting.append(event)
        else:
            self._emit(event)

    def _status_came(self, status: Status) -> None:
        self._door_is(
            entry=_LEVEL[status.entry],
            egress=_LEVEL[status.egress],
            contact=_CONTACT[status.contact],
            safe=bool(status.safe),
        )
        self._count_to(What.PASSED_IN, status.passed_in)
        self._count_to(What.PASSED_OUT, status.passed_out)
        self.refused = status.refused

    def _input_came(self, event: Input) -> None:
        if event.what in _DIRECTION:
            self._count_to(event.what, event.value)
        elif event.what is What.REFUSED:
            self.refused = event.value
        elif event.what is What.CONTACT and self._door is not None and event.value in (Contact.OPEN, Contact.CLOSED):
            last = self._door
            self._door_is(entry=last.entry, egress=last.egress, contact=_CONTACT[Contact(event.value)], safe=last.safe)

    def _door_is(
        self,
        *,
        entry: Literal["locked", "released", "unknown"],
        egress: Literal["locked", "released", "unknown"],
        contact: Literal["open", "closed", "unknown"],
        safe: bool,
    ) -> None:
        last = self._door
        if last is not None and (last.entry, last.egress, last.contact, last.safe) == (entry, egress, contact, safe):
            return
        if last is None and entry == "unknown":
            return  # nothing was known before either
        self._door = DoorChanged(
            captured_ns=self._now(),
            source=self.gate,
            door=self.gate,
            entry=entry,
            egress=egress,
            contact=contact,
            safe=safe,
        )
        self.say(self._door)

    def _count_to(self, what: What, total: int) -> None:
        last = self._totals.get(what)
        self._totals[what] = total
        if last is None or total == last:
            return
        first = last + 1 if total > last else 1  # a smaller total: the board started anew
        if total - first >= LARGEST_JUMP:
            self.bytes_dropped(f"the counter {what.name.lower()} jumped from {last} to {total}", 0)
            return
        for number in range(first, total + 1):
            self.say(
                PassageCounted(
                    captured_ns=self._now(), source=self.gate, gate=self.gate, direction=_DIRECTION[what], total=number
                )
            )

    def _report_drops(self) -> None:
        if not self._reject_text or (self._reject_after_ns is not None and self._now() < self._reject_after_ns):
            return
        self._reject_after_ns = self._now() + REJECT_EVERY_NS
        detail = f"{self._rejected} bytes dropped, last reason: {self._reject_text}; check cable, earth and `port`"
        self._rejected, self._reject_text = 0, ""
        self.say(InputRejected(captured_ns=self._now(), source=self.gate, device=self.gate, detail=detail))


class GrantLog:
    """Requests seen lately and their answers, so that none is carried out twice."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._seen: OrderedDict[str, GrantAnswered | None] = OrderedDict()

    def begin(self, request: str) -> bool:
        """True when the request is new. A known one gets its answer again, if it has one yet."""
        if request in self._seen:
            known = self._seen[request]
            if known is not None:
                self._reporter.say(known)
            return False
        self._seen[request] = None
        while len(self._seen) > REMEMBERED_GRANTS:
            self._seen.popitem(last=False)
        return True

    def end(self, request: str, ok: bool, reason: str) -> None:
        """The request is decided; says so."""
        self._seen[request] = self._reporter.answered(request, ok, reason)


def grant_output(direction: Literal["in", "out"]) -> Output:
    """Entry and egress are separate outputs; a direction never uses the other's."""
    return Output.ENTRY if direction == "in" else Output.EGRESS


def plans(entry_safe: Literal["locked", "released"]) -> tuple[OutputPlan, OutputPlan]:
    """At rest entry is locked and egress released; a silent box changes nothing for who wants to leave."""
    safe = Level.RELEASED if entry_safe == "released" else Level.LOCKED
    return (
        OutputPlan(Output.ENTRY, Level.LOCKED, safe),
        OutputPlan(Output.EGRESS, Level.RELEASED, Level.RELEASED),
    )


class BoardPassage:
    """A live gate (satisfies `edge.core.ports.Passage`). `port` None is refused with BadInput."""

    def __init__(
        self,
        gate: str,
        now: Now,
        port: str | None,
        *,
        baud: int,
        entry_safe: Literal["locked", "released"],
        grant_ms: int,
        table: str,
        board: str | None = None,
    ) -> None:
        if not port:
            raise BadInput(f"{table}[{gate}].port", "is missing; give the board's port, e.g. /dev/serial/by-id/...")
        self.name = gate
        self._grant_ms = grant_ms
        self._reporter = Reporter(gate, now)
        self._link = BoardLink(port, baud, plans(entry_safe), self._reporter, bytes.fromhex(board) if board else None)
        self._running = False
        self._grants = GrantLog(self._reporter)

    async def run(self, emit: Emit) -> None:
        """Keep the board in session and report what it says, until cancelled."""
        self._reporter.attach(emit)
        self._running = True
        try:
            await self._link.run()
        finally:
            self._running = False

    async def grant(self, command: GrantPassage) -> None:
        """Let one person through, at most once per request; the answer comes as GrantAnswered.

        A request that was made before gets the same answer again and nothing moves.
        """
        if self._grants.begin(command.request):
            ok, reason = await self._carry_out(command)
            self._grants.end(command.request, ok, reason)

    async def _carry_out(self, command: GrantPassage) -> tuple[bool, str]:
        try:
            result = await self._link.pulse(grant_output(command.direction), self._grant_ms)
        except NotReady as error:
            return False, f"lost: {error}"
        except BridgeError as error:
            return False, f"no-answer: {error}"
        return result is Result.OK, "" if result is Result.OK else f"refused: {result.name.lower()}"

    async def self_check(self) -> Check:
        """Ask the board who it is; beside a running session, say how that stands."""
        if self._running:
            return self._session_check()
        try:
            welcome = await self._link.ask_once()
        except PortUnusable as error:
            state: Literal["absent", "failed"] = "absent" if error.absent else "failed"
            return self._check(state, str(error))
        except VersionMismatch as error:
            return self._check("failed", str(error))
        except BridgeError as error:
            return self._check("failed", str(error))
        return self._check(
            "ok",
            f"{self._link.path}: board {welcome.board_id.hex()} build {welcome.build}, protocol "
            f"{welcome.major}.{welcome.minor}, started by {welcome.boot_reason.name.lower()}",
        )

    def _session_check(self) -> Check:
        if self._link.state is LinkState.READY:
            refused = f", {self._reporter.refused} refused at the gate" if self._reporter.refused else ""
            return self._check("ok", f"{self._link.detail} on {self._link.path}{refused}")
        return self._check("failed", self._link.detail or f"{self._link.path}: no session yet; ask again")

    def _check(self, state: Literal["ok", "absent", "failed"], text: str) -> Check:
        detail, _, cure = text.partition("; ")
        return Check(device=self.name, state=state, detail=detail, cure=cure)
