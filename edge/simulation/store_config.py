"""The store.toml of a drawn shop: only what its sensors need. Must not: tell true weights or what will happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.simulation.gate_events import CAMERA, GATE, shopper_id
from edge.simulation.plan import Facing, Plan
from edge.simulation.scenario import Scenario
from edge.simulation.tag_portal import PortalModel

SLOT_PX = 20  # slots stand side by side in an imagined picture


def config_text(
    scenario: Scenario,
    plan: Plan,
    slots_px: Mapping[str, Sequence[tuple[int, int]]] | None = None,
    printed: Mapping[str, str] | None = None,
) -> str:
    """The text of the file. Where the cameras are filmed, `slots_px` are the corners of the facings in their pictures
    and `printed` is the name on each product's pack.
    """
    out = ["[store]", f'id = "{scenario.store.id}"']
    out += [f'name = "{scenario.store.name}"'] if scenario.store.name else []
    out += ['currency = "KRW"', f"floor_mm = {list(plan.floor_mm)}"]
    out += ["", "[visits]", f'open_on = "{"gate" if "gate" in scenario.sensors else "track"}"']
    out += ["", "[picks]", f'handed_over = "{scenario.handed_over}"']
    if staff(scenario):
        out += [f"staff = {_list(staff(scenario))}"]
    for product in plan.products.values():
        out += [
            "",
            "[[product]]",
            f'sku = "{product.sku}"',
            f'name = "{(printed or {}).get(product.sku, product.name)}"',
        ]
        out += [f"price_minor = {product.price_minor}", f"weight_mg = {max(1, round(product.catalogue_g * 1_000))}"]
        out += [f'epc = "{product.tag}"'] if product.tag else []
    if "cameras" in scenario.sensors:
        for gondola in plan.gondolas:
            out += ["", "[[camera]]", f'id = "cam-{gondola.id}"', 'role = "shelf"']
    if "gate" in scenario.sensors:
        out += ["", "[[camera]]", f'id = "{CAMERA}"', 'role = "gate"']
        place = [round(plan.gate_mm[0]), round(plan.gate_mm[1])]
        out += ["", "[[door]]", f'id = "{GATE}"', f'cameras = ["{CAMERA}"]', f"position_mm = {place}"]
    if "rfid" in scenario.sensors:
        model = PortalModel()
        out += ["", "[[rfid_reader]]", f'id = "{model.reader}"', f"portal_antennas = {list(model.antennas)}"]
    if "plates" in scenario.sensors:
        out += _plates(plan)
    if "cameras" in scenario.sensors:
        for number, facing in enumerate(plan.facings):
            out += _slot(facing, number, "plates" in scenario.sensors, slots_px)
    return "\n".join(out) + "\n"


def staff(scenario: Scenario) -> list[str]:
    """Ids of the credentials of staff."""
    names = [name for name, row in scenario.shoppers.items() if row.role == "staff"]
    return [found for name in names if (found := shopper_id(scenario, name)) is not None]


def _plates(plan: Plan) -> list[str]:
    out: list[str] = []
    skus: dict[str, list[str]] = {}
    for facing in plan.facings:
        for plate in facing.plates:
            if facing.sku not in skus.setdefault(plate, []):
                skus[plate].append(facing.sku)
    for gondola in plan.gondolas:
        out += ["", "[[scale]]", f'id = "scale-{gondola.id}"', f'gondola = "{gondola.id}"']
        for shelf in range(1, len(gondola.boards_mm) + 1):
            for index in range(1, gondola.plates + 1):
                name = f"{gondola.id}-s{shelf}-p{index}"
                out += ["", "[[plate]]", f'id = "{name}"', f'gondola = "{gondola.id}"', f"shelf = {shelf}"]
                out += [f"index = {index}", f"skus = {_list(skus.get(name, []))}"]
                out += [f"position_mm = {list(plan.plate_place(name))}"]
    return out


def _slot(
    facing: Facing, number: int, plates: bool, slots_px: Mapping[str, Sequence[tuple[int, int]]] | None
) -> list[str]:
    out = ["", "[[slot]]", f'id = "{facing.id}"', f'camera = "cam-{facing.gondola.id}"']
    if slots_px is not None:
        out += [f"polygon_px = {[list(corner) for corner in slots_px[facing.id]]}"]
    else:
        left, top = SLOT_PX * (number % 30), SLOT_PX * (number // 30)
        out += [f"box_px = {[left, top, left + SLOT_PX, top + SLOT_PX]}"]
    out += [f'sku = "{facing.sku}"', f"count = {facing.stock}"]
    out += [f"plates = {_list(list(facing.plates))}"] if plates else []
    return [*out, f"position_mm = {list(facing.spot())}"]


def _list(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
