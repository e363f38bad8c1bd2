"""The gate camera on drawn pictures: codes, repeats, quiet scenes, and what is said when faces cannot work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge import config
from edge.core.errors import BadInput
from edge.core.events import CredentialShown, Event, HealthChanged
from vision import codes
from vision.face_records import Consent
from vision.gallery import Gallery
from vision.gate import GateWatch, gate_of

MS = 1_000_000
WALL_NS = 1_780_272_000_000_000_000  # 2026-06-01
SHOP = config.parse(
    """
    [store]
    id = "drawn"
    currency = "KRW"
    [[camera]]
    id = "cam"
    role = "gate"
    [[camera]]
    id = "lone"
    role = "gate"
    [[door]]
    id = "door1"
    cameras = ["cam"]
    """
)
NO_WEIGHTS = BadInput("faces.engine", "no weights; add them")


def empty() -> np.ndarray:
    return np.random.default_rng(5).integers(80, 100, (480, 640, 3)).astype(np.uint8)


def holding(text: str, at: tuple[int, int] = (60, 90)) -> np.ndarray:
    picture, code = empty(), codes.picture_of(text)
    picture[at[0] : at[0] + code.shape[0], at[1] : at[1] + code.shape[1]] = code
    return picture


def watch(gallery: Gallery | None, problem: BadInput | None = None) -> GateWatch:
    return GateWatch("door1", "cam", SHOP.faces, None, gallery, WALL_NS, problem)


def show(sense: GateWatch, *scenes: tuple[np.ndarray, float], rate_hz: int = 10) -> list[Event]:
    """Scenes one after another, each for some seconds."""
    events: list[Event] = []
    number = 0
    for picture, seconds in scenes:
        for _ in range(round(seconds * rate_hz)):
            events += sense.see(picture, number * 1000 * MS // rate_hz)
            number += 1
    return events + sense.flush()


def shown(events: list[Event]) -> list[tuple[str | None, str, str]]:
    return [(event.shopper, event.method, event.reason) for event in events if isinstance(event, CredentialShown)]


@pytest.fixture
def store(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


def test_a_code_held_up_is_reported_once(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", None))
    events = show(watch(store), (empty(), 1), (holding(text), 4), (empty(), 1))
    assert shown(events) == [("anna", "qr", "")]
    (event,) = events
    assert isinstance(event, CredentialShown)
    assert (event.gate, event.source, event.score_ppm) == ("door1", "cam", 1_000_000)
    assert 1000 * MS <= event.captured_ns <= 1300 * MS


def test_it_is_reported_again_after_the_pause(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", None))
    events = show(watch(store), (holding(text), 9), (empty(), 1), (holding(text), 1))
    assert [event.captured_ns // (1000 * MS) for event in events] == [0, 8]


@pytest.mark.parametrize("text", ["muin:AAAAAAAAAAAAAAAAAAAAAAAA", "https://example.org", "muin:", "한글"])
def test_a_code_that_is_not_ours_is_bad_and_said_rarely(store: Gallery, text: str) -> None:
    store.issue_code("anna", None)
    assert shown(show(watch(store), (empty(), 0.5), (holding(text), 5))) == [(None, "qr", "bad-code")]


def test_an_expired_code(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", "2026-05-31"))
    assert shown(show(watch(store), (holding(text), 1))) == [(None, "qr", "expired")]


def test_where_nobody_says_the_day_a_dated_code_is_expired(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", "2026-12-31"))
    sense = GateWatch("door1", "cam", SHOP.faces, None, store)
    assert shown(show(sense, (holding(text), 1))) == [(None, "qr", "expired")]


def test_a_good_code_beside_a_bad_one_counts(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", None))
    both = np.hstack([holding(text), holding("something else")])
    assert shown(show(watch(store), (both, 1))) == [("anna", "qr", "")]


def test_a_forgotten_shopper_is_nobody_in_a_running_gate(store: Gallery, tmp_path: Path) -> None:
    text = codes.payload(store.issue_code("anna", None))
    sense = watch(Gallery(tmp_path))
    store.forget("anna")
    assert shown(show(sense, (holding(text), 1))) == [(None, "qr", "bad-code")]


def test_without_faces_the_code_still_opens_and_the_reason_is_told_once(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", None))
    events = show(watch(store, NO_WEIGHTS), (empty(), 1), (holding(text), 3))
    health, credential = events
    assert isinstance(health, HealthChanged)
    assert (health.state, health.device) == ("degraded", "cam:identity")
    assert "no weights" in health.detail
    assert shown([credential]) == [("anna", "qr", "")]


def test_a_damaged_face_record_is_told_and_told_well_again(store: Gallery, tmp_path: Path) -> None:
    agreed = Consent(text_version="1", given_at="2026-05-01", retain_until="2026-12-31")
    store.enrol("anna", [("k", np.ones(128, np.float32))], agreed)
    (record,) = (tmp_path / "faces/records").iterdir()
    record.write_bytes(b"")
    sense = watch(Gallery(tmp_path))
    (bad,) = show(sense, (empty(), 1))
    record.unlink()
    store.forget("anna")
    (good,) = sense.see(holding("x"), 5_000 * MS)[:1]
    assert isinstance(bad, HealthChanged)
    assert isinstance(good, HealthChanged)
    assert (bad.state, good.state) == ("degraded", "ok")


def test_a_still_scene_is_not_searched(store: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr("vision.codes.read", lambda picture: looked.append(1) or [])
    show(watch(store), (empty(), 20))
    asleep = len(looked)
    assert asleep <= 13, "awake for 3 s from the first picture, four looks a second"
    show(watch(store), (empty(), 5), (holding("x"), 0.2), (empty(), 1))
    assert len(looked) > 2 * asleep


def test_same_pictures_same_events(store: Gallery) -> None:
    text = codes.payload(store.issue_code("anna", None))
    scenes = ((empty(), 1), (holding(text), 2), (holding("bad"), 2), (empty(), 1))
    assert show(watch(store), *scenes) == show(watch(store), *scenes)


def test_gate_is_the_door_that_lists_the_camera() -> None:
    assert gate_of(SHOP, "cam") == "door1"
    assert gate_of(SHOP, "lone") == "lone"


def test_codes_are_read_turned_small_and_dark(store: Gallery) -> None:
    text = codes.payload(codes.new_token())
    turned = np.rot90(holding(text))
    dark = (holding(text) * 0.3).astype(np.uint8)
    small = holding(text)[::2, ::2]
    assert [codes.read(picture) for picture in (turned, dark, small, empty())] == [[text], [text], [text], []]


@pytest.mark.parametrize("name", ["code.png", "code.svg"])
def test_a_written_code_can_be_shown(tmp_path: Path, name: str) -> None:
    codes.write("muin:token", tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    with pytest.raises(BadInput):
        codes.write("muin:token", tmp_path / "code.gif")
