"""The commands around recordings as real processes: exit codes, one JSON document, no traceback for bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from edge.recorded_video import Pictures
from edge.recording import Recording
from tests.replay import shop

CLIP_CONFIG = """
[store]
id = "clip"
currency = "KRW"
[[product]]
sku = "tea"
name = "Tea"
[[camera]]
id = "shelf"
role = "shelf"
[[camera]]
id = "floor"
role = "floor"
"""


def muin(*words: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=shop.__file__.rsplit("/tests/", 1)[0],
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded run of one visit with one tea, with its truth."""
    steps = shop.live([(e.captured_ns, e) for e in with_step()], round(shop.ENDS_S * shop.SECOND))
    folder = shop.record(tmp_path_factory.mktemp("run") / "r", steps)
    visit = {"visit": "A", "tracks": ["7"], "entered_s": 0.0, "left_s": 16.0, "items": {"tea": 1}}
    (folder / "truth.json").write_text(json.dumps({"format": 1, "visits": [visit]}))
    return folder


def with_step() -> list:
    from tests.replay.test_replay import visit_events

    return visit_events()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Forty drawn pictures with B-frames, as cameras and editors write them."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"bf": "2", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        noise = np.random.default_rng(3)
        for number in range(40):
            picture = noise.integers(0, 255, (64, 96, 3), dtype=np.uint8)
            picture[:, : number * 2] = 200
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "store.toml"
    path.write_text(CLIP_CONFIG)
    return path


def test_replay_prints_one_json_document(ran: Path) -> None:
    done = muin("replay", ran, "--json")
    assert done.returncode == 0
    (visit,) = json.loads(done.stdout)["visits"]
    assert [(line["sku"], line["status"]) for line in visit["lines"]] == [("tea", "charged")]
    assert muin("replay", ran, "--json").stdout == done.stdout


def test_verify_is_equal_and_another_threshold_is_not(ran: Path) -> None:
    same = muin("replay", ran, "--verify")
    assert (same.returncode, same.stdout.split(":")[0]) == (0, "equal")
    assert json.loads(muin("replay", ran, "--verify", "--json").stdout)["equal"] is True
    other = muin("replay", ran, "--verify", "--set", "picks.review_below=1.0")
    assert other.returncode == 1
    assert "1 x tea at 900, review" in other.stdout


def test_another_configuration_changes_the_outcome(ran: Path, tmp_path: Path) -> None:
    dearer = tmp_path / "dearer.toml"
    dearer.write_text(shop.CONFIG.replace("900", "950"))
    done = muin("replay", ran, "--verify", "--config", dearer)
    assert done.returncode == 1
    assert "at 950" in done.stdout


def test_score_gives_the_promised_document(ran: Path) -> None:
    for path in (ran, ran.parent):
        done = muin("score", path, "--json")
        assert done.returncode == 0
        document = json.loads(done.stdout)
        assert set(document) == {"cases", "mean_f1", "exact_rate", "overcharged_items", "review_rate"}
        assert document["cases"][0]["case"] == "r"
        assert (document["mean_f1"], document["exact_rate"]) == (1.0, 1.0)


