"""Camera workers as real processes: they tell what they see, survive nothing they should not, and hide no loss."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from edge.clock import SystemClock
from edge.config import StoreConfig, parse
from edge.core.events import HealthChanged, InputRejected, ShelfChanged
from edge.core.signals import VideoFrame
from tests.conftest import program
from tests.unit.shelf_scenes import RATE_HZ, Act, Shelf
from vision.job import Job
from vision.process import VisionWorker

DEADLINE_S = 40.0
ROOT = Path(__file__).resolve().parents[2]
LENGTH_S = 8.0


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 s of a drawn shelf: the pack in 0-1 is taken at 3 s."""
    path = tmp_path_factory.mktemp("clips") / "shelf.mp4"
    shelf = Shelf(seed=3, acts=[Act(3.0, (0, 1))])
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"g": "10", "crf": "20"}
        for picture, _ in shelf.pictures(LENGTH_S):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


def store(url: str = "", slot: str = "[65, 30, 120, 105]") -> StoreConfig:
    left, top, right, bottom = msgspec.json.decode(slot)
    return parse(
        f"""
        [store]
        id = "s"
        currency = "KRW"
        [[product]]
        sku = "a"
        name = "A"
        [[camera]]
        id = "shelf"
        role = "shelf"
        url = "{url}"
        [[slot]]
        id = "0-1"
        camera = "shelf"
        box_px = [{left}, {top}, {right}, {bottom}]
        sku = "a"
        """
    )


