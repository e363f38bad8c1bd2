"""Alarms: raised once, cleared when the cause is gone, never flooding. Must not: hold anybody or stop a visit."""

from __future__ import annotations

import msgspec

from edge.core.commands import ClearAlarm, Command, RaiseAlarm
from edge.core.events import HealthChanged, InputRejected

REPEAT_NS = 60_000_000_000
PICTURE = "camera-"
LEARNED = "view"
PICTURE_ALARMS = tuple(PICTURE + cause for cause in ("dark", "covered", "frozen", "moved", "blurred", "sprayed"))


class Alarms(msgspec.Struct, kw_only=True):
    """Standing alarms and when passing ones were last raised; part of the durable state."""

    standing: dict[str, str] = {}
    passing: dict[str, int] = {}

    def stand(self, alarm: str, place: str, detail: str, at_ns: int) -> list[Command]:
        """Raise an alarm that stays until its cause is gone."""
        key = f"{alarm}|{place}"
        if key in self.standing:
            return []
        self.standing[key] = detail
        return [RaiseAlarm(issued_ns=at_ns, alarm=alarm, place=place, detail=detail)]

    def end(self, alarm: str, place: str, at_ns: int) -> list[Command]:
        """The cause is gone."""
        if self.standing.pop(f"{alarm}|{place}", None) is None:
            return []
        return [ClearAlarm(issued_ns=at_ns, alarm=alarm, place=place)]

    def mention(self, alarm: str, place: str, detail: str, at_ns: int) -> list[Command]:
        """Raise an alarm about a moment; the same one again only after a minute."""
        key = f"{alarm}|{place}"
        last = self.passing.get(key)
        if last is not None and at_ns - last < REPEAT_NS:
            return []
        self.passing[key] = at_ns
        return [RaiseAlarm(issued_ns=at_ns, alarm=alarm, place=place, detail=detail)]

    def on_health(self, event: HealthChanged) -> list[Command]:
        """A device's state: "ok" ends what "lost", "stale" and "degraded" began.

        What the pictures of a camera say (`cause`) begins and ends by itself; a view that was just learned ends all.
        """
        if event.cause:
            return self._on_picture(event)
        out: list[Command] = []
        for state in ("lost", "stale", "degraded"):
            if state != event.state:
                out += self.end(f"device-{state}", event.device, event.captured_ns)
        if event.state != "ok":
            out += self.stand(f"device-{event.state}", event.device, event.detail, event.captured_ns)
        return out

    def blind(self, camera: str) -> bool:
        """Whether a camera's pictures cannot be trusted now."""
        return any(f"{alarm}|{camera}" in self.standing for alarm in PICTURE_ALARMS)

    def _on_picture(self, event: HealthChanged) -> list[Command]:
        alarm, at_ns = PICTURE + event.cause, event.captured_ns
        if event.state != "ok":
            return self.stand(alarm, event.device, event.detail, at_ns)
        ended = PICTURE_ALARMS if event.cause == LEARNED else (alarm,)
        return [order for name in ended for order in self.end(name, event.device, at_ns)]

    def on_rejected(self, event: InputRejected) -> list[Command]:
        """Bytes or a payload that were not ours."""
        return self.mention("bad-input", event.device, event.detail, event.captured_ns)
