"""The `muin` command: a thin table of sub-commands. Each group of commands is a module of edge.commands.

Must not: contain a command's work, or let a traceback reach somebody who gave bad input.
"""

from __future__ import annotations

import importlib
import sys

import typer

from edge.config import ConfigError
from edge.core.errors import BadInput

GROUPS = (
    "demo", "run", "check", "doctor", "replay", "score", "simulate", "imports", "evaluate", "ledger", "people",
    "forget", "claim", "models", "products",
)  # fmt: skip

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
    try:
        app()
    except (BadInput, ConfigError) as error:
        print(f"muin: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        cure = "choose another place, or make this one usable"
        print(f"muin: {error.filename}: cannot be used ({error.strerror}); {cure}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:  # Ctrl-C before a command listens for it
        sys.exit(130)


if __name__ == "__main__":
    main()
