"""The bundled shop and the two errands of its recording. Must not: contain a model of anything."""

from __future__ import annotations

from edge.simulation.shop import Gondola, Plate, Product, Shop, furnish
from edge.simulation.steps import Come, Leave, Put, Script, Stay, Take, Walk
from edge.simulation.world import World, build

SEED = 20_260_417
LENGTH_S = 44.0
WATCHED = "g1", 2
TOKEN = "muin:demo-guest-7Q4K"  # what the code at the gate says
FACE, GUEST = "astronaut", "guest"
ORIGIN_MM, SPAN_MM = (1_400, 3_450), 1_240

PRODUCTS = (
    Product(sku="tea-barley", name="Barley tea 500 ml", price_minor=1800, weight_mg=528_000, size_mm=(92, 238),
            tag="303ACA4B0001"),
    Product(sku="crisps-seaweed", name="Seaweed crisps", price_minor=2400, weight_mg=146_000, size_mm=(118, 196)),
    Product(sku="cookies-oat", name="Oat cookies", price_minor=3200, weight_mg=312_000, size_mm=(112, 208),
            tag="303ACA4B0002"),
    Product(sku="latte-matcha", name="Matcha latte", price_minor=2600, weight_mg=254_000, size_mm=(78, 168)),
    Product(sku="water-still", name="Still water 1 l", price_minor=1100, weight_mg=1_034_000, size_mm=(90, 290)),
    Product(sku="milk-oat", name="Oat milk 1 l", price_minor=3900, weight_mg=1_062_000, size_mm=(82, 240)),
    Product(sku="rice-cake", name="Rice cakes", price_minor=2100, weight_mg=131_000, size_mm=(100, 180)),
    Product(sku="granola", name="Granola 400 g", price_minor=5400, weight_mg=436_000, size_mm=(120, 220)),
    Product(sku="noodle-cup", name="Noodle cup", price_minor=1500, weight_mg=118_000, size_mm=(100, 110)),
    Product(sku="soup-pumpkin", name="Pumpkin soup", price_minor=3300, weight_mg=382_000, size_mm=(90, 170)),
    Product(sku="choc-dark", name="Dark chocolate", price_minor=2900, weight_mg=104_000, size_mm=(78, 160),
            tag="303ACA4B0003"),
    Product(sku="nuts-mixed", name="Mixed nuts", price_minor=4600, weight_mg=221_000, size_mm=(100, 170)),
)  # fmt: skip

G1 = (
    ("water-still", "water-still", "milk-oat", "milk-oat"),
    ("tea-barley", "crisps-seaweed", "cookies-oat", "latte-matcha"),
    ("rice-cake", "rice-cake", "granola", "granola"),
)
G2 = (
    ("water-still", "milk-oat", "soup-pumpkin", "soup-pumpkin"),
    ("noodle-cup", "noodle-cup", "soup-pumpkin", "nuts-mixed"),
    ("choc-dark", "choc-dark", "nuts-mixed", "granola"),
)

ERRANDS = (
    Script(
        shopper=FACE,
        track="t1",
        steps=(
            Come(at_s=0.8, show="face", show_s=2.4),
            Walk(to_mm=(2_350, 1_700)),
            Take(facings=("g1-s2-f5",)),
            Leave(),
        ),
    ),
    Script(
        shopper=GUEST,
        track="t2",
        height_mm=1_780,
        steps=(
            Come(at_s=17.2, show="qr", show_s=2.4),
            Take(facings=("g1-s2-f1", "g1-s2-f2")),
            Take(facings=("g2-s2-p1-f1",)),
            Stay(seconds=0.6),
            Put(sku="noodle-cup", facing="g2-s2-p1-f1"),
            Leave(),
        ),
    ),
)


def demo_shop() -> Shop:
    """The plan of the bundled shop: 5.4 m by 4 m, one gate, two gondolas."""
    first = Gondola(
        id="g1", origin_mm=ORIGIN_MM, along=(1, 0), out=(0, -1), width_mm=SPAN_MM, depth_mm=450,
        boards_mm=(520, 960, 1_420),
    )  # fmt: skip
    second = Gondola(
        id="g2", origin_mm=(4_900, 2_900), along=(0, -1), out=(-1, 0), width_mm=1_240, depth_mm=450,
        boards_mm=(480, 930, 1_380),
    )  # fmt: skip
    plates: list[Plate] = []
    facings = []
    for gondola, shelves, watched in ((first, G1, WATCHED[1]), (second, G2, None)):
        more_plates, more_facings = furnish(gondola, shelves, 6, watched)
        plates += more_plates
        facings += more_facings
    return Shop(
        store_id="demo_s0001_a",
        name="Corner shop",
        currency="KRW",
        floor_mm=(0, 0, 5_400, 4_000),
        gate_mm=(2_700, 150),
        products=PRODUCTS,
        gondolas=(first, second),
        plates=tuple(plates),
        facings=tuple(facings),
    )


def demo_world() -> World:
    """One loop of the demo: two visits, then nobody."""
    return build(demo_shop(), ERRANDS, SEED, LENGTH_S)
