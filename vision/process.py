"""The daemon's end of a vision worker: starts it by exec, hears it, starts it again.

Must not: touch a picture, or let a dead or silent worker go unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

import vision
from edge.clock import SystemClock
from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.events import HealthChanged, InputRejected
from edge.core.ports import Check, Emit
from vision.cameras import is_file, open_container, without_password
from vision.job import Job, decode

BACK_OFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
SILENT_S: Final = 20.0  # longer than opening and reading a camera may take
STEADY_NS: Final = 30_000_000_000  # a worker that lived this long is trusted again
LINE_BYTES: Final = 1 << 20
END_S: Final = 2.0
PROGRAM: Final = (sys.executable, "-m", "vision.worker")

log = logging.getLogger(__name__)


class VisionWorker:
    """A camera as a source of events (edge.core.ports.Source), watched in a process of its own.

    `url` overrides the configured one. `anchor_ns` and `loop_ns` place a file url on the run's time line
    (vision.job.Job). `record` is the mp4 that the packets go to. `gallery` goes to a gate's sense as it is.
    A worker that says nothing for `silent_s` is ended and started again. With `anchor_ns` None the world has not
    begun: `get_ready` starts the process and lets it load its models, `begin` says when the world began; both go
    before `run`.
    """

    def __init__(
        self,
        config: StoreConfig,
        camera_id: str,
        clock: SystemClock,
        *,
        url: str | None = None,
        anchor_ns: int | None = 0,
        loop_ns: int = 0,
        record: Path | None = None,
        gallery: dict[str, Any] | None = None,
        silent_s: float = SILENT_S,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        camera = next((row for row in config.camera if row.id == camera_id), None)
        found = url or (camera.url if camera is not None else None)
        if camera is None or found is None:
            raise BadInput(f"camera {camera_id}", "has no url; give the address of its stream, a device or a clip")
        self.name = camera_id
        self._url = found
        self._clock = clock
        self._state = ""
        self._silent_s = silent_s
        self._program = tuple(program)
        self._ready: asyncio.subprocess.Process | None = None
        self._job = Job(
            camera=camera_id,
            config=config.model_dump(mode="json"),
            url=found,
            clock_offset_ns=clock.offset_ns,
            anchor_ns=anchor_ns,
            loop_ns=loop_ns,
            record=None if record is None else str(record),
            gallery=gallery,
            origin_wall_ns=clock.origin_wall_ns,
        )

    async def get_ready(self) -> None:
        """Return when the worker has loaded its models, or failed to: `run` tells of it and tries again."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError, ValueError):
            self._ready = await self._start()
            assert self._ready.stdout is not None
            async with asyncio.timeout(self._silent_s):
                await self._ready.stdout.readline()

    async def begin(self, anchor_ns: int) -> None:
        """Say when the world of a file url began, to the process that is ready and to those that come after it."""
        self._job = msgspec.structs.replace(self._job, anchor_ns=anchor_ns)
        if self._ready is not None and self._ready.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it is dead: `run` starts another one
                self._ready.stdin.write(b"%d\n" % anchor_ns)
                await self._ready.stdin.drain()

    async def run(self, emit: Emit) -> None:
        """Keep a worker running until cancelled."""
        failures = 0
        while True:
            started_ns = self._clock.now()
            reason = await self._one_life(emit)
            self._health(emit, "lost", reason)
            failures = 0 if self._clock.now() - started_ns > STEADY_NS else failures + 1
            await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1] if failures else BACK_OFF_S[0])

    async def self_check(self) -> Check:
        """Open the camera once and look at its first picture."""
        try:
            size = await asyncio.to_thread(first_picture_size, self._url)
        except BadInput as error:
            state: Literal["absent", "failed"] = "absent" if "no such file" in error.text else "failed"
            cure = f"see camera {self.name} in store.toml"
            return Check(device=self.name, state=state, detail=f"{error.place}: {error.text}", cure=cure)
        return Check(device=self.name, state="ok", detail=f"{size[0]}x{size[1]} pixels")

    async def _one_life(self, emit: Emit) -> str:
        process, self._ready = self._ready or await self._start(), None
        try:
            assert process.stdin is not None
            await process.stdin.drain()
            reason = await self._hear(process, emit)
        except (BrokenPipeError, ConnectionResetError):
            reason = ""
        finally:
            await _end(process)
        return reason or f"the vision worker ended with code {process.returncode}; it is started again"

    async def _start(self) -> asyncio.subprocess.Process:
        starting = asyncio.ensure_future(asyncio.create_subprocess_exec(
            *self._program,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES, env=_environment(),
        ))  # fmt: skip
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:  # a start that is cut in two would leave us waiting for ever
            await _end(await starting)
            raise
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(self._job) + b"\n")
        return process

    async def _hear(self, process: asyncio.subprocess.Process, emit: Emit) -> str:
        assert process.stdout is not None
        while True:
            try:
                async with asyncio.timeout(self._silent_s):  # wait_for can swallow our own cancellation
                    line = await process.stdout.readline()
            except TimeoutError:
                return f"the vision worker said nothing for {self._silent_s:.0f} s; it is started again"
            except ValueError:
                self._reject(emit, f"a line longer than {LINE_BYTES} bytes")
                return "the vision worker lost its way; it is started again"
            if not line:
                return ""
            self._forward(line, emit)

    def _forward(self, line: bytes, emit: Emit) -> None:
        try:
            item = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._reject(emit, f"not a line of ours ({error})")
            return
        if isinstance(item, HealthChanged) and item.device == self.name and not item.cause:
            self._health(emit, item.state, item.detail)
        elif item is not None:
            emit(item)

    def _health(self, emit: Emit, state: Literal["ok", "lost", "stale", "degraded"], detail: str) -> None:
        if self._state == f"{state} {detail}":
            return
        self._state = f"{state} {detail}"
        log.log(logging.INFO if state == "ok" else logging.WARNING, "camera %s: %s: %s", self.name, state, detail)
        now_ns = self._clock.now()
        emit(HealthChanged(captured_ns=now_ns, source=self.name, device=self.name, state=state, detail=detail))

    def _reject(self, emit: Emit, detail: str) -> None:
        emit(InputRejected(captured_ns=self._clock.now(), source=self.name, device=self.name, detail=detail))


def first_picture_size(url: str) -> tuple[int, int]:
    """Width and height of the first picture. Raises BadInput."""
    with open_container(url) as container:
        for frame in container.decode(video=0):
            return int(frame.width), int(frame.height)
    place = url if is_file(url) else without_password(url)
    raise BadInput(place, "gives no picture; check the camera, or copy the clip again")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Ours, with the product's root findable from any working folder."""
    root = str(Path(str(vision.__file__)).resolve().parent.parent)
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root if not others else f"{root}{os.pathsep}{others}"}
