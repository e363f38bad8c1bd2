"""`python -m vision.worker`: one camera's pictures become lines on stdout. Started by vision.process.

Reads one Job line on stdin (and one more where the world has not begun, see vision.job), then works until stdin or
stdout closes or the parent dies. A camera that is gone or shows the wrong thing is told as HealthChanged and tried
again. Must not: decide, write any picture but the recording it was told to keep, or outlive its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final, Literal

import cv2
import msgspec
from pydantic import ValidationError

from edge.clock import SystemClock
from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.events import HealthChanged
from edge.core.ports import Now
from edge.core.signals import VideoFrame
from vision.cameras import Shot, open_source
from vision.job import Item, Job, encode
from vision.packets import UntilFull
from vision.senses import SeeingSense, make_sense

BACK_OFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
GRACE_S: Final = 1.0
HEARTBEAT_NS: Final = 1_000_000_000
PR_SET_PDEATHSIG: Final = 1


def main() -> int:
    """Entry of the process. Exit 0 = told to end, 2 = the job line is not usable."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us in its own time
    source = sys.stdin.buffer
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints stays off the pipe
    try:
        job = msgspec.json.decode(source.readline(), type=Job)
        config = StoreConfig.model_validate(job.config)
    except (msgspec.DecodeError, ValidationError) as error:
        print(f"vision.worker: the job on stdin is not usable: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    cv2.setNumThreads(1)  # several cameras share few cores
    worker = Worker(job, config, SystemClock.joined(job.clock_offset_ns).now, sink, stop)
    try:
        worker.get_ready()
        anchor_ns = job.anchor_ns if job.anchor_ns is not None else _told_beginning(source)
        if anchor_ns is None:
            return 0
        threading.Thread(target=_end_with_input, args=(source, stop), daemon=True).start()
        worker.run(anchor_ns)
    except BrokenPipeError:
        os._exit(0)
    return 0


def _told_beginning(source: BinaryIO) -> int | None:
    """When the world began; None when the parent ended instead of saying it."""
    line = source.readline()
    return msgspec.json.decode(line, type=int) if line else None


def die_with_parent() -> None:
    """Linux sends us SIGKILL when the parent dies, however it dies."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _end_with_input(source: BinaryIO, stop: threading.Event) -> None:
    while source.read(1):
        pass
    stop.set()
    threading.Event().wait(GRACE_S)  # time to finish the recording, not to wait for a camera
    os._exit(0)


class Worker:
    """Plays one camera through its sense and writes what comes out."""

    def __init__(self, job: Job, config: StoreConfig, now: Now, sink: BinaryIO, stop: threading.Event) -> None:
        self._job = job
        self._config = config
        self._now = now
        self._sink = sink
        self._stop = stop
        self._sense: SeeingSense | None = None
        self._loop: int | None = None
        self._state: tuple[str, str] = ("", "")
        self._beat_ns = 0

    def get_ready(self) -> None:
        """Load what the sense needs before a picture is due; an empty line says that this is done."""
        if self._job.anchor_ns is not None:  # nobody waits for the models: say that the process is up
            self._beat()
        with contextlib.suppress(BadInput, OSError):  # tried again, and told, when the camera is opened
            self._sense = self._new_sense()
        self._beat_ns = 0
        self._beat()

    def run(self, anchor_ns: int) -> None:
        """Until told to stop; the world of a clip began at `anchor_ns`. Raises BrokenPipeError when nobody listens."""
        failures = 0
        while not self._stop.is_set():
            self._beat()
            try:
                self._sense = self._sense or self._new_sense()
                with closing(self._shots(anchor_ns)) as shots:
                    for shot in shots:
                        self._see(shot)
                        failures = 0
                        if self._stop.is_set():
                            return
            except BrokenPipeError:
                raise
            except (BadInput, OSError) as error:
                self._tell("lost", str(error))
            self._wait(int(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)] * 1_000_000_000))
            failures += 1

    def _shots(self, anchor_ns: int) -> Generator[Shot, None, None]:
        job = self._job
        source = open_source(job.url, anchor_ns, job.loop_ns, self._now, self._wait)
        if job.record is None:
            yield from source.shots()
            return
        with closing(UntilFull(Path(job.record), self._recording_lost)) as keeper:
            yield from source.shots(keeper)

    def _recording_lost(self, why: str) -> None:
        now_ns, camera = self._now(), self._job.camera  # the daemon ends this alarm of "recording" at its next start
        self._write(HealthChanged(captured_ns=now_ns, source=camera, device="recording", state="degraded", detail=why))

    def _see(self, shot: Shot) -> None:
        job = self._job
        assert self._sense is not None
        if self._loop is not None and shot.loop != self._loop:  # at the seam of a loop the world begins anew
            for event in self._sense.flush():
                self._write(event)
            self._sense = self._new_sense()  # but the camera's eye is the same
        self._loop = shot.loop
        found = self._sense.see(shot.picture, shot.captured_ns)
        self._write(VideoFrame(captured_ns=shot.captured_ns, source=job.camera, camera=job.camera, pts=shot.pts))
        for event in found:
            self._write(event)
        self._tell("ok", self._sense.describe())
        self._beat()

    def _new_sense(self) -> SeeingSense:
        eye = self._sense.eye if self._sense is not None else None
        return make_sense(self._config, self._job.camera, self._job.gallery, self._job.origin_wall_ns, eye)

    def _tell(self, state: Literal["ok", "lost"], detail: str) -> None:
        if self._state == (state, detail):
            return
        self._state = (state, detail)
        camera = self._job.camera
        self._write(HealthChanged(captured_ns=self._now(), source=camera, device=camera, state=state, detail=detail))

    def _wait(self, span_ns: int) -> bool:
        """Wait on the run's time line, with a sign of life each second. True = told to stop."""
        until_ns = self._now() + span_ns
        while (left_ns := until_ns - self._now()) > 0 and not self._stop.is_set():
            self._beat()
            self._stop.wait(min(left_ns, HEARTBEAT_NS) / 1e9)
        return self._stop.is_set()

    def _beat(self) -> None:
        if self._now() - self._beat_ns >= HEARTBEAT_NS or self._beat_ns == 0:
            self._beat_ns = self._now()
            self._sink.write(b"\n")

    def _write(self, item: Item) -> None:
        self._sink.write(encode(item))


if __name__ == "__main__":
    sys.exit(main())
