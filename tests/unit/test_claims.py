"""A face alone is compared with few people only; a claim chooses them. What is said of faces nobody can judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import config
from edge.core.errors import BadInput
from edge.core.events import ClaimMade, CredentialShown, Event
from tests.unit.drawn_faces import COLOURS, DrawnEngine, enrol, standing
from vision import codes
from vision.claims import CLAIMS_A_MINUTE, MINUTE_NS
from vision.faces.face import Picture
from vision.faces.liveness import Liveness
from vision.faces.quality import Quality
from vision.gallery import Gallery, day_of
from vision.gate import GateWatch

MS = 1_000_000
S = 1_000 * MS
WALL_NS = 1_780_272_000_000_000_000  # 2026-06-01
EVERYBODY = {"anna": "1234", "bert": "1234", "carl": "5678", "dora": ""}


def faces(**settings: object) -> config.Faces:
    return config.Faces(**({"look_every_ms": 100, "unknown_every_ms": 0} | settings))


def watch(
    store: Gallery, engine: DrawnEngine | None = None, liveness: Liveness | None = None, **settings: object
) -> GateWatch:
    return GateWatch("door", "cam", faces(**settings), engine or DrawnEngine(), store, WALL_NS, None, liveness)


def show(sense: GateWatch, picture: Picture, from_s: float, to_s: float) -> list[Event]:
    return [
        event for tenth in range(round(from_s * 10), round(to_s * 10)) for event in sense.see(picture, tenth * 100 * MS)
    ]


def told(events: list[Event]) -> list[tuple[str | None, str]]:
    return [(event.shopper, event.reason) for event in events if isinstance(event, CredentialShown)]


@pytest.fixture
def store(tmp_path: Path) -> Gallery:
    return enrol(tmp_path, **EVERYBODY)


def test_few_enough_people_are_compared_by_the_face_alone(store: Gallery) -> None:
    (event,) = show(watch(store, gallery_limit=4), standing("anna"), 0, 2)
    assert isinstance(event, CredentialShown)
    assert event.shopper == "anna"
    assert event.look is not None
    assert (event.look.gallery, event.look.narrowed_by, event.look.liveness_ppm) == (4, "", None)


@pytest.mark.parametrize("limit", [0, 3])
def test_too_many_are_not_compared_without_a_claim(store: Gallery, limit: int) -> None:
    (event,) = show(watch(store, gallery_limit=limit), standing("anna"), 0, 2)
    assert isinstance(event, CredentialShown)
    assert (event.shopper, event.reason, event.score_ppm) == (None, "needs-claim", 0)
    assert event.look is not None
    assert event.look.gallery == 0, "nobody was compared"


def test_digits_narrow_the_gallery_for_the_next_face(store: Gallery) -> None:
    sense = watch(store, gallery_limit=0)
    store.claim("door", "1234", WALL_NS + S, 20 * S)
    claim, event = show(sense, standing("bert"), 1, 3)
    assert isinstance(claim, ClaimMade)
    assert (claim.by, claim.candidates, claim.gate, claim.until_ns) == ("digits", 2, "door", 21 * S)
    assert isinstance(event, CredentialShown)
    assert event.shopper == "bert"
    assert event.look is not None
    assert (event.look.gallery, event.look.narrowed_by) == (2, "digits")


def test_a_claim_is_for_one_gate_one_person_and_some_seconds(store: Gallery) -> None:
    store.claim("door", "1234", WALL_NS, 10 * S)
    assert told(show(watch(store, gallery_limit=0), standing("carl"), 0, 2)) == [(None, "unknown")], (
        "not of these digits"
    )
    sense = watch(store, gallery_limit=0)
    assert told(show(sense, standing("anna"), 0, 2)) == [("anna", "")]
    assert told(show(sense, standing("bert", at=(300, 20)), 2, 4)) == [(None, "needs-claim")], "it was anna's claim"
    assert told(show(watch(store, gallery_limit=0), standing("anna"), 11, 13)) == [(None, "needs-claim")]
    other = GateWatch("back", "cam2", faces(gallery_limit=0), DrawnEngine(), store, WALL_NS)
    assert told(show(other, standing("anna"), 0, 2)) == [(None, "needs-claim")]


def test_digits_of_nobody_look_the_same_at_the_gate(store: Gallery) -> None:
    store.claim("door", "0000", WALL_NS, 10 * S)
    claim, event = show(watch(store, gallery_limit=0), standing("anna"), 0, 2)
    assert isinstance(claim, ClaimMade)
    assert claim.candidates == 0
    assert told([event]) == [(None, "unknown")]


def test_a_members_code_opens_nothing_but_says_whose_face_comes(store: Gallery) -> None:
    text = codes.payload(store.issue_code("carl", None, "member"))
    picture = standing("carl")
    code = codes.picture_of(text)
    both = picture.copy()
    both[100 : 100 + code.shape[0], 330 : 330 + code.shape[1]] = code
    sense = watch(store, gallery_limit=0)
    events = show(sense, both, 0, 3)
    assert [type(event) for event in events] == [ClaimMade, CredentialShown]
    assert told(events) == [("carl", "")]
    assert isinstance(events[1], CredentialShown)
    assert events[1].method == "face"
    other = both.copy()
    other[120:220, 200:300] = COLOURS["anna"]
    assert told(show(watch(store, gallery_limit=0), other, 0, 3)) == [(None, "unknown")]
    assert not store.has_code("carl"), "it is no other way in"


def test_a_claim_of_another_process_reaches_a_running_gate_and_leaves_with_its_shopper(
    store: Gallery, tmp_path: Path
) -> None:
    sense = watch(Gallery(tmp_path), gallery_limit=0)
    show(sense, standing("anna"), 0, 1)
    store.claim("door", "1234", WALL_NS + S, 20 * S)
    assert told(show(sense, standing("anna"), 1.5, 3))[-1] == ("anna", "")
    store.forget("anna")
    assert b"anna" not in (tmp_path / "claims.json").read_bytes()


def test_guessing_is_slow(store: Gallery) -> None:
    for number in range(CLAIMS_A_MINUTE):
        store.claim("door", f"{number:04}", WALL_NS + number * S, S)
    with pytest.raises(BadInput, match="in a minute"):
        store.claim("door", "1234", WALL_NS + 10 * S, S)
    store.claim("back", "1234", WALL_NS + 10 * S, S)
    store.claim("door", "1234", WALL_NS + MINUTE_NS, S)
    for wrong in ("", "12", "12a4", "123456789", "１２３４"):
        with pytest.raises(BadInput):
            store.claim("back", wrong, WALL_NS, S)


def test_digits_lie_nowhere_in_clear_and_go_with_the_face(store: Gallery, tmp_path: Path) -> None:
    store.enrol("carl", [("drawn", np.ones(128, np.float32))], next(iter(store._faces))[0].consent, "90210731")
    assert store.with_digits("90210731", day_of(WALL_NS)) == ("carl",)
    assert store.with_digits("90210731", "2027-01-01") == (), "after the last day"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"90210731" in path.read_bytes()]
    store.forget("carl")
    assert store.with_digits("90210731", day_of(WALL_NS)) == ()


def test_a_record_of_the_first_form_is_still_read(
    store: Gallery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from vision import face_records

    row = np.arange(128, dtype=np.float32)
    with monkeypatch.context() as before:
        before.setattr(face_records, "_Plain", lambda rows, digits: rows)
        store._records.add("eve", face_records.Kept(rows=[("drawn", row)]), next(iter(store._faces))[0].consent)
    found = Gallery(tmp_path).known("drawn", day_of(WALL_NS), {"eve"})
    assert found.owners == ("eve",)
    assert found.templates is not None
    assert (found.templates[0] == row).all()


@given(st.binary(max_size=300))
def test_any_bytes_as_claims_are_no_claims(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "claims.json").write_bytes(raw)
    assert Gallery(folder).claims.at("door", WALL_NS) is None
    assert Gallery(folder).problems == ()


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (Quality(200), "small"),
        (Quality(50, min_sharpness=1e6), "blurred"),
        (Quality(50, min_light=250), "dark"),
        (Quality(50, max_clipped_pct=-1), "bright"),
        (Quality(50, max_turn_deg=-1), "turned"),
    ],
)
def test_a_face_that_cannot_be_judged_is_told_with_its_measures(store: Gallery, quality: Quality, reason: str) -> None:
    (event,) = show(watch(store, DrawnEngine(quality), guide_after_ms=2000), standing("anna"), 0, 4)
    assert isinstance(event, CredentialShown)
    assert (event.shopper, event.reason, event.captured_ns, event.look and event.look.width_px) == (
        None,
        reason,
        2 * S,
        100,
    )
    assert quality.in_words(DrawnEngine(quality).faces(standing("anna"))[0].measures)


class Doubt(Liveness):
    """Networks that always give the same answer."""

    def __init__(self, alive: float) -> None:
        self.alive, self.asked = alive, 0

    def of(self, picture: Picture, box_px: tuple[int, int, int, int], lean_deg: float = 0.0) -> float:
        self.asked += 1
        return self.alive


def test_liveness_is_evidence_on_the_event_and_only_of_recognised_faces(store: Gallery) -> None:
    doubt = Doubt(0.25)
    (event,) = show(watch(store, liveness=doubt), standing("anna"), 0, 3)
    assert isinstance(event, CredentialShown)
    assert event.shopper == "anna", "the sense reports; the shop's policy decides"
    assert event.look is not None
    assert event.look.liveness_ppm == 250_000
    assert event.captured_ns == 500 * MS, "six looks instead of two"
    asked = Doubt(0.25)
    show(watch(Gallery(Path("/nonexistent-state")), liveness=asked), standing("anna"), 0, 3)
    assert asked.asked == 0
