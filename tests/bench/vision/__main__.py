"""`python -m tests.bench.vision [SECTION...]`: prints the sections, all of them where none is named."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.vision.table import Section
from tests.conftest import ROOT

CLIPS = ROOT.parent / "shared" / "data" / "video"


def health(clips: Path) -> Section:
    """Faults of a camera's eye."""
    from tests.bench.vision.health import section

    return section(clips)


def stages(clips: Path) -> Section:
    """CPU of each stage."""
    from tests.bench.vision.stage_times import section

    return section(clips)


def overhead(clips: Path) -> Section:
    """Beside a bare loop of decoding and inference."""
    from tests.bench.vision.overhead import section

    return section(clips)


def cameras(clips: Path) -> Section:
    """Real workers, 1 to 8 of them."""
    from tests.bench.vision.many_cameras import section

    return section(clips)


SECTIONS: dict[str, Callable[[Path], Section]] = {
    "stages": stages, "overhead": overhead, "cameras": cameras, "health": health,
}  # fmt: skip


def machine() -> str:
    """Processor, cores and how busy it is."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    name = found.group(1) if found else platform.machine()
    return f"{os.cpu_count()} cores, {name}; load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}"


def main(names: list[str]) -> int:
    """Print the sections. Exit 2 where a name or the clips are not there."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"{unknown[0]} is not a section; there are: {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    if not CLIPS.is_dir():
        print(f"{CLIPS} is not there: the recorded clips are needed", file=sys.stderr)
        return 2
    import cv2

    cv2.setNumThreads(1)  # as in a worker
    print(f"Machine: {machine()}", flush=True)
    for name in names or SECTIONS:
        SECTIONS[name](CLIPS).show()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
