"""The `muin` command: a thin table of sub-commands. Each group of commands is a module of edge.commands.

Must not: contain a command's work, or let a traceback reach somebody who gave bad input.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import Final

import typer

from edge.config import ConfigError
from edge.core.errors import BadInput

GROUPS = (
    "demo", "run", "check", "doctor", "replay", "score", "simulate", "imports", "evaluate", "ledger", "people",
    "forget", "claim", "models", "products",
)  # fmt: skip

DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)

app = typer.Typer(
    help="muin: the edge appliance of a shop without staff.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Entry of the console script and of `python -m edge`. Exit 0 done, 1 the answer is no, 2 bad input."""
    for group in GROUPS:
        importlib.import_module(f"edge.commands.{group}").register(app)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks is shown as its number
    sys.exit(_run())


def _run() -> int:
    """The exit code of the command line; what is wrong with it is said on stderr, in words."""
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except (BadInput, ConfigError) as error:
        return _refused(str(error))
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as error:
        if error.filename is not None:
            cure = "choose another place, or make this one usable"
            return _refused(f"{error.filename}: cannot be used ({error.strerror}); {cure}")
        if error.errno not in DISK_ERRORS:
            raise
        _forget_stdout()
        return _refused(f"output: cannot be written ({error.strerror}); free space, or choose another place")
    except KeyboardInterrupt:  # Ctrl-C before a command listens for it
        return 130
    return 0


def _refused(text: str) -> int:
    with suppress(OSError):  # where stderr is closed or full, the exit code has to say it
        print(f"muin: {text}", file=sys.stderr, flush=True)
    return 2


def _forget_stdout() -> None:
    """What still waits to be written would be tried again at the very end, with words of Python's own."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    main()
