"""The peer of the cart benchmark on a case made by hand: two people, three plates, lifts and put-backs."""

from __future__ import annotations

import numpy as np

from edge import config
from edge.core.events import Event, Person, TracksSeen
from edge.core.signals import PlateSamples
from edge.truth import Truth, Visit
from tests.bench.carts import baseline
from tests.bench.carts.judge import Judged, scored
from tests.bench.carts.tape import Tape, Timed
from tests.bench.carts.triggers import moving_sd, triggers

S = 1_000_000_000
RATE = 60
LENGTH_S = 12.0
PLATES = ("p1", "p2", "p3")
SHOP = config.parse(
    '[store]\nid = "t"\ncurrency = "KRW"\n'
    + "".join(
        f'[[product]]\nsku = "{sku}"\nname = "{sku}"\nprice_minor = 100\nweight_mg = {grams * 1000}\n'
        for sku, grams in (("tea", 500), ("gum", 40), ("twin", 500))
    )
    + "".join(
        f'[[plate]]\nid = "{plate}"\nindex = {index}\nskus = ["{sku}"]\nposition_mm = [{index * 400}, 0, 1000]\n'
        for plate, index, sku in (("p1", 1, "tea"), ("p2", 3, "gum"), ("p3", 9, "twin"))
    )
)

Change = tuple[float, str, float]