class Heard:
    """Everything a worker told, and a way to wait for it."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._came = asyncio.Event()

    def __call__(self, item: Any) -> None:
        self.items.append(item)
        self._came.set()

    def of(self, kind: type[Any]) -> list[Any]:
        return [item for item in self.items if isinstance(item, kind)]

    async def until(self, enough: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not enough():
                self._came.clear()
                await self._came.wait()

    def health(self, state: str, words: str = "") -> list[Any]:
        return [item for item in self.of(HealthChanged) if item.state == state and words in item.detail]


async def hear(worker: VisionWorker, talk: Callable[[Heard], Any]) -> Heard:
    heard = Heard()
    task = asyncio.create_task(worker.run(heard))
    try:
        await talk(heard)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return heard


def children(of: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


def begun_since(others: list[int]) -> int:
    """The one process that this one has begun; other tests may have left theirs."""
    [pid] = set(children(os.getpid())).difference(others)
    return pid


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_clip_becomes_events_and_a_recording_of_the_same_pictures(clip: Path, tmp_path: Path) -> None:
    clock = SystemClock()
    target = tmp_path / "shelf.mp4"
    worker = VisionWorker(store(str(clip)), "shelf", clock, anchor_ns=clock.now() - 10**9, record=target)
    heard = asyncio.run(hear(worker, lambda heard: heard.until(lambda: heard.of(ShelfChanged))))
    [change] = heard.of(ShelfChanged)
    assert (change.slot, change.change) == ("0-1", "take")
    assert heard.health("ok", "slot watch over 1 slots")
    frames = heard.of(VideoFrame)
    with av.open(str(target)) as container:
        kept = {frame.pts for frame in container.decode(video=0)}
    assert len(frames) > 20
    assert {frame.pts for frame in frames} <= kept


def test_a_world_begins_when_its_cameras_are_ready(clip: Path, tmp_path: Path) -> None:
    """What a sense loads is loaded before anybody says that the world has begun: no first visitor comes too early."""
    loaded = tmp_path / "loaded"
    noted = f"make = w.make_sense; w.make_sense = lambda *a: (make(*a), p.Path({str(loaded)!r}).touch())[0]"
    program = (sys.executable, "-c", f"import pathlib as p, vision.worker as w; {noted}; raise SystemExit(w.main())")
    clock = SystemClock()
    worker = VisionWorker(store(str(clip)), "shelf", clock, anchor_ns=None, program=program)

    async def life() -> tuple[int, Heard]:
        await worker.get_ready()
        assert loaded.exists()
        origin_ns = clock.now()
        await worker.begin(origin_ns)
        return origin_ns, await hear(worker, lambda heard: heard.until(lambda: len(heard.of(VideoFrame)) > 3))

    origin_ns, heard = asyncio.run(life())
    assert min(frame.captured_ns for frame in heard.of(VideoFrame)) >= origin_ns
    assert heard.health("ok")
    assert not heard.health("lost")


def test_a_worker_that_dies_before_the_world_begins_is_told_and_started_again(clip: Path, tmp_path: Path) -> None:
    once = f"import pathlib as p; f = p.Path({str(tmp_path / 'died')!r}); f.exists() or (f.touch(), exit(3))"
    dying = (sys.executable, "-c", f"{once}; import vision.worker as w; raise SystemExit(w.main())")
    worker = VisionWorker(store(str(clip)), "shelf", SystemClock(), anchor_ns=None, program=dying)

    async def life() -> Heard:
        await worker.get_ready()
        await worker.begin(0)
        return await hear(worker, lambda heard: heard.until(lambda: heard.of(VideoFrame)))

    assert asyncio.run(life()).health("lost", "ended with code 3")


def test_a_recording_without_room_is_told_and_the_camera_goes_on(clip: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    small = (program("prlimit", "util-linux"), "--fsize=20000", sys.executable, "-m", "vision.worker")
    clock, target = SystemClock(), tmp_path / "shelf.mp4"
    worker = VisionWorker(store(str(clip)), "shelf", clock, anchor_ns=clock.now(), record=target, program=small)
    heard = asyncio.run(hear(worker, lambda heard: heard.until(lambda: heard.of(ShelfChanged))))
    [told] = heard.health("degraded", "nothing more is recorded")
    assert (told.device, str(target) in told.detail) == ("recording", True)
    assert target.stat().st_size <= 20_000
    assert not heard.health("lost")


def test_a_worker_that_is_killed_comes_back_where_the_world_is(clip: Path) -> None:
    clock = SystemClock()

    async def talk(heard: Heard) -> None:
        await heard.until(lambda: len(heard.of(VideoFrame)) > 3)
        pid = begun_since(others)
        os.kill(pid, signal.SIGKILL)
        await heard.until(lambda: heard.health("lost", "ended with code -9"))
        known = len(heard.of(VideoFrame))
        await heard.until(lambda: len(heard.of(VideoFrame)) > known + 3 and len(heard.health("ok")) > 1)

    others = children(os.getpid())
    heard = asyncio.run(hear(VisionWorker(store(str(clip)), "shelf", clock), talk))
    times = [frame.captured_ns for frame in heard.of(VideoFrame)]
    assert times == sorted(times)
    hole_ns = max(after - before for before, after in pairwise(times))
    assert hole_ns > 3 * 10**8  # nobody saw the dead time


def test_a_worker_that_hangs_is_replaced(clip: Path) -> None:
    async def talk(heard: Heard) -> None:
        await heard.until(lambda: heard.of(VideoFrame) and heard.health("ok"))
        pid = begun_since(others)
        os.kill(pid, signal.SIGSTOP)
        await heard.until(lambda: heard.health("lost", "said nothing for 3 s"))
        await heard.until(lambda: len(heard.health("ok")) > 1)
        assert gone(pid)

    others = children(os.getpid())
    asyncio.run(hear(VisionWorker(store(str(clip)), "shelf", SystemClock(), silent_s=3.0), talk))


def test_a_worker_does_not_outlive_its_parent(clip: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, store(str(clip)).model_dump_json()], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"working\n"
    [pid] = children(parent.pid)
    parent.kill()
    parent.wait()

    limit = threading.Event()
    timer = threading.Timer(DEADLINE_S, limit.set)
    timer.start()
    while not gone(pid):
        assert not limit.wait(0.02)
    timer.cancel()


PARENT = """
import asyncio, sys
from edge.clock import SystemClock
from edge.config import StoreConfig
from vision.process import VisionWorker

def emit(item):
    global told
    if type(item).__name__ == "VideoFrame" and not told:
        told = True
        print("working", flush=True)

