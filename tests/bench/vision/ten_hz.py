"""Clips of three kinds of camera at 10 pictures a second, and the shops that watch them. Must not: measure."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import av

from edge import config
from edge.config import StoreConfig
from tests.bench.vision.clips import looped
from tests.conftest import ROOT

MODELS: Final = ROOT.parent / "shared" / "models"
RATE_HZ: Final = 10
LENGTH_S: Final = 20
KINDS: Final = {  # kind -> its clip, its store.toml
    "floor": ("station-visits-a", "station-visits"),
    "shelf": ("shelf-bottles-a", "shelf-bottles"),
    "gate": ("gate-head-pair", "gate"),
}


class Watched(NamedTuple):
    """A camera of one kind: the clip it shows, and the shop that it belongs to. The camera has the kind's name."""

    kind: str
    clip: Path
    shop: StoreConfig


def watched(clips: Path, folder: Path) -> list[Watched]:
    """One camera of each kind; their clips are written into `folder`."""
    found = []
    for kind, (clip, shop) in KINDS.items():
        path = folder / f"{kind}.mp4"
        write(clips / f"{clip}.mp4", path)
        settings = {"models.folder": str(MODELS), "faces.engine": "auto"}
        found.append(Watched(kind, path, config.load(clips / "config" / f"{shop}.toml", settings)))
    return found


def write(source: Path, target: Path) -> None:
    """`source`, looped, as H.264 of LENGTH_S at RATE_HZ with a key picture each second."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options={"crf": "20", "preset": "veryfast"})
        stream.pix_fmt, stream.gop_size = "yuv420p", RATE_HZ
        for number, (_, picture) in enumerate(looped(source, LENGTH_S, RATE_HZ)):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
