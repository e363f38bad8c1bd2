"""What the core makes of a recognised face: the liveness rule, the evidence on the visit, and the other way in."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core import commands, events
from edge.core.events import FaceLook
from tests.unit.core_shop import Feeder, S


def shop(liveness: str) -> Feeder:
    return Feeder(**{"faces.liveness": liveness, "faces.min_liveness": 0.5})


def face(feeder: Feeder, at_s: float, liveness_ppm: int | None, **more: Any) -> None:
    look = FaceLook(width_px=90, limit_ppm=780_000, gallery=60, liveness_ppm=liveness_ppm)
    feeder.feed(
        events.CredentialShown(
            captured_ns=round(at_s * S), source="gatecam", gate="gate", method="face", shopper="anna",
            score_ppm=900_000, look=look, **more,
        )
    )  # fmt: skip
    feeder.tick(round((at_s + 1) * S))


def told(feeder: Feeder) -> list[str]:
    return [order.message for order in feeder.orders if isinstance(order, commands.ShowMessage)]


def alarms(feeder: Feeder) -> list[str]:
    return [order.detail for order in feeder.orders if isinstance(order, commands.RaiseAlarm)]


@pytest.mark.parametrize(
    ("policy", "liveness_ppm", "message", "alarm"),
    [
        ("note", 900_000, "welcome", None),
        ("note", 100_000, "welcome", "liveness 100000 of 500000 ppm; noted"),
        ("note", None, "welcome", None),
        ("refuse", 900_000, "welcome", None),
        ("refuse", 500_000, "welcome", None),
        ("refuse", 499_999, "refused-not-live", "liveness 499999 of 500000 ppm; refused"),
        ("refuse", None, "refused-not-live", None),
        ("off", 0, "welcome", None),
    ],
)
def test_liveness_by_policy(policy: str, liveness_ppm: int | None, message: str, alarm: str | None) -> None:
    feeder = shop(policy)
    face(feeder, 1, liveness_ppm)
    assert told(feeder) == [message]
    assert alarms(feeder) == ([alarm] if alarm else [])
    opened = [order for order in feeder.orders if isinstance(order, commands.OpenVisit)]
    granted = [order for order in feeder.orders if isinstance(order, commands.GrantPassage)]
    assert len(opened) == len(granted) == (message == "welcome")


def test_who_is_refused_by_the_face_comes_in_by_the_code() -> None:
    feeder = shop("refuse")
    face(feeder, 1, 0)
    feeder.shows(2, "anna")
    feeder.tick(3 * S)
    assert told(feeder) == ["refused-not-live", "welcome"]


def test_a_low_liveness_floods_nobody() -> None:
    feeder = shop("refuse")
    for second in range(1, 50, 8):
        face(feeder, second, 0)
    assert len(alarms(feeder)) == 1
    assert len(told(feeder)) == 7


def test_the_visit_keeps_what_the_face_rested_on() -> None:
    feeder = shop("note")
    face(feeder, 1, 640_000)
    (opened,) = [order for order in feeder.orders if isinstance(order, commands.OpenVisit)]
    (evidence,) = opened.evidence
    assert (evidence.sensor, evidence.rule, evidence.margin, evidence.at_ns) == ("gatecam", "face", 120_000, S)
    assert "limit 780000 among 60; liveness 640000 ppm; 90 px wide" in evidence.detail


def test_a_code_brings_no_evidence_of_a_face() -> None:
    feeder = shop("refuse")
    feeder.shows(1, "anna")
    feeder.tick(2 * S)
    (opened,) = [order for order in feeder.orders if isinstance(order, commands.OpenVisit)]
    assert opened.evidence == ()


def test_a_claim_opens_nothing() -> None:
    feeder = shop("note")
    feeder.feed(
        events.ClaimMade(captured_ns=S, source="gatecam", gate="gate", by="digits", candidates=1, until_ns=21 * S)
    )
    feeder.tick(3 * S)
    assert told(feeder) == ["look-here"]
    assert not [order for order in feeder.orders if isinstance(order, commands.OpenVisit | commands.GrantPassage)]
