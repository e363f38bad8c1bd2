"""Log set-up of every process: one line per fact on stderr. Must not: log a face, a token or a key."""

from __future__ import annotations

import logging
import sys


def set_up(verbose: bool = False) -> None:
    """Log to stderr; warnings of noisy libraries only."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("amqtt", "transitions", "asyncio", "uvicorn.access", "PIL", "matplotlib", "libav"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