told = False
config = StoreConfig.model_validate_json(sys.argv[1])
asyncio.run(VisionWorker(config, "shelf", SystemClock()).run(emit))
"""


def test_a_worker_ends_when_its_input_closes(clip: Path) -> None:
    job = Job(
        camera="shelf",
        config=store(str(clip)).model_dump(mode="json"),
        url=str(clip),
        clock_offset_ns=SystemClock().offset_ns,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "vision.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(job) + b"\n")
    process.stdin.flush()
    while b"VideoFrame" not in (line := process.stdout.readline()) and b'"frame"' not in line:
        assert line
    process.stdin.close()
    assert process.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("job", [b"\n", b"{}\n", b'{"camera":"c","config":{},"url":"u","clock_offset_ns":0}\n'])
def test_a_job_that_is_none_is_refused_without_a_traceback(job: bytes) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "vision.worker"], input=job, capture_output=True, cwd=ROOT, timeout=DEADLINE_S
    )
    assert found.returncode == 2
    assert b"not usable" in found.stderr
    assert b"Traceback" not in found.stderr


def spoil(kind: str, clip: Path, target: Path) -> None:
    data = clip.read_bytes()
    if kind == "cut":
        target.write_bytes(data[: len(data) // 2])
    elif kind == "torn":
        target.write_bytes(data[:1000])
    elif kind == "empty":
        target.write_bytes(b"")
    elif kind == "text":
        target.write_text("not a video\n" * 100)


@pytest.mark.parametrize("kind", ["cut", "torn", "empty", "text", "missing"])
def test_a_spoiled_clip_is_told_and_tried_again(kind: str, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "shelf.mp4"
    spoil(kind, clip, target)

    async def talk(heard: Heard) -> None:
        await heard.until(lambda: heard.health("lost"))
        whole = tmp_path / "whole.mp4"
        whole.write_bytes(clip.read_bytes())
        whole.replace(target)
        known = len(heard.health("ok"))
        await heard.until(lambda: len(heard.health("ok")) > known)

    clock = SystemClock()
    worker = VisionWorker(store(str(target)), "shelf", clock, anchor_ns=clock.now() - 2 * 10**9)
    heard = asyncio.run(hear(worker, talk))
    [lost, *_] = heard.health("lost")
    assert "shelf.mp4" in lost.detail
    assert ("is cut" in lost.detail) == (kind == "cut")
    assert ";" in lost.detail  # what is wrong; what to do


def test_a_camera_that_is_wrong_does_not_stop_the_others(clip: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.mp4"
    spoil("torn", clip, torn)
    wrong = [
        (str(torn), "[65, 30, 120, 105]"),
        (str(clip), "[600, 30, 700, 105]"),
        (str(tmp_path), "[65, 30, 120, 105]"),
    ]
    clock = SystemClock()
    others = [VisionWorker(store(url, slot), "shelf", clock) for url, slot in wrong]
    good = VisionWorker(store(str(clip)), "shelf", clock, anchor_ns=clock.now())

    async def together() -> tuple[Heard, list[Heard]]:
        spoiled = [Heard() for _ in others]
        tasks = [asyncio.create_task(worker.run(hear)) for worker, hear in zip(others, spoiled, strict=True)]
        try:
            heard = await hear(good, lambda heard: heard.until(lambda: heard.of(ShelfChanged)))
            for each in spoiled:
                await each.until(lambda each=each: each.health("lost"))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return heard, spoiled

    heard, spoiled = asyncio.run(together())
    assert [event.change for event in heard.of(ShelfChanged)] == ["take"]
    assert not heard.health("lost")
    assert all(";" in each.health("lost")[0].detail for each in spoiled), "what is wrong; what to do"


def test_a_slot_that_does_not_fit_the_picture_is_told_and_not_fatal(clip: Path) -> None:
    config = store(str(clip), "[600, 30, 700, 105]")
    heard = asyncio.run(
        hear(
            VisionWorker(config, "shelf", SystemClock()),
            lambda heard: heard.until(lambda: heard.health("lost", "outside the picture of 320x240")),
        )
    )
    assert not heard.of(ShelfChanged)


def test_lines_that_are_not_ours_are_rejected_one_by_one(clip: Path) -> None:
    talker = 'print("hello\\n{}\\n[1,2\\n" + \'{"kind":"TagRead","captured_ns":"x"}\', flush=True); input(); input()'
    worker = VisionWorker(store(str(clip)), "shelf", SystemClock(), program=(sys.executable, "-c", talker))
    heard = asyncio.run(hear(worker, lambda heard: heard.until(lambda: len(heard.of(InputRejected)) >= 4)))
    assert all(item.device == "shelf" for item in heard.of(InputRejected))


def test_self_check_names_what_is_wrong(clip: Path, tmp_path: Path) -> None:
    good = VisionWorker(store(str(clip)), "shelf", SystemClock())
    bad = VisionWorker(store(str(tmp_path / "none.mp4")), "shelf", SystemClock())
    assert asyncio.run(good.self_check()).detail == "320x240 pixels"
    check = asyncio.run(bad.self_check())
    assert (check.state, bool(check.cure)) == ("absent", True)


CAMERA = """
import sys, threading
import av
clip, port = sys.argv[1:]
with av.open(f"tcp://127.0.0.1:{port}?listen=1", "w", format="mpegts") as out, av.open(clip) as source:
    stream = out.add_stream_from_template(source.streams.video[0])
    base, last = source.streams.video[0].time_base, 0.0
    for packet in source.demux(video=0):
        if packet.dts is None:
            continue
        at = float(packet.dts * base)
        threading.Event().wait(max(0.0, at - last))
        last = at
        packet.stream = stream
        out.mux(packet)
    threading.Event().wait()
