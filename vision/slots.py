"""The slot watch: pictures of a shelf camera in, `ShelfChanged` and `ShelfReached` out.

A slot is judged only when nothing moves or stands before it; a difference must last before it is told.
Must not: open a stream, read a clock, name a shopper, or sell: a change is evidence, the core decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from edge.config import ShelfVision, StoreConfig
from edge.core.errors import BadInput
from edge.core.events import Event, ShelfChanged
from vision.occluders import Backdrop, Scene
from vision.places import Places, SlotShape, box
from vision.planes import Mask, Picture, log_planes, saturated, to_work_size
from vision.products.naming import SlotNamer, open_namer
from vision.slot_memory import Judgement, Sight, SlotMemory, SlotRules
from vision.spill import Claims

LEAST_STEP_NS = 60_000_000  # faster cameras cost more and tell no more
GAP_NS = 1_500_000_000  # a hole in the stream this long may hide anything
ABSORB_S = 10.0
TOUCH_SHARE = 0.02  # of a slot
REACH_SHARE = 0.03
SHADED_SHARE = 0.03


class SlotWatch:
    """Watches all slots of one shelf camera (edge.core.ports.PictureSense)."""

    def __init__(
        self,
        camera: str,
        slots: Sequence[SlotShape],
        settings: ShelfVision,
        empty: Picture | None = None,
        namer: tuple[SlotNamer | None, str] = (None, ""),
    ) -> None:
        self._camera = camera
        self._slots = tuple(slots)
        self._settings = settings
        self._empty = empty
        self._namer, self._naming = namer
        self._rules = SlotRules(
            threshold=settings.change_threshold,
            light_threshold=settings.occluder_threshold,
            stable_ns=settings.stable_ms * 1_000_000,
            confirm_ns=settings.confirm_ms * 1_000_000,
        )
        self._places: Places | None = None
        self._backdrop: Backdrop | None = None
        self._claims: Claims | None = None
        self._memories: list[SlotMemory] = []
        self._last_ns = -LEAST_STEP_NS

    @classmethod
    def from_config(cls, config: StoreConfig, camera_id: str) -> SlotWatch:
        """The watch of one camera of a checked configuration. Raises BadInput for an unreadable empty picture."""
        slots = slots_of(config, camera_id)
        empty = _read_empty(config.shelf_vision.empty_picture, camera_id)
        return cls(camera_id, slots, config.shelf_vision, empty, open_namer(config, slots))

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR. Raises BadInput when its size does not fit the slots."""
        self._prepare(picture)
        if captured_ns - self._last_ns < LEAST_STEP_NS:
            return []
        gap = self._last_ns >= 0 and captured_ns - self._last_ns > GAP_NS
        since_ns, self._last_ns = self._last_ns, captured_ns
        assert self._places is not None
        assert self._backdrop is not None
        small = to_work_size(picture)
        scene = self._backdrop.see(log_planes(small), saturated(small), captured_ns / 1e9)
        patches = self._places.patches(small)
        events: list[Event] = []
        sights = self._sights(scene, captured_ns)
        for number, memory in enumerate(self._memories):
            if gap:
                memory.hidden(since_ns)
            found = memory.see(patches[number], sights[number])
            events += found.events if self._namer is None else self._named(self._namer, number, found, picture)
            if found.settled:
                self._backdrop.adopt((self._places.near[number] | self._explained(number, found, scene)) & ~scene.body)
        return events

    def reached_now(self) -> list[SlotShape]:
        """Slots that something was before a moment ago."""
        return [memory.slot for memory in self._memories if memory.reached]

    def flush(self) -> list[Event]:
        """What was still waiting when the stream ended."""
        return [event for memory in self._memories for event in memory.flush(self._last_ns)]

    def describe(self) -> str:
        """How this watch works, for people."""
        empty = "with" if self._empty is not None else "without"
        words = f"slot watch over {len(self._slots)} slots, {empty} a picture of the empty shelf"
        return f"{words}; {self._naming}" if self._naming else words

    def _named(self, namer: SlotNamer, number: int, found: Judgement, picture: Picture) -> list[Event]:
        slot = self._slots[number]
        changes = [event for event in found.events if isinstance(event, ShelfChanged)]
        events: list[Event] = [event for event in found.events if not isinstance(event, ShelfChanged)]
        events += namer.name(slot, changes, picture)
        if found.settled:
            namer.settle(slot, picture)
        elif found.glimpsed:
            namer.glimpse(slot, picture)
        return events

    def _explained(self, number: int, found: Judgement, scene: Scene) -> Mask:
        """What else of the picture a told change accounts for."""
        assert self._claims is not None
        explained = np.zeros(scene.changed.shape, np.bool_)
        for event in found.events:
            if isinstance(event, ShelfChanged):
                explained |= self._claims.tell(number, scene.changed, event.began_ns, event.ended_ns)
        return explained

    def _prepare(self, picture: Picture) -> None:
        size = (picture.shape[1], picture.shape[0])
        if self._places is not None:
            if size != self._places.size:
                was = "{}x{}".format(*self._places.size)
                raise BadInput(
                    f"camera {self._camera}",
                    f"the picture is {size[0]}x{size[1]} pixels now, it was {was}; set the camera back to one size",
                )
            return
        places = Places(self._slots, *size)
        self._memories = [SlotMemory(self._camera, slot, self._rules) for slot in self._slots]
        self._learn_empty(places, size)
        shape = to_work_size(picture).shape
        self._backdrop = Backdrop(places.near, (shape[0], shape[1]), self._settings.occluder_threshold, ABSORB_S)
        self._claims = Claims(places.inside, places.feet)
        self._places = places

    def _learn_empty(self, places: Places, size: tuple[int, int]) -> None:
        if self._empty is None:
            return
        if (self._empty.shape[1], self._empty.shape[0]) != size:
            raise BadInput(
                "shelf_vision.empty_picture",
                f"is {self._empty.shape[1]}x{self._empty.shape[0]} pixels, the camera gives {size[0]}x{size[1]}; "
                "take it anew with this camera",
            )
        for memory, patch in zip(self._memories, places.patches(to_work_size(self._empty)), strict=True):
            memory.learn_empty(patch)

    def _sights(self, scene: Scene, at_ns: int) -> list[Sight]:
        """What the scene says of every slot."""
        assert self._places is not None
        assert self._backdrop is not None
        assert self._claims is not None
        busy = scene.body if scene.flash else scene.body | scene.moving
        touched, reached = self._places.near_shares(busy), self._places.inside_shares(busy)
        hidden, shaded = self._places.near_shares(scene.body), self._places.near_shares(scene.shade)
        changed = self._places.near_shares(scene.changed)
        return [
            Sight(
                at_ns=at_ns,
                touched=touched[number] > TOUCH_SHARE,
                hidden=hidden[number] > TOUCH_SHARE,
                reached=reached[number] > REACH_SHARE,
                crowded=hidden[number],
                alone=not busy[_around(window)].any(),
                shaded=shaded[number] > SHADED_SHARE,
                changed=changed[number],
                offset=scene.offset,
                planes=self._backdrop.plain[window],
                close=near[window],
                layer=self._layer_key(near, window),
                foreign=partial(self._claims.foreign, number, scene.changed),
            )
            for number, (near, window) in enumerate(zip(self._places.near, self._places.boxes, strict=True))
        ]

    def _layer_key(self, near: Mask, window: tuple[slice, slice]) -> tuple[int, ...]:
        """The layers of the reference that most of a slot shows."""
        assert self._backdrop is not None
        if not self._backdrop.layers:
            return (0,)
        layers = self._backdrop.layer[window][near[window]]
        values, counts = np.unique(layers, return_counts=True)
        return tuple(int(value) for value, count in zip(values, counts, strict=True) if count >= 0.1 * layers.size)


def _around(window: tuple[slice, slice]) -> tuple[slice, slice]:
    """A window with as much again on each side."""
    rows, columns = ((side.start, side.stop, side.stop - side.start) for side in window)
    return (
        slice(max(0, rows[0] - rows[2]), rows[1] + rows[2]),
        slice(max(0, columns[0] - columns[2]), columns[1] + columns[2]),
    )


def slots_of(config: StoreConfig, camera_id: str) -> list[SlotShape]:
    """The slots of one camera."""
    return [
        SlotShape(
            id=row.id,
            corners_px=box(*row.box_px) if row.box_px else tuple(row.polygon_px or ()),
            count=row.count,
            sku=row.sku,
        )
        for row in config.slot
        if row.camera == camera_id
    ]


def _read_empty(path: str | None, camera_id: str) -> Picture | None:
    if path is None:
        return None
    import cv2

    picture = cv2.imread(path.replace("{camera}", camera_id), cv2.IMREAD_COLOR)
    if picture is None:
        raise BadInput("shelf_vision.empty_picture", f"{path} is not a readable picture; give a JPEG or PNG file")
    return np.asarray(picture, np.uint8)
