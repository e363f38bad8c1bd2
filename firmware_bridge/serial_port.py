"""A serial port as the bridge needs it: opened safely with pyserial, read by the event loop, never blocking.

Opened exclusively (two programs on one port tear each other's frames), with DTR and RTS off (some boards reset
on DTR) and with stale bytes flushed. Must not: know frames, or let one blocked write stop the event loop.
"""

from __future__ import annotations

import asyncio
import errno
import select
import termios
from collections.abc import Callable

import serial

from firmware_bridge.errors import LineBroken, PortUnusable

_READ_SIZE = 4096


def open_port(path: str, baud: int) -> serial.Serial:
    """Open a port 8N1. Raises PortUnusable with the cure in its text."""
    port = serial.Serial(None, baud, timeout=0, write_timeout=0, exclusive=True)
    port.port = path
    port.dtr = False
    port.rts = False
    try:
        port.open()
        port.reset_input_buffer()
        port.reset_output_buffer()
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        port.close()
        raise _unusable(path, error) from None
    return port


def _unusable(path: str, error: Exception) -> PortUnusable:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortUnusable(
            f"{path}: there is no such port; plug the board in, or correct `port` in store.toml "
            "(ls /dev/serial/by-id shows what is there)",
            absent=True,
        )
    if number in (errno.EACCES, errno.EPERM):
        return PortUnusable(f"{path}: no permission; add this user to the group dialout")
    if number in (errno.EBUSY, errno.EWOULDBLOCK) or "exclusively lock" in text:
        return PortUnusable(f"{path}: another program holds the port; stop it (fuser -v {path} names it)")
    return PortUnusable(f"{path}: cannot be used as a serial port ({text}); give the path of the board's port")


class SerialPipe:
    """Bytes to and from an open port. `on_bytes` gets what came; `on_broken` is called once when it is gone."""

    def __init__(
        self,
        port: serial.Serial,
        on_bytes: Callable[[bytes], None],
        on_broken: Callable[[LineBroken], None],
    ) -> None:
        self._port = port
        self._on_bytes = on_bytes
        self._on_broken = on_broken
        self._loop = asyncio.get_running_loop()
        self._handle = port.fileno()
        self._open = True
        self._loop.add_reader(self._handle, self._readable)

    def send(self, data: bytes) -> bool:
        """Write without waiting. False = the line takes nothing now; the sender's retry is the cure."""
        if not self._open:
            return False
        try:
            # pyserial spins for ever on a full line with write_timeout=0, so ask first
            if not select.select([], [self._handle], [], 0)[1]:
                return False
            return self._port.write(data) == len(data)
        except (OSError, ValueError) as error:
            self._break(error)
            return False

    def close(self) -> None:
        """Give the port back; safe to call twice."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._handle)
        try:
            self._port.reset_output_buffer()  # closing would wait for bytes that a dead board never takes
        except (OSError, termios.error):
            pass  # the device is gone, so there is nothing left to flush
        self._port.close()

    def _readable(self) -> None:
        try:
            data = self._port.read(_READ_SIZE)
        except (OSError, TypeError) as error:  # pyserial: TypeError when closed underneath
            self._break(error)
            return
        if data:
            self._on_bytes(data)

    def _break(self, error: Exception) -> None:
        path = self._port.port
        self.close()
        self._on_broken(LineBroken(f"{path}: the line broke ({error}); check cable and power of the board"))
