"""Recorded packets: exact time stamps, readable after a cut, and a second worker that goes on."""

from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.cameras import decoded, open_container, to_ticks, without_password
from vision.packets import PacketFile, UntilFull, whole_boxes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s with reordered (B) pictures, as cameras may send them."""
    path = tmp_path_factory.mktemp("clips") / "moving.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.options = {"g": "25", "bf": "2"}
        for number in range(100):
            picture = np.zeros((120, 160, 3), np.uint8)
            picture[20:60, number : number + 40] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


def copy(clip: Path, target: Path, zero_ns: int, close: bool = True) -> tuple[PacketFile, list[int]]:
    """Time stamps that the pictures must have in the copy."""
    keeper = PacketFile(target)
    with open_container(str(clip)) as container:
        base = container.streams.video[0].time_base
        at_ns = lambda pts: zero_ns + int(pts * base * 1_000_000_000)  # noqa: E731
        known = [to_ticks(at_ns(frame.pts)) for frame in decoded(container, str(clip), keeper, at_ns)]
    if close:
        keeper.close()
    return keeper, known


def stamps(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        assert container.streams.video[0].time_base == Fraction(1, 90_000)
        found = []
        try:
            for frame in container.decode(video=0):
                found.append(frame.pts)
        except av.error.InvalidDataError:  # the torn end
            pass
        return found


def test_time_stamps_are_those_of_the_run(clip: Path, tmp_path: Path) -> None:
    _, known = copy(clip, tmp_path / "c.mp4", 3_600_000_012_345_678)
    assert stamps(tmp_path / "c.mp4") == known


def test_a_cut_loses_at_most_the_last_fragment(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "c.mp4"
    keeper, known = copy(clip, target, 5_000_000_000, close=False)
    whole = stamps_of_copy(target, tmp_path)
    assert whole == known[: len(whole)]
    assert len(known) - len(whole) <= 2 * 25
    keeper.close()


def stamps_of_copy(target: Path, folder: Path) -> list[int]:
    cut = folder / "cut.mp4"
    cut.write_bytes(target.read_bytes()[:-37])
    return stamps(cut)


def test_a_second_worker_goes_on_after_a_torn_fragment(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "c.mp4"
    _, first = copy(clip, target, 1_000_000_000)
    with target.open("ab") as file:
        file.write((5000).to_bytes(4, "big") + b"moof" + b"\1" * 100)
    _, second = copy(clip, target, 60_000_000_000)
    assert stamps(target) == first + second


@given(st.binary(max_size=300))
def test_any_bytes_have_a_whole_part(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert 0 <= whole_boxes(Path(file.name)) <= len(data)


def test_passwords_are_not_shown() -> None:
    assert without_password("rtsp://admin:pass@10.0.0.5/live") == "rtsp://10.0.0.5/live"
    assert without_password("/dev/video0") == "/dev/video0"


def test_a_full_disk_ends_the_recording_and_not_the_camera(clip: Path, tmp_path: Path) -> None:
    told: list[str] = []
    keeper = UntilFull(tmp_path / "c.mp4", told.append)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with open_container(str(clip)) as container:
            base = container.streams.video[0].time_base
            seen = sum(1 for _ in decoded(container, str(clip), keeper, lambda pts: int(pts * base * 1_000_000_000)))
        keeper.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert seen == 100
    assert len(told) == 1
    assert told[0].startswith(f"{tmp_path / 'c.mp4'}: nothing more is recorded (")
