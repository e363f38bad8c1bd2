"""A gate whose board is the simulator in a process of its own; the box talks to it with the live code.

Starts the process, starts it again when it died (a real board would boot again), stops it at the end. Must not:
answer for the board: everything goes over the pseudo terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from devices.board_passage import BoardPassage
from edge.core.commands import GrantPassage
from edge.core.ports import Check, Emit

START_S: Final = 20.0
BOOT_PAUSE_S: Final = 0.5


class SimulatorProcess:
    """One `firmware_bridge.board_simulator`. `link` is the path that plays the serial port."""

    def __init__(self, kind: Literal["door", "turnstile"], auto_pass_ms: int | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="muin-board-")
        self.link = str(Path(self._folder.name) / kind)
        self.board_id = secrets.token_hex(8)
        self._kind = kind
        self._auto_pass_ms = auto_pass_ms
        self._process: asyncio.subprocess.Process | None = None
        self.up = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id while the board is up."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def keep_up(self) -> None:
        """Run the board until cancelled; a board that died boots again."""
        try:
            while True:
                await self._boot()
                assert self._process is not None
                await self._process.wait()
                Path(self.link).unlink(missing_ok=True)  # the kernel may give that pty to somebody else
                await asyncio.sleep(BOOT_PAUSE_S)
        finally:
            self.stop_process()
            if self._process is not None:
                if self._process.stdin is not None:
                    self._process.stdin.close()
                await self._process.wait()
            self._folder.cleanup()

    def stop_process(self) -> None:
        """Cut the board's power (works on a frozen one too); `keep_up` boots it again."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def say(self, words: str) -> None:
        """A hand at the gate: "pass in" or "pass out"."""
        if self._process is not None and self._process.stdin is not None and self.pid is not None:
            self._process.stdin.write(words.encode() + b"\n")

    async def _boot(self) -> None:
        arguments = ["--link", self.link, "--kind", self._kind, "--board-id", self.board_id, "--stdin"]
        if self._auto_pass_ms is not None:
            arguments += ["--auto-pass", str(self._auto_pass_ms)]
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "firmware_bridge.board_simulator",
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=str(Path(__file__).resolve().parent.parent),
            )
        )
        try:
            self._process = await asyncio.shield(starting)
        except asyncio.CancelledError:  # a start that is cut in two would leave us waiting for ever
            self._process = await starting
            raise
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        if line:  # empty: it died at once; keep_up tries again
            self.up.set()


class ProcessPassage:
    """A Passage over a board simulator (satisfies `edge.core.ports.Passage`)."""

    def __init__(self, board: SimulatorProcess, live: BoardPassage) -> None:
        self.name = live.name
        self.board = board
        self._live = live

    async def run(self, emit: Emit) -> None:
        """Board and session, until cancelled."""
        board = asyncio.create_task(self.board.keep_up())
        try:
            with contextlib.suppress(TimeoutError):  # without a board the live code says `lost`, as it should
                async with asyncio.timeout(START_S):
                    await self.board.up.wait()
            await self._live.run(emit)
        finally:
            board.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await board

    async def grant(self, command: GrantPassage) -> None:
        """As the live gate does."""
        await self._live.grant(command)

    async def self_check(self) -> Check:
        """As the live gate does."""
        return await self._live.self_check()

    def walk(self, direction: Literal["in", "out"]) -> None:
        """Somebody goes through by hand, without the box."""
        self.board.say(f"pass {direction}")
