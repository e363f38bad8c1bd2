"""The figures about names and bodies, on cases counted by hand."""

from __future__ import annotations

import msgspec
import pytest

from edge.body_score import Shown, compare
from edge.commands.baseline_tracks import BaselineTracker
from edge.core.errors import BadInput
from edge.truth import NOTHING, Body, Truth, parse, save
from vision.bodies import Body as Found

LEFT, RIGHT = (0.0, 0.0, 10.0, 30.0), (50.0, 0.0, 60.0, 30.0)


def label(t_s: float, person: str, box: tuple[float, float, float, float]) -> Body:
    return Body(t_s=t_s, camera="floor", person=person, box_px=box)


def test_names_that_change_places_are_two_switches() -> None:
    truth = [label(t, who, box) for t in (0.0, 1.0, 2.0) for who, box in (("a", LEFT), ("b", RIGHT))]
    shown = [
        Shown(0.0, {"1": LEFT, "2": RIGHT}),
        Shown(1.0, {"1": LEFT, "2": RIGHT}),
        Shown(2.0, {"2": LEFT, "1": RIGHT}),
    ]
    found = compare(truth, {"floor": shown})
    assert found is not None
    assert (found.switches, found.kept) == (2, round(4 / 6, 4))


def test_somebody_unseen_is_no_switch_but_not_kept_either() -> None:
    truth = [label(t, "a", LEFT) for t in (0.0, 1.0, 2.0)]
    found = compare(truth, {"floor": [Shown(0.0, {"1": LEFT}), Shown(1.0, {}), Shown(2.0, {"1": LEFT})]})
    assert found is not None
    assert (found.switches, found.kept) == (0, round(2 / 3, 4))


def test_two_people_under_one_name_keep_it_once() -> None:
    truth = [label(0.0, "a", LEFT), label(1.0, "b", RIGHT)]
    found = compare(truth, {"floor": [Shown(0.0, {"1": LEFT}), Shown(1.0, {"1": RIGHT})]})
    assert found is not None
    assert (found.switches, found.kept) == (0, 0.5)


def test_without_labels_there_is_no_figure() -> None:
    assert compare([], {}) is None


def test_labelled_bodies_are_written_and_read(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    whole = Truth(format=1, visits=(), bodies=(label(1.0, "a", LEFT),))
    save(folder, whole)
    assert parse((folder / "truth.json").read_bytes(), "truth.json") == whole
    save(folder, NOTHING)
    assert "bodies" not in msgspec.json.decode((folder / "truth.json").read_bytes())


def test_a_label_without_area_is_refused() -> None:
    text = msgspec.json.encode(Truth(format=1, visits=(), bodies=(label(1.0, "a", (5, 5, 5, 9)),)))
    with pytest.raises(BadInput, match=r"bodies\[0\].box_px: is empty"):
        parse(text, "truth.json")


def test_the_baseline_follows_overlap_and_forgets_soon() -> None:
    tracker = BaselineTracker()
    found = [tracker.see([Found((10.0 + n, 0, 30.0 + n, 60), 0.9)], n / 10) for n in range(6)]
    assert [len(names) for names in found] == [0, 0, 1, 1, 1, 1]
    later = [tracker.see([Found((16.0, 0, 36.0, 60), 0.9)], 2 + n / 10) for n in range(4)]
    assert not set(later[-1]) & set(found[-1])