"""


def test_a_camera_on_the_network_is_watched_lost_and_found(clip: Path) -> None:
    """The peer is another process that streams at the clip's pace."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = [sys.executable, "-c", CAMERA, str(clip), str(port)]
    clock = SystemClock()

    async def talk(heard: Heard) -> None:
        camera = await asyncio.create_subprocess_exec(*start)
        await heard.until(lambda: len(heard.of(VideoFrame)) > 20)
        camera.kill()
        await camera.wait()
        await heard.until(lambda: heard.health("lost"))
        known = len(heard.of(VideoFrame))
        camera = await asyncio.create_subprocess_exec(*start)
        await heard.until(lambda: len(heard.of(VideoFrame)) > known + 5)
        camera.kill()
        await camera.wait()

    heard = asyncio.run(hear(VisionWorker(store(f"tcp://127.0.0.1:{port}"), "shelf", clock), talk))
    times = [frame.captured_ns for frame in heard.of(VideoFrame)]
    assert all(after > before for before, after in pairwise(times))
    assert times[-1] <= clock.now()


def test_a_loop_begins_anew_for_the_sense(clip: Path) -> None:
    """Over the seam the shelf is full again by itself: that is no put."""
    clock = SystemClock()
    worker = VisionWorker(store(str(clip)), "shelf", clock, anchor_ns=clock.now() - int(6.5e9))
    heard = asyncio.run(hear(worker, lambda heard: heard.until(lambda: heard.of(ShelfChanged))))
    assert [change.change for change in heard.of(ShelfChanged)] == ["take"]
    assert np.diff([frame.captured_ns for frame in heard.of(VideoFrame)]).min() > 0


def test_weights_that_cannot_be_used_do_not_stop_the_camera(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"cut")
    text = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "floor"\nrole = "floor"\n'
    config = parse(f'{text}url = "{clip}"\n[models]\nfolder = "{tmp_path}"\n')

    async def talk(heard: Heard) -> None:
        await heard.until(lambda: heard.health("degraded") and heard.health("ok", "blobs before the empty floor"))
        await heard.until(lambda: len(heard.of(VideoFrame)) > 5)

    heard = asyncio.run(hear(VisionWorker(config, "floor", SystemClock()), talk))
    [told] = heard.health("degraded")
    assert told.device == "floor:people"
    assert "3 of 3660092 bytes" in told.detail
    assert not heard.health("lost")
