"""The baseline beside the slot watch: background subtraction (MOG2) in every slot, as many tutorials do it.

A slot that is foreground for a second has changed; fewer edges than before = taken. Must not: gate on bodies.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.config import StoreConfig
from edge.core.events import Event, ShelfChanged
from vision.places import Places
from vision.planes import Picture
from vision.slots import slots_of

HISTORY, VARIANCE = 300, 25.0
SHARE, LASTS_NS = 0.25, 1_000_000_000
SCALE = 0.5


class Mog2Watch:
    """One shelf camera (edge.core.ports.PictureSense)."""

    def __init__(self, config: StoreConfig, camera: str) -> None:
        self._camera = camera
        self._slots = slots_of(config, camera)
        self._model = cv2.createBackgroundSubtractorMOG2(HISTORY, VARIANCE, False)
        self._places: Places | None = None
        self._since: list[int | None] = [None] * len(self._slots)
        self._edges: list[float] = [0.0] * len(self._slots)

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR."""
        if self._places is None:
            self._places = Places(self._slots, picture.shape[1], picture.shape[0])
        small = cv2.resize(picture, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
        foreground = self._model.apply(small) > 0
        light = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        edges = np.abs(cv2.Laplacian(light, cv2.CV_32F))
        events: list[Event] = []
        for number, slot in enumerate(self._slots):
            mask = self._places.inside[number]
            if foreground[mask].mean() < SHARE:
                self._since[number] = None
                self._edges[number] = float(edges[mask].mean())
                continue
            since = self._since[number]
            if since is None:
                self._since[number] = captured_ns
            elif since >= 0 and captured_ns - since >= LASTS_NS:
                self._since[number] = -1  # told once, until the slot is background again
                change = "take" if float(edges[mask].mean()) < self._edges[number] else "put"
                events.append(
                    ShelfChanged(
                        captured_ns=captured_ns, source=self._camera, camera=self._camera, slot=slot.id,
                        change=change, began_ns=since, ended_ns=captured_ns,
                    )
                )  # fmt: skip
        return events

    def flush(self) -> list[Event]:
        """Nothing waits."""
        return []
