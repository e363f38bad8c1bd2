"""A bench for gates: a board simulator process to kill and freeze, a line that damages bytes, and a wait helper."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from edge.core.commands import GrantPassage
from edge.core.events import Event, GrantAnswered, HealthChanged
from edge.core.signals import Signal

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 60.0


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until the condition holds; fail with `what` after a generous deadline."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():  # noqa: ASYNC110 (the condition is another process's doing)
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None


def bench(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an async test body."""
    asyncio.run(main())


class Seen(list[Any]):
    """What an adapter emitted."""

    def __call__(self, item: Event | Signal) -> None:
        self.append(item)

    def of(self, kind: type[Any]) -> list[Any]:
        return [item for item in self if isinstance(item, kind)]

    def health(self) -> list[str]:
        return [item.state for item in self.of(HealthChanged)]

    def answers(self) -> dict[str, GrantAnswered]:
        return {item.request: item for item in self.of(GrantAnswered)}


def grant(request: str, direction: Any = "in") -> GrantPassage:
    return GrantPassage(issued_ns=0, gate="d1", direction=direction, request=request)


class BoardProcess:
    """A simulator process whose inside is visible through its log lines."""

    def __init__(self, link: Path, *options: str) -> None:
        self.link, self._options = link, options
        self.board_id = random.SystemRandom().randbytes(8).hex()  # never mistake another run's board for this one
        self.log: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.log.clear()
        command = ["-m", "firmware_bridge.board_simulator", "--link", str(self.link), "--log"]
        command += ["--board-id", self.board_id, *self._options]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        self._reading = asyncio.create_task(self._read())
        await until(lambda: self.of("ready"), "board simulator ready")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.log.append(json.loads(line))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]

    def send(self, what: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(what)

    async def end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._process is not None:
            await self._process.wait()
        if self._reading is not None:
            await self._reading


@contextlib.asynccontextmanager
async def board(link: Path, *options: str) -> AsyncIterator[BoardProcess]:
    process = BoardProcess(link, *options)
    try:
        await process.start()
        yield process
    finally:
        await process.end()


@contextlib.asynccontextmanager
async def running(gate: Any, seen: Seen) -> AsyncIterator[None]:
    """A gate's `run` as a task. A task that ended by itself fails the test."""
    task = asyncio.create_task(gate.run(seen))
    try:
        yield
        assert not task.done(), f"the adapter ended by itself: {task}"
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class NoisyLine:
    """Sits between box and board: loses, flips and adds bytes, each with `rate`, from a seed. Rate 0 = clean."""

    def __init__(self, board_port: Path, link: Path, seed: int) -> None:
        self.rate = 0.0
        self.damaged = 0
        self._random = random.Random(seed)
        self._board = os.open(board_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._host, self._slave = os.openpty()
        for line in (self._board, self._slave):
            tty.setraw(line)
        os.set_blocking(self._host, False)
        link.symlink_to(os.ttyname(self._slave))
        loop = asyncio.get_running_loop()
        loop.add_reader(self._board, self._carry, self._board, self._host)
        loop.add_reader(self._host, self._carry, self._host, self._board)

    def babble(self, size: int) -> None:
        """Garbage towards the box."""
        self._write(self._host, self._random.randbytes(size))

    def babble_at_board(self, size: int) -> None:
        """Garbage towards the board."""
        self._write(self._board, self._random.randbytes(size))

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._board)
        loop.remove_reader(self._host)
        for line in (self._board, self._host, self._slave):
            os.close(line)

    def _carry(self, source: int, target: int) -> None:
        with contextlib.suppress(OSError):
            self._write(target, self._spoil(os.read(source, 4096)))

    def _write(self, target: int, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # a full line loses bytes, as a UART does
            os.write(target, data)

    def _spoil(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._random.random() >= self.rate:
                out.append(byte)
                continue
            self.damaged += 1
            kind = self._random.randrange(3)
            if kind == 0:
                out.append(byte ^ (1 << self._random.randrange(8)))
            elif kind == 1:
                out += bytes((byte, self._random.randrange(256)))
        return bytes(out)
