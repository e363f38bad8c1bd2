"""`python -m tests.bench.faces [engines|limits|liveness|gate]`: figures about faces, by the product's own commands.

Needs ../shared/data and ../shared/models. Engines side by side on the London protocol and on office holders on other
days; limits by gallery size; liveness on the living, on one real and on simulated re-photographs; the gate clips.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench.rephotographed import on_a_screen, printed
from tests.conftest import ROOT

DATA, MODELS = ROOT.parent / "shared" / "data", ROOT.parent / "shared" / "models"
FACES, VIDEO = DATA / "faces", DATA / "video"
LIVE_CLIPS = ("gate-head-man.mp4", "gate-head-pair.mp4", "gate-walk-two.mp4")
CLIPS = {  # clip -> who is enrolled from what
    "gate-head-man.mp4": {"A": "video/gate-head-man.mp4"},
    "gate-head-pair.mp4": {"A": "video/gate-head-man.mp4"},
    "gate-walk-two.mp4": {"A": "video/gate-head-man.mp4"},
    "stage-faces.mp4": {name: f"faces/officials/stage_{name}.jpg" for name in ("singer", "pianist")},
}


def muin(*words: object) -> str:
    """A command's stdout."""
    command = [sys.executable, "-m", "edge", "evaluate", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
    ).stdout


def table(path: Path, second: str, rows: Iterable[tuple[Path, str]]) -> Path:
    """A list of labelled pictures."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", second])
        writer.writerows(rows)
    return path


def engines(folder: Path) -> None:
    """London (one day, studio light), then office holders on other days with everybody of London as strangers."""
    print("\n## London, 60 enrolled, 60 probes, 20 strangers")
    print(muin("face-engines", "--enrol", FACES / "london-enrol.csv", "--probe", FACES / "london-probe.csv",
               "--models", MODELS))  # fmt: skip
    people = [FACES / "officials" / f"{name}.jpg" for name in ("president_1", "vice_president_1", "stage_singer")]
    enrol = table(folder / "officials-enrol.csv", "identity", [(path, path.stem.rstrip("_1")) for path in people])
    strangers = [(path, "") for path in sorted((FACES / "london").glob("*_neutral.jpg"))]
    again = [(FACES / "officials/president_2.jpg", "president"), (FACES / "officials/stage_pianist.jpg", "")]
    probe = table(folder / "officials-probe.csv", "identity", [*again, *strangers])
    print("\n## officials: 3 enrolled, 1 of them on another day, 61 strangers")
    print(muin("face-engines", "--enrol", enrol, "--probe", probe, "--models", MODELS))


def limits() -> None:
    """Distance at which a stranger gets somebody's name with one chance in a thousand, by size of the gallery."""
    print("\n## limits by gallery size, from 1,770 pairs of different people")
    for engine in ("dlib", "onnx"):
        found = json.loads(muin("face-threshold", "--enrol", FACES / "london-enrol.csv", "--engine", engine,
                                "--models", MODELS, "--json"))  # fmt: skip
        print(f"{engine}: impostors = {found['impostors']}, nearest pair {found['nearest']}, {found['by_gallery']}")


def liveness(folder: Path) -> None:
    """Living people (photographs and clips) against one real and sixty simulated re-photographs of each kind."""
    chance = np.random.default_rng(60)
    portraits = sorted((FACES / "london").glob("*.jpg"))
    rows = [(path, "live") for path in [*portraits, *sorted((FACES / "strangers").glob("*.jpg"))]]
    rows += [(path, "live") for path in [*sorted((FACES / "officials").glob("*.jpg")), FACES / "spoof/live_1.jpg"]]
    rows += [(VIDEO / name, f"live in {name}") for name in LIVE_CLIPS]
    rows.append((FACES / "spoof/print_1.jpg", "re-photographed (real)"))
    for path in portraits[::2]:
        for kind, make in (("print (simulated)", printed), ("screen (simulated)", on_a_screen)):
            target = folder / f"{path.stem}-{kind.split()[0]}.png"
            cv2.imwrite(str(target), make(cv2.imread(str(path)), chance))
            rows.append((target, kind))
    listed = table(folder / "liveness.csv", "kind", rows)
    print("\n## liveness, MiniFASNet pair: `wrong` = living called pictures, or pictures called living")
    for engine in ("onnx", "dlib"):
        found = json.loads(muin("liveness", "--pictures", listed, "--engine", engine, "--models", MODELS, "--json"))
        for kind, figures in found["kinds"].items():
            print(f"{engine} | {kind} | {figures}")


def gate(place: Path) -> None:
    """The clips of a gate camera: who is named, how many faces stay unknown, what the shop would be told."""
    print("\n## gate clips")
    for clip, people in CLIPS.items():
        listed = table(place / f"{clip}.csv", "identity", [(DATA / path, name) for name, path in people.items()])
        for way, engine, folder in (("onnx", "onnx", MODELS), ("blazeface", "dlib", MODELS), ("hog", "dlib", "")):
            words = ["gate", "--enrol", listed, VIDEO / clip, "--engine", engine, "--json"]
            found: dict[str, Any] = json.loads(muin(*words, *(["--models", folder] if folder else [])))
            told = [(row["t_s"], row["shopper"] or row["reason"], (row["look"] or {}).get("liveness_ppm"))
                    for row in found["credentials"]]  # fmt: skip
            print(f"{clip} | {way} | {found['identified']} | {found['ms_per_frame']} ms")
            print(
                f"  unknown {found['unknown_faces']} of {found['frames']} frames, not compared {found['not_compared']}"
            )
            print(f"  told {told}", flush=True)


PARTS = {"engines": engines, "limits": lambda folder: limits(), "liveness": liveness, "gate": gate}


def main(wanted: list[str]) -> None:
    """All of it, or the parts that are named."""
    with tempfile.TemporaryDirectory() as name:
        for part in wanted or PARTS:
            PARTS[part](Path(name))


if __name__ == "__main__":
    main(sys.argv[1:])
