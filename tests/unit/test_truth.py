"""truth.json is checked with the place inside the file; a clip's hand-made truth is converted as promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge import clip_truth, truth
from edge.core.errors import BadInput

VISIT = {"visit": "A", "shopper": None, "tracks": ["7"], "entered_s": 1.2, "left_s": 40.0, "items": {"a": 2}}


def document(**changes: object) -> bytes:
    return json.dumps({"format": 1, "visits": [VISIT], "events": [], "counts": [], **changes}).encode()


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    known = truth.parse(
        document(
            events=[{"t_s": 6.7, "kind": "take", "sku": "a", "slot": None, "quantity": 1, "visit": "A"}],
            counts=[{"t_s": 4.0, "camera": "floor", "people": 3, "also_accept": [4]}],
        ),
        "t",
    )
    truth.save(tmp_path, known)
    assert truth.load(tmp_path) == known
    assert [path.name for path in tmp_path.iterdir()] == ["truth.json"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", "form of truth.json"),
        (b"{", "form of truth.json"),
        (b"[]", "Expected `object`"),
        (b"\xff\xfe", "form of truth.json"),
        (document(format=2), r"\$\.format"),
        (document(visits=[{**VISIT, "items": {"a": -1}}]), r"visits\[0\]\.items\.a"),
        (document(visits=[{**VISIT, "items": {"a": 1.5}}]), r"visits\[0\]\.items"),
        (document(visits=[{"visit": "A", "entered_s": 0}]), "items"),
        (document(visits=[{**VISIT, "left_s": 1.0}]), r"visits\[0\]\.left_s"),
        (document(visits=[VISIT, VISIT]), "twice"),
        (document(events=[{"t_s": 1, "kind": "steal"}]), r"events\[0\]\.kind"),
        (document(events=[{"t_s": 1, "kind": "take", "visit": "B"}]), r"events\[0\]\.visit"),
        (document(events=[{"t_s": 1, "kind": "take", "quantity": 0}]), r"events\[0\]\.quantity"),
        (document(counts=[{"t_s": 1, "camera": "c", "people": -1}]), r"counts\[0\]\.people"),
        (document(counts=[{"t_s": 1e300, "camera": "c", "people": 1}]), "a time is not one"),
        (document(visits=[{**VISIT, "left_s": 1e300}]), "a time is not one"),
        (b'{"visits": []}', r"\$\.format: is missing"),
        (b'{"format": 1, "events": [], "counts": []}', r"\$\.visits: is missing"),
        (document(visits={}), r"\$\.visits: Expected `array`"),
        (document(visits=["A"]), r"visits\[0\]: Expected `object`"),
        (document(visits=[{**VISIT, "total_minor": -1}]), r"visits\[0\]\.total_minor"),
        (document(visits=[{**VISIT, "tracks": ["7", 8]}]), r"visits\[0\]\.tracks\[1\]"),
    ],
)
def test_what_is_wrong_is_named(text: bytes, place: str) -> None:
    with pytest.raises(BadInput, match=place):
        truth.parse(text, "truth.json")


def test_a_truth_that_says_nothing_does_not_owe_nothing() -> None:
    with pytest.raises(BadInput, match=r"\$\.format: is missing; add it; \$\.visits: is missing; add it"):
        truth.parse(b"{}", "truth.json")


def test_every_broken_place_is_listed() -> None:
    wrong = {"visit": 1, "entered_s": "early", "items": {"a": 1.5}, "left_s": True}
    with pytest.raises(BadInput) as refused:
        truth.parse(document(format="1", visits=[wrong, VISIT, {}], events=[{"kind": "steal"}], counts=[[]]), "t")
    for place in (
        *("$.format", "$.visits[0].visit", "$.visits[0].entered_s", "$.visits[0].items[...]", "$.visits[0].left_s"),
        *("$.visits[2].visit", "$.visits[2].entered_s", "$.visits[2].items", "$.events[0].t_s", "$.events[0].kind"),
        "$.counts[0]",
    ):
        assert f"{place}: " in refused.value.text
    with pytest.raises(BadInput) as refused:
        truth.parse(document(visits=[{**VISIT, "items": {"a": -1, "b": -2}, "left_s": 1.0}]), "t")
    for place in ("items.a", "items.b", "left_s"):
        assert f"$.visits[0].{place}: " in refused.value.text


def test_a_thousand_broken_places_are_counted() -> None:
    with pytest.raises(BadInput, match="; and 980 more"):
        truth.parse(document(counts=[7] * 1000), "t")


def converted(tmp_path: Path, raw: object, clips: dict[str, Path] | None = None) -> truth.Truth:
    path = tmp_path / "clip.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return clip_truth.convert(path, clips or {"cam": Path("a.mp4")}, {"left": "tea"})


def test_a_clip_truth_becomes_ours(tmp_path: Path) -> None:
    found = converted(
        tmp_path,
        {
            "fps": 10,
            "events": [
                {"type": "hand_in", "t": 1.0, "slot": "left"},
                {"type": "take", "frame": 25, "slot": "left+middle"},
                {"type": "put", "t": 3.0, "frame": 99, "slot": "left"},
            ],
            "visits": [{"visit": 1, "first_visible": 6.0, "last_visible": 19.8, "stands_from": 8}],
            "counts": [{"frame": 40, "people": 3, "also_accept": [4]}],
        },
    )
    assert found.events == (
        truth.Change(t_s=2.5, kind="take", sku="tea", slot="left"),
        truth.Change(t_s=2.5, kind="take", sku=None, slot="middle"),
        truth.Change(t_s=3.0, kind="put", sku="tea", slot="left"),
    )
    assert found.visits == (truth.Visit(visit="1", entered_s=6.0, left_s=19.8, items={}),)
    assert found.counts == (truth.Count(t_s=4.0, camera="cam", people=3, also_accept=(4,)),)


def test_counts_belong_to_the_clip_that_the_file_names(tmp_path: Path) -> None:
    clips = {"one": Path("x/a.mp4"), "two": Path("x/b.mp4")}
    counts = [{"t": 1, "people": 1}]
    assert converted(tmp_path, {"file": "b.mp4", "counts": counts}, clips).counts[0].camera == "two"
    with pytest.raises(BadInput, match="which of one, two"):
        converted(tmp_path, {"counts": counts}, clips)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ("no json", "not the truth of a clip"),
        ("[1]", "not the truth of a clip"),
        ({"events": [{"type": "take", "slot": "left"}]}, r"events\[0\] has no time"),
        ({"events": [{"type": "take", "frame": 3}]}, "fps"),
        ({"fps": 0, "events": []}, "fps"),
        ({"visits": [{"visit": 1}]}, "first_visible"),
        ({"counts": [{"t": 1, "people": "many"}]}, r"counts\[0\]\.people"),
        ({"visits": [{"visit": 1, "first_visible": 5, "last_visible": 1}]}, "before entered_s"),
        ({"fps": 1e-300, "events": [{"type": "take", "slot": "left", "frame": 10**12}]}, "a time is not one"),
    ],
)
def test_a_bad_clip_truth_is_named(tmp_path: Path, raw: object, place: str) -> None:
    with pytest.raises(BadInput, match=place):
        converted(tmp_path, raw)


def test_every_hand_made_truth_of_the_data_set_converts(shared_data: Path) -> None:
    files = sorted((shared_data / "video" / "truth").glob("*.json"))
    assert len(files) >= 10
    for path in files:
        clip_truth.convert(path, {"cam": shared_data / "video" / f"{path.stem}.mp4"}, {})
