"""A recording that lacks streams says which; one that only tells events, or has a quiet device, is whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edge.commands import playback, replay, score
from edge.recording import Recording
from edge.recording_gaps import gaps

DEMO = Path(__file__).resolve().parents[2] / "edge" / "demo_shop"


@pytest.fixture
def unsealed(tmp_path: Path) -> Path:
    """The bundled day as it is left by a power cut."""
    folder = tmp_path / "rec"
    shutil.copytree(DEMO, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": {}}))
    return folder


def gaps_of(folder: Path, text: str | None = None) -> list[str]:
    recording = Recording.open(folder)
    if text is not None:
        (folder / "store.toml").write_text(text)
    return gaps(recording, playback.config_of(recording, None, {}))


def test_a_whole_recording_has_no_gaps(unsealed: Path) -> None:
    assert gaps_of(unsealed) == []


def test_a_missing_clip_is_named_with_its_pictures(unsealed: Path) -> None:
    (unsealed / "video" / "cam-g1.mp4").unlink()
    assert gaps_of(unsealed) == [
        "video/cam-g1.mp4 is missing: none of the 440 pictures of camera cam-g1 can be seen; it is not used"
    ]


def test_devices_that_gave_nothing_are_named(unsealed: Path) -> None:
    more = '[[camera]]\nid = "c9"\nrole = "shelf"\n[[rfid_reader]]\nid = "r9"\n'
    more += '[[plate]]\nid = "a1"\ngondola = "g9"\n[[plate]]\nid = "b1"\ngondola = "g1"\n'
    found = "\n".join(gaps_of(unsealed, (DEMO / "store.toml").read_text() + more))
    assert "camera c9 gave neither pictures nor events" in found
    assert "reader r9 told nothing" in found
    assert "the scale of gondola g9 gave no samples: its 1 plates are not used" in found
    assert "1 of 25 plates of gondola g1 gave no samples: b1" in found


@pytest.mark.parametrize("content", [None, b"", b"no video"])
def test_it_is_scored_with_what_is_there_and_says_so(
    unsealed: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = unsealed / "video" / "cam-g1.mp4"
    clip.unlink()
    if content is not None:
        clip.write_bytes(content)
    score.score([unsealed], as_json=True)
    said = capsys.readouterr()
    (case,) = json.loads(said.out)["cases"]
    assert case["overcharged_items"] == 0
    assert any("video/cam-g1.mp4 is " in notice for notice in case["notices"])
    assert "video/cam-g1.mp4 is " in said.err


def test_pictures_that_the_clip_lost_are_counted(unsealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = unsealed / "video" / "cam-g1.mp4"
    clip.write_bytes(clip.read_bytes()[:300_000])
    replay.replay(unsealed, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"visits", "alarms", "notices"}
    assert any(notice.startswith("video cam-g1 lacks ") for notice in document["notices"])


def test_a_whole_recording_gives_the_promised_keys_alone(capsys: pytest.CaptureFixture[str]) -> None:
    replay.replay(DEMO, as_json=True)
    said = capsys.readouterr()
    assert set(json.loads(said.out)) == {"visits", "alarms"}
    assert said.err == ""
