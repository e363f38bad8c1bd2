"""Where the broker is, who we say we are, and how long to wait before the next try.

Must not: open a connection.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from edge.core.errors import BadInput

PORT: Final = 1883
TLS_PORT: Final = 8883
BACKOFF_FIRST_S: Final = 0.2
BACKOFF_CAP_S: Final = 60.0


class Address(msgspec.Struct, frozen=True):
    """One broker."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Login(msgspec.Struct, frozen=True):
    """User name and password, and the authority that the broker's certificate must come from (None = the system's)."""

    username: str = ""
    password: str = ""
    ca_file: str | None = None
    tls: bool = False


def parse_addresses(text: str) -> tuple[Address, ...]:
    """`host:port`, `mqtt://host`, `mqtts://host:port`, or several of them with commas. Raises BadInput."""
    found = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise BadInput("broker", "is empty; give host:port, mqtt://host:port or mqtts://host:port")
    return found


def make_login(username: str | None, password_file: str | None, ca_file: str | None, *, tls: bool) -> Login:
    """Login from the keys of [cloud]; the password is the first line of its file. Raises BadInput."""
    password = ""
    if password_file is not None:
        try:
            password = (Path(password_file).read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("cloud.password_file", f"cannot be read ({error}); give a text file") from None
    if ca_file is not None and not Path(ca_file).is_file():
        raise BadInput("cloud.ca_file", f"{ca_file} is not a file; give a PEM file")
    return Login(username or "", password, ca_file, tls or ca_file is not None)


class Backoff:
    """Full jitter: the n-th wait is anywhere between 0 and min(cap, first * 2^n)."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._tries = 0

    def next_s(self) -> float:
        """Seconds to wait before the next try."""
        ceiling = min(BACKOFF_CAP_S, BACKOFF_FIRST_S * 2 ** min(self._tries, 16))
        self._tries += 1
        return self._rng.uniform(0.0, ceiling)

    def reset(self) -> None:
        """The peer answered: start from the shortest wait again."""
        self._tries = 0


def _parse(text: str) -> Address:
    cure = "give host:port, mqtt://host:port or mqtts://host:port"
    try:
        parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        port = parts.port
    except ValueError as error:
        raise BadInput("broker", f"{text!r}: {error}; {cure}") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0:
        raise BadInput("broker", f"{text!r} is not a broker address; {cure}")
    tls = parts.scheme == "mqtts"
    return Address(parts.hostname, port or (TLS_PORT if tls else PORT), tls)
