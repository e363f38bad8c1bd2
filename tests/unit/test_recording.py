"""A recording gives back what was written, whole or cut, and refuses what was changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.core import commands, events
from edge.core.errors import BadInput
from edge.core.signals import PlateSamples, VideoFrame
from edge.recorder import Recorder
from edge.recording import Recording

SECOND = 1_000_000_000
CONFIG = '[store]\nid = "s1"\ncurrency = "KRW"\n'


def recorder(folder: Path) -> Recorder:
    return Recorder(folder, store_id="s1", config_text=CONFIG, started_at="2026-01-02T03:04:05.000Z")


def step(number: int, captured_ns: int) -> events.WeightStep:
    return events.WeightStep(
        captured_ns=captured_ns,
        source="g1",
        seq=number,
        received_ns=captured_ns + 5,
        plate="p1",
        delta_mg=-1000 * number,
        level_mg=7,
        began_ns=captured_ns,
        ended_ns=captured_ns,
    )


def samples(captured_ns: int, source: str = "g1") -> PlateSamples:
    return PlateSamples(captured_ns=captured_ns, source=source, rate_hz=60.0, plates=("p1",), grams=b"\0\0\x80?" * 12)


def long_recording(folder: Path, seconds: int = 20, close: bool = True) -> Recorder:
    """Ten events and five blocks of samples a second, a command after each tenth event; flushed as it goes."""
    rec = recorder(folder)
    for number in range(seconds * 10):
        now = number * SECOND // 10
        rec.write(step(number + 1, now))
        if number % 2 == 0:
            rec.write(samples(now))
        if number % 10 == 9:
            rec.write(commands.RaiseAlarm(issued_ns=now, alarm="x", place="p"))
        rec.flush_if_due(now)
    if close:
        rec.close()
    return rec


TIMES = st.integers(min_value=0, max_value=2**62)
ITEMS = st.one_of(
    st.builds(step, st.integers(1, 2**31), TIMES),
    st.builds(samples, TIMES, st.sampled_from(["g1", "g2"])),
    st.builds(
        VideoFrame, captured_ns=TIMES, source=st.just("cam"), camera=st.text(max_size=8), pts=st.integers(0, 2**40)
    ),
    st.builds(
        commands.OpenVisit,
        issued_ns=TIMES,
        visit=st.text(max_size=20),
        shopper=st.none() | st.text(max_size=9),
        method=st.just("qr"),
    ),
    st.builds(events.InputRejected, captured_ns=TIMES, source=st.text(max_size=5), device=st.text(), detail=st.text()),
)


@given(items=st.lists(ITEMS, min_size=1, max_size=60), data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read_again(items: list, data: st.DataObject, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "r", ignore_errors=True)
    rec = recorder(tmp_path / "r")
    now = 0
    for item in items:
        rec.write(item)
        now += data.draw(st.integers(0, 2 * SECOND))
        rec.flush_if_due(now)
    rec.close()
    captured = [item.captured_ns for item in items if not isinstance(item, commands.Base)]
    if not captured:
        with pytest.raises(BadInput, match="nothing whole"):
            Recording.open(tmp_path / "r")
        return
    read = Recording.open(tmp_path / "r")
    assert read.sealed
    assert list(read.events()) == [item for item in items if isinstance(item, events.Base)]
    assert list(read.commands()) == [item for item in items if isinstance(item, commands.Base)]
    raw = [item for item in items if isinstance(item, PlateSamples | VideoFrame)]
    assert list(read.signals()) == sorted(raw, key=lambda item: item.captured_ns)
    assert (read.start_ns, read.end_ns) == (min(captured), max(captured))
    assert read.config_text == CONFIG


def test_a_power_cut_loses_at_most_the_last_second(tmp_path: Path) -> None:
    rec = long_recording(tmp_path / "r", close=False)
    shutil.copytree(tmp_path / "r", tmp_path / "cut")  # what the disk holds at this moment
    rec.close()
    read = Recording.open(tmp_path / "cut")
    assert not read.sealed
    assert any("not sealed" in note for note in read.notes)
    assert read.end_ns >= Recording.open(tmp_path / "r").end_ns - SECOND


def test_a_file_cut_anywhere_gives_what_was_closed_before(tmp_path: Path) -> None:
    long_recording(tmp_path / "r", seconds=6)
    whole = list(Recording.open(tmp_path / "r").events())
    unseal(tmp_path / "r")
    path = tmp_path / "r" / "devices.mcap"
    content = path.read_bytes()
    kept: list[int] = []
    for size in [*range(0, len(content), 97), *range(len(content) - 40, len(content))]:
        path.write_bytes(content[:size])
        try:
            read = Recording.open(tmp_path / "r")
        except BadInput:
            kept.append(0)
            continue
        assert read.notes[1:], size  # the cut is told
        found = list(read.events())
        assert found == whole[: len(found)]
        kept.append(len(found))
    assert kept == sorted(kept)
    assert kept[-1] == len(whole)
    assert len(set(kept)) > 4


def test_a_flipped_byte_never_passes_as_content(tmp_path: Path) -> None:
    long_recording(tmp_path / "r", seconds=3)
    whole = list(Recording.open(tmp_path / "r").events())
    unseal(tmp_path / "r")
    path = tmp_path / "r" / "devices.mcap"
    content = path.read_bytes()
    for place in range(0, len(content), 53):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :])
        try:
            found = list(Recording.open(tmp_path / "r").events())
        except BadInput:
            continue
        assert found == whole[: len(found)]


def test_a_changed_file_is_refused_and_an_unsealed_one_read(tmp_path: Path) -> None:
    long_recording(tmp_path / "r", seconds=2)
    config = tmp_path / "r" / "store.toml"
    config.write_text(CONFIG + "\n# edited\n")
    with pytest.raises(BadInput, match="hash"):
        Recording.open(tmp_path / "r")
    unseal(tmp_path / "r")
    assert not Recording.open(tmp_path / "r").sealed


def test_truth_is_never_hashed(tmp_path: Path) -> None:
    rec = long_recording(tmp_path / "r", seconds=1, close=False)
    (tmp_path / "r" / "truth.json").write_text("{}")
    rec.close()
    (tmp_path / "r" / "truth.json").write_text('{"format": 1}')
    assert Recording.open(tmp_path / "r").sealed
    assert set(Recording.open(tmp_path / "r").manifest.files) == {"store.toml", "devices.mcap"}


@pytest.mark.parametrize("name", ["store.toml", "devices.mcap"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    long_recording(tmp_path / "r", seconds=1)
    (tmp_path / "r" / name).unlink()
    with pytest.raises(BadInput, match=name):
        Recording.open(tmp_path / "r")


@pytest.mark.parametrize(
    "manifest",
    ["", "{", "[]", '{"format": 2, "store_id": "a", "started_at": ""}', '{"format": "1"}', '{"format": 0}', "\xff"],
)
def test_a_bad_manifest_is_a_clear_error(tmp_path: Path, manifest: str) -> None:
    long_recording(tmp_path / "r", seconds=1)
    (tmp_path / "r" / "manifest.json").write_text(manifest, encoding="latin-1")
    with pytest.raises(BadInput, match=r"manifest\.json"):
        Recording.open(tmp_path / "r")


def test_a_manifest_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    long_recording(tmp_path / "r", seconds=1)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    manifest["files"]["../other"] = "0" * 64
    (tmp_path / "r" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match="outside"):
        Recording.open(tmp_path / "r")


def test_a_folder_in_use_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BadInput, match="not empty"):
        recorder(tmp_path)
    with pytest.raises(BadInput, match="not a folder"):
        recorder(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_camera_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    rec = recorder(tmp_path / "r")
    assert rec.video_path("cam1") == tmp_path / "r" / "video" / "cam1.mp4"
    for name in ("../x", "a/b", "", ".hidden"):
        with pytest.raises(BadInput):
            rec.video_path(name)
    rec.close()


def test_other_tools_find_named_json_schemas(tmp_path: Path) -> None:
    from mcap.reader import make_reader

    long_recording(tmp_path / "r", seconds=2)
    with (tmp_path / "r" / "devices.mcap").open("rb") as file:
        seen = {(channel.topic, schema.name) for schema, channel, _ in make_reader(file).iter_messages() if schema}
    assert seen == {("events", "muin.Event"), ("commands", "muin.Command"), ("plates", "muin.PlateSamples")}


def unseal(folder: Path) -> None:
    """Take the hashes out of the manifest, as somebody does who edits a recording on purpose."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {}
    path.write_text(json.dumps(manifest))


def test_a_message_out_of_form_is_named(tmp_path: Path) -> None:
    rec = recorder(tmp_path / "r")
    rec.write(step(1, 1))
    rec._encode = lambda item: msgspec.json.encode({"kind": "Unheard", "captured_ns": 1})
    rec.write(step(2, 2))
    rec.close()
    with pytest.raises(BadInput, match="events"):
        Recording.open(tmp_path / "r")
