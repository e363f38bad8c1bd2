"""Bodies counted over a gate's line: from pictures to the alarm."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import ConfigError, parse
from edge.core.commands import RaiseAlarm
from edge.core.events import CredentialShown, Event, LineCrossed, PassageCounted, TracksSeen
from tests.unit.core_shop import SHOP, Feeder, S
from vision.bodies import Body
from vision.floor import FloorWatch
from vision.gate_bodies import GateBodies
from vision.lines import Line
from vision.planes import Picture

SHOP_OF_ONE = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "c"\nrole = "floor"\n'
LINE = '[[line]]\nid = "l"\ncamera = "c"\nfrom_px = [0, 0]\nto_px = [9, 9]\ninside = "left"\n'


def passed(at_s: float, direction: str = "in", source: str = "gatecam") -> PassageCounted:
    return PassageCounted(captured_ns=round(at_s * S), source=source, gate="gate", direction=direction, bodies=True)  # type: ignore[arg-type]


def alarms(shop: Feeder) -> list[str]:
    return [order.detail for order in shop.orders if isinstance(order, RaiseAlarm) and order.alarm == "tailgate"]


def played(*events: PassageCounted, credentials: tuple[tuple[float, str], ...] = ((1.0, "anna"),)) -> list[str]:
    shop = Feeder(SHOP)
    for at_s, shopper in credentials:
        shop.shows(at_s, shopper)
    for event in events:
        shop.feed(event)
    shop.tick(60 * S)
    return alarms(shop)


def test_two_bodies_on_one_credential_are_an_alarm() -> None:
    assert played(passed(3), passed(3.4)) == ["2 bodies came in, 1 were let in"]


def test_one_body_is_none_and_two_credentials_let_two_in() -> None:
    assert played(passed(3)) == []
    assert played(passed(3), passed(6), credentials=((1.0, "anna"), (4.0, "bert"))) == []


def test_the_same_credential_twice_lets_a_second_body_in() -> None:
    assert played(passed(3), passed(6), credentials=((1.0, "anna"), (4.0, "anna"))) == []


def test_who_goes_back_out_makes_room_again() -> None:
    assert played(passed(3), passed(4, "out"), passed(5)) == []


def test_two_cameras_that_count_the_same_body_do_not_add_up() -> None:
    assert played(passed(3), passed(3.1, source="other")) == []


def test_nobody_was_let_in_at_all() -> None:
    assert played(passed(3), credentials=()) == ["1 bodies came in, 0 were let in"]
    assert played(passed(40)) == ["1 bodies came in, 0 were let in"]


class Walkers:
    """Two people walk towards the camera, side by side; their feet are soon out of view."""

    problem = ""

    def __init__(self) -> None:
        self._step = 0

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        self._step += 1
        size = 100 + 8 * self._step
        return [Body((x - size / 5, 240 - size, x + size / 5, 240), 0.8) for x in (90, 230)]

    def describe(self) -> str:
        return "two who walk"


class Credentials:
    """A gate's first sense, that sees nobody it knows."""

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        return [CredentialShown(captured_ns=captured_ns, source="g", gate="g", method="qr", shopper=None)]

    def flush(self) -> list[Event]:
        return []


def test_a_gate_camera_counts_heads_over_its_line_and_tells_no_tracks() -> None:
    line = Line("in", (0, 90), (320, 90), "left", "head", "gate")
    sense = GateBodies(Credentials(), FloorWatch("gatecam", Walkers(), [line]))
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 255, (240, 320, 3), np.uint8) for _ in range(14)]
    events = [event for n, picture in enumerate(pictures) for event in sense.see(picture, n * 100_000_000)]
    counted = [event for event in events if isinstance(event, PassageCounted)]
    assert [(event.gate, event.direction, event.total) for event in counted] == [("gate", "in", 1), ("gate", "in", 2)]
    assert all(event.bodies for event in counted)
    assert len([event for event in events if isinstance(event, LineCrossed)]) == 2
    assert not [event for event in events if isinstance(event, TracksSeen)]
    assert len([event for event in events if isinstance(event, CredentialShown)]) == 14


def test_a_line_of_a_gate_that_is_none_is_refused() -> None:
    text = (
        '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "c"\nrole = "gate"\n[[line]]\nid = "l"\ncamera = "c"\n'
    )
    with pytest.raises(ConfigError, match=r"line\[0\].gate: 'x' is not a \[\[door\]\] or \[\[turnstile\]\]"):
        parse(text + 'from_px = [0, 0]\nto_px = [9, 9]\ninside = "left"\ngate = "x"\n')


def test_seen_from_above_the_middle_crosses() -> None:
    config = parse(f'{SHOP_OF_ONE}view = "overhead"\n{LINE}')
    assert [line.point for line in Line.of(config, "c")] == ["middle"]
