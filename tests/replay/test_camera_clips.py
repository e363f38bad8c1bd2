"""Real clips through the whole path: import, then the evaluate commands, against hand-made truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.commands import evaluate, imports
from edge.config import parse
from edge.core.events import PassageCounted
from tests.conftest import lacking
from vision.people import choose_finder


def run(*words: str) -> str:
    import typer

    app = typer.Typer()
    imports.register(app)
    evaluate.register(app)
    found = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def recording(shared_data: Path, folder: Path, clip: str, config: str, camera: str) -> Path:
    video, target = shared_data / "video", folder / clip
    run(
        "import", "video", "--config", str(video / "config" / f"{config}.toml"),
        "--truth", str(video / "truth" / f"{clip}.json"), f"{camera}={video / clip}.mp4", str(target),
    )  # fmt: skip
    return target


def figures(*words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("evaluate", *words, "--json"))
    return document


def test_bottles_are_taken_put_back_and_taken_twice(shared_data: Path, tmp_path: Path) -> None:
    found = figures("shelf", str(recording(shared_data, tmp_path, "shelf-bottles-a", "shelf-bottles", "shelf")))
    assert (found["events"], found["precision"], found["recall"]) == (4, 1.0, 1.0)
    assert 0 < found["delay_s_p50"] <= found["delay_s_p90"] <= 5
    assert found["ms_per_frame"] > 0


def test_an_arm_in_the_aisle_is_seen_and_nothing_is_sold(shared_data: Path, tmp_path: Path) -> None:
    found = figures("shelf", str(recording(shared_data, tmp_path, "aisle-reach", "aisle-reach", "aisle")))
    assert (found["events"], found["precision"]) == (0, 1.0)
    assert any(row["slot"] == "upper-right" and row["until_s"] - row["t_s"] > 2 for row in found["reaches"])
    assert any(row["slot"] == "table" and row["t_s"] < 1.8 for row in found["reaches"])


def test_hands_tell_the_reaches_from_shadows(shared_data: Path, weights: Path, tmp_path: Path) -> None:
    """Four reaches by hands, as the truth has them; the shadows that looked like reaches have no hand."""
    if not (weights / "mediapipe_hands").is_dir():
        lacking("the weights mediapipe_hands are not on this machine")
    folder = recording(shared_data, tmp_path, "shelf-bottles-a", "shelf-bottles", "shelf")
    found = figures("shelf", str(folder), "--set", f"models.folder={weights}")
    assert (found["events"], found["precision"], found["recall"]) == (4, 1.0, 1.0)
    by_hand = sorted((row["slot"], round(row["t_s"])) for row in found["reaches"] if row["by"] == "hand")
    assert by_hand == [("left", 6), ("left", 11), ("left", 16), ("middle", 16)]
    assert any(row["by"] == "body" for row in found["reaches"])


@pytest.fixture
def weights(shared_models: Path) -> Path:
    for name in ("yolox_nano/yolox_nano_416.onnx", "osnet_x0_25/osnet_x0_25_msmt17.onnx"):
        if not (shared_models / name).is_file():
            lacking(f"the weights {name} are not on this machine")
    return shared_models


def test_three_visits_are_three_tracks(shared_data: Path, weights: Path, tmp_path: Path) -> None:
    folder = recording(shared_data, tmp_path, "station-visits-a", "station-visits", "floor")
    found = figures("people", str(folder), "--models", str(weights))
    assert (found["tracks"], found["id_switches"]) == (3, 0)
    truth = [(6.0, 19.8), (22.7, 45.0), (50.2, 69.9)]
    for visit, (entered_s, left_s) in zip(found["visits"], truth, strict=True):
        assert visit["entered_s"] == pytest.approx(entered_s, abs=0.4)
        assert visit["left_s"] == pytest.approx(left_s, abs=0.5)


def test_people_on_a_plaza_are_counted_and_keep_their_names(shared_data: Path, weights: Path, tmp_path: Path) -> None:
    """Nine people cross, hide one another and come back; plaza_bodies.json says who is where each half second."""
    folder = recording(shared_data, tmp_path, "plaza-people-a", "plaza-people", "floor")
    truth = json.loads((folder / "truth.json").read_text())
    truth["bodies"] = json.loads((Path(__file__).parent / "plaza_bodies.json").read_text())
    (folder / "truth.json").write_text(json.dumps(truth))
    found = figures("people", str(folder), "--models", str(weights))
    plain = found["baseline"]
    assert found["count_mae"] <= 0.5
    assert found["identity_kept"] >= 0.9 > plain["identity_kept"]
    assert found["id_switches"] < plain["id_switches"] / 2
    assert found["tracks_per_minute"] < plain["tracks_per_minute"] / 2
    assert found["mean_track_s"] > 2 * plain["mean_track_s"]


def test_without_weights_blobs_are_followed_and_said_to_be_blobs(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MUIN_MODELS", raising=False)
    folder = recording(shared_data, tmp_path, "station-visits-a", "station-visits", "floor")
    found = figures("people", str(folder))
    truth = [(6.0, 19.8), (22.7, 45.0), (50.2, 69.9)]
    for visit, (entered_s, left_s) in zip(found["visits"], truth, strict=True):
        assert visit["entered_s"] == pytest.approx(entered_s, abs=0.5)
        assert visit["left_s"] == pytest.approx(left_s, abs=1.0)
    finder = choose_finder(None)
    assert "blobs before the empty floor (no network" in finder.describe()


GATE = """
[store]
id = "clip_gate"
currency = "KRW"
[[camera]]
id = "gate"
role = "floor"
[[door]]
id = "door"
[[line]]
id = "in"
camera = "gate"
from_px = [310, 70]
to_px = [230, 130]
inside = "right"
point = "head"
gate = "door"
"""


def test_two_who_walk_in_together_are_counted_as_two(shared_data: Path, weights: Path) -> None:
    """Their feet are out of view, so their heads cross the line."""
    from vision.enrolment import clip_pictures
    from vision.floor import FloorWatch

    config = parse(GATE, overrides={"models.folder": str(weights)})
    watch = FloorWatch.from_config(config, "gate")
    pictures = clip_pictures(shared_data / "video" / "gate-walk-two.mp4")
    events = [event for picture, at_ns in pictures for event in watch.see(picture, at_ns)]
    counted = [event for event in events if isinstance(event, PassageCounted)]
    assert [(event.gate, event.direction, event.total) for event in counted] == [("door", "in", 1), ("door", "in", 2)]