def samples(*changes: Change) -> list[Timed]:
    """Blocks of a gondola whose plates change by so many grams at so many seconds, over 0.1 s, with 1 g of noise."""
    times = np.arange(round(LENGTH_S * RATE)) / RATE
    grams = 3_000 + np.random.Generator(np.random.PCG64(1)).normal(0, 1, (len(times), len(PLATES)))
    for at_s, plate, delta_g in changes:
        grams[:, PLATES.index(plate)] += delta_g * np.clip((times - at_s) / 0.1, 0, 1)
    found: list[Timed] = []
    for first in range(0, len(times), 12):
        rows = grams[first : first + 12].astype("<f4").tobytes()
        at_ns = round(first * S / RATE)
        block = PlateSamples(captured_ns=at_ns, source="g1", rate_hz=RATE, plates=PLATES, grams=rows)
        found.append((at_ns + S // 5, block))
    return found


def frames(**hands: tuple[int, int, int]) -> list[Timed]:
    """Ten tracker frames a second in which everybody's hand stays where it is."""
    people = tuple(Person(track=track, hands_mm=(hand,)) for track, hand in hands.items())
    found: list[tuple[int, Event]] = []
    for number in range(round(LENGTH_S * 10)):
        at_ns = number * S // 10
        found.append((at_ns, TracksSeen(captured_ns=at_ns, source="tracker", people=people)))
    return [*found]


def tape(readings: list[Timed], **items: dict[str, int]) -> Tape:
    """A tape whose truth is what each track took."""
    visits = tuple(
        Visit(visit=track, tracks=(track,), entered_s=0.0, left_s=LENGTH_S, items=owed) for track, owed in items.items()
    )
    ordered = sorted(readings, key=lambda row: row[0])
    return Tape(SHOP, ordered, Truth(format=1, visits=visits), 0, round(LENGTH_S * S))


def blocks(readings: list[Timed]) -> list[PlateSamples]:
    return [reading for _, reading in readings if isinstance(reading, PlateSamples)]


def lines(known: Tape) -> dict[str, dict[str, int]]:
    """What the peer charges, by track."""
    found = baseline.bills(known)["visits"]
    return {visit["id"]: {line["sku"]: line["quantity"] for line in visit["lines"]} for visit in found}


def test_a_trigger_has_plate_weight_and_time() -> None:
    (found,) = triggers(blocks(samples((5.0, "p1", -500.0))), SHOP.plate)
    assert set(found.grams) == {"p1"}
    assert abs(found.total_g + 500) < 1
    assert abs(found.at_ns / S - 5.05) < 0.1


def test_one_shelf_event_is_split_by_plates_that_do_not_touch() -> None:
    found = triggers(blocks(samples((5.0, "p1", -500.0), (5.1, "p3", -500.0))), SHOP.plate)
    assert [set(trigger.grams) for trigger in found] == [{"p1"}, {"p3"}]


def test_a_press_and_a_short_stream_trigger_nothing() -> None:
    assert triggers(blocks(samples((5.0, "p1", 60.0), (5.4, "p1", -60.0))), SHOP.plate) == []
    assert triggers(blocks(samples((5.0, "p1", -500.0)))[:5], SHOP.plate) == []


def test_a_block_that_came_twice_counts_once() -> None:
    known = blocks(samples((5.0, "p1", -500.0)))
    assert triggers([*known, known[20]], SHOP.plate) == triggers(known, SHOP.plate)


def test_moving_sd_of_a_step_is_half_its_height() -> None:
    step = np.repeat([0.0, 10.0], 50)[:, None]
    spread = moving_sd(step, 30)
    assert spread.shape == step.shape
    assert abs(spread.max() - 5.0) < 0.01
    assert spread[:30].max() == 0.0


def test_place_tells_equal_weights_apart_and_the_nearest_hand_pays() -> None:
    readings = samples((4.0, "p1", -500.0), (8.0, "p3", -1_000.0)) + frames(a=(400, 50, 1050), b=(3600, 50, 1050))
    assert lines(tape(readings)) == {"a": {"tea": 1}, "b": {"twin": 2}}


def test_a_put_back_leaves_the_cart_and_the_planogram_learns() -> None:
    """Tea put on the far plate comes out of the cart; who takes 500 g there may take tea: a doubt it cannot express."""
    readings = samples((3.0, "p1", -500.0), (7.0, "p2", 500.0)) + frames(a=(800, 0, 1000))
    assert lines(tape(readings)) == {"a": {}}
    readings = samples((3.0, "p1", -500.0), (6.0, "p2", 500.0), (9.0, "p2", -500.0)) + frames(a=(800, 0, 1000))
    assert lines(tape(readings)) == {"a": {"tea": 1}}


def test_nobody_near_in_time_means_nobody_pays() -> None:
    readings = samples((8.0, "p1", -500.0)) + [row for row in frames(a=(400, 0, 1000)) if row[0] < 5 * S]
    assert lines(tape(readings)) == {"a": {}}


def test_score_of_the_peer() -> None:
    readings = samples((4.0, "p1", -500.0), (8.0, "p3", -500.0)) + frames(a=(400, 0, 1000), b=(3600, 0, 1000))
    known = tape(readings, a={"tea": 1}, b={"gum": 1})
    facts = scored(known.truth, baseline.bills(known), LENGTH_S)
    assert (facts["precision"], facts["recall"], facts["f1"], facts["exact"]) == (0.5, 0.5, 0.5, False)
    assert (facts["overcharged_items"], facts["right_items"], facts["lines"]) == (1, 1, 2)
    assert [row.right for row in facts["judged"]] == [True, False]
    assert facts["notes"] == ("b: owes gum x1; is charged twin x1",)


def test_two_lines_of_a_product_share_its_pieces() -> None:
    receipt = {
        "visits": [
            {
                "id": "v",
                "tracks": ["a"],
                "entered_s": 0.0,
                "left_s": 9.0,
                "lines": [
                    {"sku": "tea", "quantity": 1, "confidence": 0.6, "status": "review"},
                    {"sku": "tea", "quantity": 1, "confidence": 0.99, "status": "charged"},
                ],
            }
        ]
    }
    facts = scored(tape(frames(), a={"tea": 1}).truth, receipt, LENGTH_S)
    assert facts["judged"] == (
        Judged(confidence=0.99, right=True, charged=True),
        Judged(confidence=0.6, right=False, charged=False),
    )
    assert facts["notes"] == ("a: owes tea x1; is charged tea x1; in review tea x1 at 0.600",)


def test_plates_side_by_side_are_one_event_only_with_a_product_in_common() -> None:
    readings = blocks(samples((5.0, "p1", -250.0), (5.0, "p2", -250.0)))
    beside = [row.model_copy(update={"index": number}) for number, row in enumerate(SHOP.plate)]
    assert [set(trigger.grams) for trigger in triggers(readings, beside)] == [{"p1"}, {"p2"}]
    shared = [row.model_copy(update={"skus": ["tea"]}) for row in beside]
    assert [set(trigger.grams) for trigger in triggers(readings, shared)] == [{"p1", "p2"}]
