"""Keeps the chatter of native libraries off stderr: what they print while a network is loaded or freed.

LiteRT inside MediaPipe 1.2 heeds no environment variable (GLOG_minloglevel, TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL
and GOOGLE_STDERRTHRESHOLD were tried), so the file descriptor itself is turned aside. Must not: lose a line where
the call fails, or stay in force while anything of ours may want to speak.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_aside() -> Iterator[None]:
    """Whatever is written to file descriptor 2 inside is kept; it comes out after all where an exception ends this.

    Holds for the whole process, so nothing else of ours may run meanwhile.
    """
    sys.stderr.flush()
    ours = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            _back(ours)
            aside.seek(0)
            os.write(2, aside.read())
            raise
        else:
            _back(ours)
        finally:
            os.close(ours)


def _back(ours: int) -> None:
    sys.stderr.flush()
    os.dup2(ours, 2)
