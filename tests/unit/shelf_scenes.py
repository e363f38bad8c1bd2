"""Drawn shelf clips with known answers: packs on a shelf, hands that take and put, and a camera's weaknesses.

Everything is drawn from a seed with numpy and OpenCV; nothing of it is taken from the watch under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import ShelfVision
from edge.core.events import Event, ShelfChanged, ShelfReached
from vision.places import SlotShape, box
from vision.slots import SlotWatch

WIDTH, HEIGHT, RATE_HZ = 320, 240, 10
REACH_S = 0.9  # a hand needs this long to the slot, and back
Image = NDArray[np.float32]
Gain = Callable[[float], float]


@dataclass(frozen=True)
class Act:
    """At `at_s` a hand takes from or puts into `slot` (row, column); `foreign` puts another product."""

    at_s: float
    slot: tuple[int, int]
    kind: str = "take"  # take, put, touch
    foreign: bool = False


@dataclass
class Shelf:
    """A shelf of `rows` x `columns` slots, each with `depth` packs behind one another."""

    seed: int = 1
    rows: int = 2
    columns: int = 4
    depth: int = 1
    acts: list[Act] = field(default_factory=list)
    gain: Gain = lambda at_s: 1.0
    flicker: float = 0.0
    noise: float = 2.5
    body: bool = True
    plain: bool = False
    walker: bool = False
    stander: tuple[float, float] | None = None  # somebody stands still before the shelf from .. to, s

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.wide, self.high = WIDTH // self.columns, (HEIGHT - 20) // self.rows
        self.pack_size = (round(self.wide * 0.62), round(self.high * 0.68))
        places = [(row, column) for row in range(self.rows) for column in range(self.columns)]
        self.packs = {place: _pack(self.random, self.pack_size) for place in places}
        self.stranger = _pack(np.random.default_rng(self.seed + 77), self.pack_size)
        self.backdrop = self._backdrop()
        self.stock = {slot: [pack] * self.depth for slot, pack in self.packs.items()}

    def slots(self) -> list[SlotShape]:
        """The slots as an installer would draw them: round the pack, with some air."""
        found = []
        for row, column in self.packs:
            left, top = self._corner((row, column))
            wide, high = self.pack_size
            shape = box(left - 3, max(0, top - 5), left + wide + 3, top + high + 2)
            found.append(SlotShape(id=f"{row}-{column}", corners_px=shape, count=self.depth))
        return found

    def pictures(self, length_s: float) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """(picture, captured_ns) of the whole clip."""
        waiting = sorted(self.acts, key=lambda act: act.at_s)
        for number in range(round(length_s * RATE_HZ)):
            at_s = number / RATE_HZ
            while waiting and waiting[0].at_s <= at_s:
                self._carry_out(waiting.pop(0))
            yield self._camera(self._draw(at_s), at_s), round(at_s * 1e9)

    def _corner(self, slot: tuple[int, int]) -> tuple[int, int]:
        left = slot[1] * self.wide + (self.wide - self.pack_size[0]) // 2
        top = slot[0] * self.high + self.high - self.pack_size[1] - 4
        return left, top

    def _backdrop(self) -> Image:
        image = np.full((HEIGHT, WIDTH, 3), 150.0, np.float32)
        if self.plain:
            image[:] = (168, 172, 176)
        for row in range(self.rows):
            top = row * self.high
            if not self.plain:  # the depth of a shelf is dark above
                image[top : top + self.high] = np.linspace(55, 120, self.high)[:, None, None] * np.array(
                    [1, 1.02, 1.05]
                )
            image[top + self.high - 5 : top + self.high] = (205, 210, 214)
        image[self.rows * self.high :] = (120, 125, 122)
        return image

    def _carry_out(self, act: Act) -> None:
        pile = self.stock[act.slot]
        if act.kind == "take":
            pile.pop()
        elif act.kind == "put":
            pile.append(self.stranger if act.foreign else self.packs[act.slot])

    def _draw(self, at_s: float) -> Image:
        image = self.backdrop.copy()
        for slot, pile in self.stock.items():
            for place, pack in enumerate(pile):  # the last one stands in front
                behind = len(pile) - 1 - place if len(pile) >= self.depth else self.depth - 1 - place
                self._draw_pack(image, slot, pack, behind)
        if self.walker:
            _walker(image, at_s)
        if self.stander is not None and self.stander[0] <= at_s < self.stander[1]:
            cv2.ellipse(image, (WIDTH // 2, HEIGHT + 10), (40, 150), 0, 0, 360, (60.0, 90.0, 60.0), -1)
        for act in self.acts:
            away = abs(at_s - act.at_s) / REACH_S
            if away < 1:
                self._draw_hand(image, act, away, at_s)
        return image

    def _draw_pack(self, image: Image, slot: tuple[int, int], pack: Image, behind: int) -> None:
        left, top = self._corner(slot)
        scale, shade = 1 - 0.09 * behind, 1 - 0.2 * behind
        small = cv2.resize(pack, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) * np.float32(shade)
        high, wide = small.shape[:2]
        left += (self.pack_size[0] - wide) // 2
        top += self.pack_size[1] - high - 2 * behind
        image[top : top + high, left : left + wide] = small

    def _draw_hand(self, image: Image, act: Act, away: float, at_s: float) -> None:
        left, top = self._corner(act.slot)
        wide, high = self.pack_size
        goal = np.array([left + wide / 2, top + high * 0.45])
        start = np.array([goal[0] + 30, HEIGHT + 30.0])
        hand = goal + (start - goal) * away
        if self.body:
            cv2.ellipse(image, (int(start[0]) + 10, HEIGHT + 20), (35, 75), 0, 0, 360, (70.0, 60.0, 90.0), -1)
        cv2.line(image, _point(start), _point(hand), (95.0, 70.0, 60.0), 17, cv2.LINE_AA)
        carries = (act.kind == "take" and at_s > act.at_s) or (act.kind == "put" and at_s < act.at_s)
        if carries:
            pack = self.stranger if act.foreign else self.packs[act.slot]
            _paste(image, pack, round(hand[0] - wide / 2), round(hand[1] - high * 0.45))
        cv2.circle(image, _point(hand), 10, (120.0, 150.0, 205.0), -1, cv2.LINE_AA)

    def _camera(self, image: Image, at_s: float) -> NDArray[np.uint8]:
        light = self.gain(at_s)
        rows = 1 + self.flicker * np.sin(np.arange(HEIGHT) / 20 + 31 * at_s)
        noisy = image * light * rows[:, None, None] + self.random.normal(0, self.noise, image.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)


def _pack(random: np.random.Generator, size: tuple[int, int]) -> Image:
    wide, high = size
    pack = np.empty((high, wide, 3), np.float32)
    pack[:] = random.uniform(40, 230, 3)
    for _ in range(7):
        corner = random.uniform(0, 0.8, 2) * (wide, high)
        span = random.uniform(0.15, 0.5, 2) * (wide, high)
        cv2.rectangle(pack, _point(corner), _point(corner + span), random.uniform(20, 250, 3).tolist(), -1)
    return pack


def _walker(image: Image, at_s: float) -> None:
    """Somebody walks to and fro before the lower part of the shelf."""
    middle = WIDTH * (0.5 + 0.55 * np.sin(at_s / 2.2))
    cv2.ellipse(image, (int(middle), HEIGHT + 10), (38, 115), 0, 0, 360, (60.0, 90.0, 60.0), -1)
    cv2.circle(image, (int(middle), HEIGHT - 115), 17, (110.0, 140.0, 190.0), -1)


def _paste(image: Image, pack: Image, left: int, top: int) -> None:
    high, wide = pack.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(WIDTH, left + wide), min(HEIGHT, top + high)
    if x0 < x1 and y0 < y1:
        image[y0:y1, x0:x1] = pack[y0 - top : y1 - top, x0 - left : x1 - left]


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


@dataclass(frozen=True)
class Told:
    """What a watch made of a clip: (slot, change, quantity, s) and the reached slots."""

    changes: list[tuple[str, str, int, float]]
    reached: set[str]


def told(
    shelf: Shelf,
    length_s: float,
    settings: ShelfVision | None = None,
    lost_s: tuple[float, float] = (0.0, 0.0),
    empty: NDArray[np.uint8] | None = None,
) -> Told:
    """Show a whole clip to a new watch, but for the pictures between `lost_s`."""
    watch = SlotWatch("shelf", shelf.slots(), settings or ShelfVision(), empty)
    events: list[Event] = []
    for picture, at_ns in shelf.pictures(length_s):
        if not lost_s[0] <= at_ns / 1e9 < lost_s[1]:
            events += watch.see(picture, at_ns)
    events += watch.flush()
    return Told(
        changes=[(e.slot, e.change, e.quantity, e.captured_ns / 1e9) for e in events if isinstance(e, ShelfChanged)],
        reached={event.slot for event in events if isinstance(event, ShelfReached)},
    )
