"""Which plates one pack can press on together, as the layout fixes it."""

from __future__ import annotations

from tests.unit.core_shop import Feeder

SHOP = """
[store]
id = "t"
currency = "KRW"
[[product]]
sku = "wide"
name = "Wide"
weight_mg = 500000
[[product]]
sku = "slim"
name = "Slim"
weight_mg = 100000
"""
PLATES = (
    ("p1", "g1", 1, 1, "wide"),
    ("p2", "g1", 1, 2, "wide"),
    ("p3", "g1", 1, 3, "slim"),
    ("q1", "g1", 2, 1, "wide"),
    ("r1", "g2", 1, 1, "wide"),
)


def test_only_plates_of_one_shelf_with_a_product_in_common_share_a_pack() -> None:
    rows = "".join(
        f'[[plate]]\nid = "{name}"\ngondola = "{unit}"\nshelf = {shelf}\nindex = {index}\nskus = ["{sku}"]\n'
        for name, unit, shelf, index, sku in PLATES
    )
    planogram = Feeder(SHOP + rows).store._shop.planogram
    names = [row[0] for row in PLATES]
    shared = {(one, other) for one in names for other in names if one != other and planogram.share(one, other)}
    assert shared == {("p1", "p2"), ("p2", "p1")}
    assert [planogram.has_siblings(name) for name in names] == [True, True, False, False, False]
    assert planogram.share("unknown", "unknown")
    assert not planogram.share("unknown", "p1")
