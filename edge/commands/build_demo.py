"""`python -m edge.commands.build_demo --out FOLDER`: makes the recording of the bundled shop anew.

Not a sub-command of `muin`: only who changes the bundled shop needs it, and the extra `render` with it. Must not:
write into a folder in use, or leave half a recording.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge.core.errors import BadInput


def main() -> None:
    """Entry. Exit 0 done, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m edge.commands.build_demo", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the recording")
    folder: Path = parser.parse_args().out
    from edge.commands.imports import whole_or_nothing
    from edge.recorder import Recorder
    from edge.simulation.demo import build_demo

    try:
        with whole_or_nothing(folder) as fresh:
            build_demo(fresh, Recorder, lambda text: print(text, file=sys.stderr))
    except BadInput as error:
        print(f"build_demo: {error}", file=sys.stderr)
        sys.exit(2)
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
