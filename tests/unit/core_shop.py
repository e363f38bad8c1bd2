"""A small shop for tests of the core: two gondolas, a gate, a portal; and a feeder that stamps like the inbox."""

from __future__ import annotations

from typing import Any

from edge import config
from edge.core import events
from edge.core.commands import CloseVisit, Command
from edge.core.events import Event, Person
from edge.core.store import Store

MS = 1_000_000
S = 1_000 * MS

SHOP = """
[store]
id = "t"
currency = "KRW"
[[product]]
sku = "tea"
name = "Tea"
price_minor = 1500
weight_mg = 520000
epc = "AA01"
[[product]]
sku = "gum"
name = "Gum"
price_minor = 700
weight_mg = 40000
[[product]]
sku = "twin"
name = "Same weight as tea"
price_minor = 9000
weight_mg = 521000
[[camera]]
id = "cam"
role = "shelf"
[[door]]
id = "gate"
cameras = []
position_mm = [1500, 500]
[[rfid_reader]]
id = "portal"
[[plate]]
id = "p1"
index = 1
skus = ["tea"]
position_mm = [2000, 2000, 1000]
[[plate]]
id = "p2"
index = 2
skus = ["gum"]
position_mm = [2400, 2000, 1000]
[[plate]]
id = "p3"
shelf = 1
index = 1
skus = ["tea", "twin"]
position_mm = [2000, 2000, 1400]
[[slot]]
id = "s1"
camera = "cam"
box_px = [0, 0, 10, 10]
sku = "tea"
plates = ["p1"]
[[slot]]
id = "s3"
camera = "cam"
box_px = [20, 0, 30, 10]
sku = "twin"
plates = ["p3"]
"""


class Feeder:
    """Feeds a store in the order given, stamping seq and received time; keeps all orders."""

    def __init__(self, text: str = SHOP, **overrides: Any) -> None:
        self.layout = config.to_layout(config.parse(text, overrides=overrides))
        self.store = Store(self.layout)
        self.orders: list[Command] = []
        self.seen: list[Event] = []
        self.seq = 0
        self.run(0)

    def feed(self, event: Event, delay_ns: int = 20 * MS) -> tuple[Command, ...]:
        """Hand over one event as if it had arrived `delay_ns` after its capture."""
        import msgspec

        self.seq += 1
        stamped = msgspec.structs.replace(event, seq=self.seq, received_ns=event.captured_ns + delay_ns)
        self.seen.append(stamped)
        found = self.store.handle(stamped)
        self.orders += found
        return found

    def run(self, at_ns: int, **more: Any) -> None:
        """Begin or resume the run."""
        self.feed(events.RunStarted(captured_ns=at_ns, source="box", run_id="r", **more))

    def tick(self, at_ns: int) -> tuple[Command, ...]:
        """Say what time it is."""
        return self.feed(events.Tick(captured_ns=at_ns, source="box"), 0)

    def people(self, at_ns: int, **where: tuple[int, int, int]) -> None:
        """A tracker frame; each person's hand holds a pack that stands at the given point, from the front."""
        found = tuple(
            Person(track=track, place_mm=(x, y - 500), hands_mm=((x, y - 115, z + 95),))
            for track, (x, y, z) in where.items()
        )
        self.feed(events.TracksSeen(captured_ns=at_ns, source="tracker", people=found))

    def walk(self, from_s: float, to_s: float, **where: tuple[int, int, int]) -> None:
        """Tracker frames at 10 Hz with everybody standing still."""
        for step in range(round(from_s * 10), round(to_s * 10)):
            self.people(step * 100 * MS, **where)

    def shows(self, at_s: float, shopper: str | None, **more: Any) -> None:
        """A credential at the gate."""
        self.feed(
            events.CredentialShown(
                captured_ns=round(at_s * S), source="gatecam", gate="gate", method="qr", shopper=shopper, **more
            )
        )

    def step(self, at_s: float, plate: str, grams: float, level_g: float = 0) -> None:
        """A weight step that ended at `at_s`."""
        at_ns = round(at_s * S)
        self.feed(
            events.WeightStep(
                captured_ns=at_ns, source="scale", plate=plate, delta_mg=round(grams * 1000),
                level_mg=round(level_g * 1000), began_ns=at_ns - 200 * MS, ended_ns=at_ns, noise_mg=800,
            )
        )  # fmt: skip

    def alive(self, *plates: str) -> None:
        """Plates that speak: each tells its quiet level."""
        for plate in plates:
            steady = events.PlateSteady(captured_ns=S // 10, source="scale", plate=plate, level_mg=0, noise_mg=800)
            self.feed(steady)

    def bills(self) -> list[CloseVisit]:
        """All closed visits."""
        return [order for order in self.orders if isinstance(order, CloseVisit)]
