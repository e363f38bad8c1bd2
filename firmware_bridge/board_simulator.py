"""A board that is another machine: its own process, its own clock, a pty in place of the UART.

    python -m firmware_bridge.board_simulator --link PATH [--kind door|turnstile] [--auto-pass MS] [--log] [--stdin]

Prints one JSON line when ready. With --stdin it takes the words of a hand at the door, one a line ("pass in",
"pass out"), and ends when its input ends, so it never outlives the program that started it. With --log every
happening inside the board is one JSON line on stdout. Must not: be imported by the host side; it alone here reads
a clock, because it plays a machine that has one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import signal
import sys
import time
import tty
from pathlib import Path
from typing import Any, Final

from firmware_bridge import messages
from firmware_bridge.board_logic import Board

TICK_S: Final = 0.010


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped. Exit 0 when told to stop, 2 for arguments that cannot be used."""
    chosen = _parser().parse_args(arguments)
    link = Path(chosen.link)
    if link.exists() and not link.is_symlink():
        print(f"board simulator: {link}: is a real file, not replaced; choose another path", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    target = os.ttyname(slave)
    try:
        _point(link, target)
    except OSError as error:
        print(f"board simulator: {link}: {error}; choose a path in a folder that exists", file=sys.stderr)
        return 2
    try:
        _say({"event": "ready", "link": str(link), "port": target, "kind": chosen.kind, "pid": os.getpid()})
        _serve(master, chosen)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        with contextlib.suppress(OSError):
            if os.readlink(link) == target:
                link.unlink()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="board_simulator", description="A door or turnstile board on a pty.")
    parser.add_argument("--link", required=True, help="symbolic link to make; the host opens it as its port")
    parser.add_argument("--kind", choices=("door", "turnstile"), default="door")
    parser.add_argument("--auto-pass", type=int, metavar="MS", help="a body passes this long after each grant")
    parser.add_argument("--protocol-major", type=int, default=messages.MAJOR, help="the version this board speaks")
    parser.add_argument("--board-id", type=_board_id, default=b"SIMULATD", metavar="HEX", help="16 hex digits")
    parser.add_argument("--log", action="store_true", help="one JSON line for every happening inside the board")
    parser.add_argument("--stdin", action="store_true", help="take words from standard input, stop when it ends")
    return parser


def _board_id(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != 8:
        raise ValueError("a board id has 16 hex digits")
    return found


def _point(link: Path, target: str) -> None:
    """Make or move the symbolic link in one step, so that nobody ever opens a half-made one."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    os.symlink(target, fresh)
    os.replace(fresh, link)


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _board_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _serve(master: int, chosen: argparse.Namespace) -> None:
    start = _board_ms()
    board = Board(chosen.kind, chosen.auto_pass, chosen.protocol_major, chosen.board_id)
    words = sys.stdin.fileno() if chosen.stdin else -1
    waiting = selectors.DefaultSelector()
    waiting.register(master, selectors.EVENT_READ)
    if chosen.stdin:
        waiting.register(words, selectors.EVENT_READ)
    while True:
        ready = {key.fd for key, _ in waiting.select(TICK_S)}
        data = _read(master) if master in ready else b""
        _write(master, board.feed(data, _board_ms() - start))
        if words in ready and not _obey(board, words):
            return
        if chosen.log:
            for line in board.log:
                _say(line)
        board.log.clear()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # nobody holds the other end just now
        return b""


def _write(master: int, data: bytes) -> None:
    if data:
        with contextlib.suppress(OSError):  # a line that nobody reads loses bytes, as a UART does
            os.write(master, data)


def _obey(board: Board, words: int) -> bool:
    """Carry out the words that came; False when the giver of words is gone."""
    data = os.read(words, 4096)
    for line in data.split(b"\n"):
        if line.strip() == b"pass in":
            board.walk("in")
        elif line.strip() == b"pass out":
            board.walk("out")
    return bool(data)


if __name__ == "__main__":
    sys.exit(main())