def test_a_bad_score_is_no_failure(ran: Path, tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    shutil.copytree(ran, folder)
    (folder / "truth.json").write_text(json.dumps({"format": 1, "visits": []}))
    done = muin("score", folder, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["overcharged_items"] == 1


def test_bad_recordings_exit_2_with_place_and_cure(ran: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    changed = tmp_path / "changed"
    shutil.copytree(ran, changed)
    (changed / "store.toml").write_text("")
    truthless = tmp_path / "truthless"
    shutil.copytree(ran, truthless)
    (truthless / "truth.json").write_text("{oh")
    for words, place in (
        (("replay", tmp_path / "nowhere"), "nowhere"),
        (("replay", empty), "empty"),
        (("replay", changed), "store.toml"),
        (("replay", ran, "--from", "sensors"), "no raw streams"),
        (("replay", ran, "--from", "nothing"), "--from"),
        (("replay", ran, "--set", "picks.no_such=1"), "no_such"),
        (("replay", ran, "--set", "nonsense"), "nonsense"),
        (("replay", ran, "--config", empty), "empty"),
        (("replay", ran, "--verify", "--from", "sensors"), "verify"),
        (("score", empty), "empty"),
        (("score", truthless), "truth.json"),
        (("score", tmp_path / "nowhere"), "nowhere"),
    ):
        done = muin(*words)
        assert done.returncode == 2, (words, done.stderr)
        assert place in done.stderr
        assert done.stdout == ""


def test_a_clip_becomes_a_recording_without_encoding(clip: Path, config: Path, tmp_path: Path) -> None:
    done = muin("import", "video", "--config", config, f"shelf={clip}", tmp_path / "r", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == {"shelf": 40}
    recording = Recording.open(tmp_path / "r")
    assert recording.sealed
    frames = list(recording.signals())
    assert [frame.captured_ns for frame in frames] == [number * 100_000_000 for number in range(40)]
    assert packets(recording.videos()["shelf"]) == packets(clip)
    pictures = Pictures(recording.videos()["shelf"])
    seen = [pictures.at(frame.pts) for frame in frames]
    with av.open(str(clip)) as original:
        for picture, frame in zip(seen, original.decode(video=0), strict=True):
            assert np.array_equal(picture, frame.to_ndarray(format="bgr24"))


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]


def test_bad_clips_exit_2_and_leave_nothing(clip: Path, config: Path, tmp_path: Path) -> None:
    content = clip.read_bytes()
    files = {
        "none.mp4": b"",
        "text.mp4": b"not a clip at all",
        "half.mp4": content[: len(content) // 2],
        "most.mp4": content[: len(content) * 3 // 4],
        "burnt.mp4": content[: len(content) // 2] + bytes(3000) + content[len(content) // 2 + 3000 :],
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    truth = tmp_path / "truth.txt"
    truth.write_text("no json")
    before = sorted(path.name for path in tmp_path.iterdir())
    for words in (
        *((f"shelf={tmp_path / name}",) for name in files),
        (f"shelf={tmp_path / 'missing.mp4'}",),
        (f"roof={clip}",),
        (f"shelf={clip}", f"shelf={clip}"),
        (f"shelf={clip}", f"floor={tmp_path / 'half.mp4'}"),
        ("shelf",),
        ("--truth", truth, f"shelf={clip}"),
    ):
        done = muin("import", "video", "--config", config, *words, tmp_path / "r")
        assert done.returncode == 2, (words, done.stderr)
        assert done.stderr.startswith("muin: ")
        assert done.stdout == ""
        assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_cut_video_is_read_as_far_as_it_is_whole(clip: Path, config: Path, tmp_path: Path) -> None:
    muin("import", "video", "--config", config, f"shelf={clip}", tmp_path / "r")
    path = Recording.open(tmp_path / "r").videos()["shelf"]
    pts = [frame.pts for frame in Recording.open(tmp_path / "r").signals()]
    content = path.read_bytes()
    counts = []
    for size in range(len(content) // 4, len(content) + 1, len(content) // 16):
        path.write_bytes(content[:size])
        pictures = Pictures(path)
        counts.append(sum(pictures.at(stamp) is not None for stamp in pts))
        pictures.close()
    assert counts == sorted(counts)
    assert counts[0] > 0
    assert counts[-1] == 40


def test_the_real_bottles_import_and_replay(shared_data: Path, tmp_path: Path) -> None:
    video = shared_data / "video"
    done = muin(
        "import",
        "video",
        *("--config", video / "config" / "shelf-bottles.toml"),
        *("--truth", video / "truth" / "shelf-bottles-a.json"),
        f"shelf={video / 'shelf-bottles-a.mp4'}",
        tmp_path / "r",
    )
    assert done.returncode == 0, done.stderr
    assert Recording.open(tmp_path / "r").counts["frame"] == 621
    events = json.loads((tmp_path / "r" / "truth.json").read_text())["events"]
    assert [(event["kind"], event["slot"]) for event in events] == [
        ("take", "left"),
        ("put", "left"),
        ("take", "middle"),
        ("take", "left"),
    ]
    replayed = muin("replay", tmp_path / "r", "--json")
    assert replayed.returncode == 0
    assert json.loads(replayed.stdout)["visits"] == []
