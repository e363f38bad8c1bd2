"""Faults of a camera's eye on the recorded clips: found within 10 s; nothing is told where nothing is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from tests.bench.vision.clips import clip_names, looped
from tests.bench.vision.eye_faults import FAULTS, EyeFault, moved
from tests.bench.vision.health import LIMIT_S, false_alarms, find
from tests.replay.test_camera_clips import run

FIVE = (
    "shelf-bottles-a",
    "gate-walk-two",
    *(pytest.param(name, marks=pytest.mark.full) for name in ("aisle-reach", "plaza-people-a", "station-visits-a")),
)


@pytest.mark.parametrize("clip", FIVE)
def test_each_fault_is_found_within_ten_seconds(shared_data: Path, clip: str) -> None:
    found = find(shared_data / "video" / f"{clip}.mp4", FAULTS, well_s=8.0)
    assert [told and told[0] for told in found] == [fault.cause for fault in FAULTS]
    assert all(told is not None and told[1] <= LIMIT_S for told in found)


@pytest.mark.parametrize("length_s", [20.0, pytest.param(60.0, marks=pytest.mark.full)])
def test_nothing_is_told_of_clips_with_nothing_wrong(shared_data: Path, length_s: float) -> None:
    folder = shared_data / "video"
    assert {name: false_alarms(folder / f"{name}.mp4", length_s) for name in clip_names(folder)} == {
        name: [] for name in clip_names(folder)
    }


def test_an_encoded_clip_of_a_camera_that_was_turned_gives_an_alarm_on_the_replay(
    shared_data: Path, tmp_path: Path
) -> None:
    video = shared_data / "video"
    clip = film(video / "shelf-bottles-a.mp4", EyeFault("moved", "", moved), tmp_path / "turned.mp4")
    run(
        "import",
        "video",
        "--config",
        str(video / "config" / "shelf-bottles.toml"),
        f"shelf={clip}",
        str(tmp_path / "r"),
    )
    document = json.loads(replayed(tmp_path / "r"))
    [alarm] = [row for row in document["alarms"] if row["kind"].startswith("camera-")]
    assert alarm["kind"] == "camera-moved"
    assert 8 < alarm["t_s"] <= 8 + LIMIT_S


def film(source: Path, fault: EyeFault, target: Path, length_s: float = 18.0, well_s: float = 8.0) -> Path:
    """A clip in which a fault begins after `well_s`, encoded as a camera would."""
    spoil = fault.make()
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "26", "g": "20"}
        for at_s, picture in looped(source, length_s):
            if at_s == 0:
                stream.width, stream.height = picture.shape[1], picture.shape[0]
            shown = spoil(picture) if at_s >= well_s else picture
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        container.mux(stream.encode())
    return target


def replayed(recording: Path) -> str:
    """What `muin replay REC --json` prints."""
    import typer
    from typer.testing import CliRunner

    from edge.commands import replay

    app = typer.Typer()
    replay.register(app)
    app.callback()(lambda: None)
    found = CliRunner().invoke(app, ["replay", str(recording), "--json"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout
