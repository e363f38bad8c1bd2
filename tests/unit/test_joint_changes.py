"""Changes that a scale feels as one, or only in part: opposite ones, a leaning hand, a slow sibling, a wrong name."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.core import commands, events, exchanges, grasp_options, options, sight_options
from edge.core.chance import ONE
from edge.core.evidence import Grasp, add_step, begin, in_a_row, joins, sides
from edge.core.hypotheses import Move, Story
from edge.core.layout import Product
from edge.core.options import Doer
from edge.core.visits import State, Visit
from tests.unit.core_shop import SHOP, Feeder, S

P1, P2 = (2_000, 2_000, 1_000), (2_400, 2_000, 1_000)
GATE = (1_500, -600, 1_000)


def product(sku: str, grams: int) -> Product:
    return Product(sku=sku, name=sku, weight_mg=grams * 1_000)


def doer(name: str, ratio: int = 4_000, pays: bool = True) -> Doer:
    visit = Visit(id=name, shopper=name, method="qr", gate="g", state=State.INSIDE, opened_ns=0)
    return Doer(visit, ratio, pays)


def best(found: list[options.Option]) -> options.Option:
    return max(found, key=lambda option: option.log_mnat)


def lines(bill: commands.CloseVisit) -> dict[tuple[str, str], int]:
    return {(line.sku, line.status): line.quantity for line in bill.lines}


def test_one_lays_down_and_another_takes_in_one_moment() -> None:
    goods = {"a": product("a", 200), "b": product("b", 260)}
    story = Story(weight=ONE, carts={"ann": {"a": 1}})
    found = exchanges.one_change(story, [goods["b"]], goods, 60_000, 800, [doer("ann"), doer("bob")], {})
    assert set(best(found).moves) == {Move("ann", "a", -1), Move("bob", "b", 1)}
    assert best(found).stray == ("a", 1)


@given(held=st.integers(50, 900), taken=st.integers(50, 900), felt=st.integers(-900, 900))
def test_an_exchange_explains_the_weight_that_was_felt(held: int, taken: int, felt: int) -> None:
    goods = {"a": product("a", held), "b": product("b", taken)}
    story = Story(weight=ONE, carts={"ann": {"a": 1}})
    found = exchanges.one_change(story, [goods["b"]], goods, felt * 1_000, 800, [doer("ann"), doer("bob")], {})
    assert all(abs(felt - (taken - held)) < 60 for _ in found)
    assert bool(found) or abs(felt - (taken - held)) > 4


def test_nobody_lays_down_what_they_do_not_hold_and_nobody_far_takes_part() -> None:
    goods = {"a": product("a", 200), "b": product("b", 260)}
    empty = Story(weight=ONE)
    assert exchanges.one_change(empty, [goods["b"]], goods, 60_000, 800, [doer("ann"), doer("bob")], {}) == []
    story = Story(weight=ONE, carts={"ann": {"a": 1}})
    found = exchanges.one_change(story, [goods["b"]], goods, 60_000, 800, [doer("ann"), doer("bob", -5_000)], {})
    assert all(move.visit == "ann" for option in found for move in option.moves)


def test_who_took_may_be_the_one_whose_hand_was_not_seen_all_the_time() -> None:
    """Only Ann's hand was seen where she laid something down; that she took as well is not sure."""
    goods = {"a": product("a", 200), "b": product("b", 260)}
    story = Story(weight=ONE, carts={"ann": {"a": 1}})
    both = [doer("ann", 5_000), doer("bob", -1_700)]
    found = exchanges.one_change(story, [goods["b"]], goods, 60_000, 800, both, {})
    by = {option.moves[-1].visit: option.log_mnat for option in found}
    assert by["bob"] > by["ann"] - 1_000


def two_at_p1(feeder: Feeder) -> Feeder:
    """Ann holds a gum and lays it down at p1 at 7 s; Bob takes a tea from there at 8.2 s."""
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P2, b=GATE)
    feeder.step(5.0, "p2", -40)
    feeder.walk(5, 6.8, a=P2, b=(3_200, 1_200, 1_000))
    feeder.walk(6.8, 7.4, a=P1, b=(3_200, 1_200, 1_000))
    feeder.walk(7.4, 8.1, a=(1_200, 1_600, 1_000), b=P1)
    return feeder


def leave_both(feeder: Feeder) -> dict[str | None, dict[tuple[str, str], int]]:
    feeder.walk(8.1, 9, a=(1_200, 1_600, 1_000), b=(2_900, 1_200, 1_000))
    feeder.walk(9, 10, a=GATE, b=(2_900, 1_200, 1_000))
    feeder.walk(10, 11, b=GATE)
    feeder.walk(11, 15)
    feeder.tick(30 * S)
    return {bill.shopper: lines(bill) for bill in feeder.bills()}


def test_a_rest_on_the_way_tells_who_laid_down_and_who_took() -> None:
    feeder = two_at_p1(Feeder())
    rest = events.Rest(delta_mg=40_000, came_ns=(7 * S, 7 * S + S // 5), went_ns=(8 * S, 8 * S + S // 5))
    told = msgspec.structs.replace(step("p1", 8.0, 8.2, -480), rest=rest)
    feeder.feed(told)
    assert leave_both(feeder) == {"ann": {}, "bob": {("tea", "charged"): 1}}


def test_a_rest_between_two_takes_tells_who_took_which() -> None:
    """The step as the scale tells it begins with the second take, when only Bob is there."""
    rest = events.Rest(delta_mg=-520_000, came_ns=(7 * S, 7 * S + S // 5), went_ns=(8 * S, 8 * S + S // 5))
    both = step("p1", 8.0, 8.2, -1_040)
    told = two_at_p1(Feeder())
    told.feed(msgspec.structs.replace(both, rest=rest))
    found = leave_both(told)
    assert sum(count for (sku, _), count in found["ann"].items() if sku == "tea") == 1
    assert found["bob"] == {("tea", "charged"): 1}
    untold = two_at_p1(Feeder())
    untold.feed(both)
    assert leave_both(untold)["bob"] != {("tea", "charged"): 1}


def test_of_two_takes_in_a_row_the_first_need_not_be_felt_well() -> None:
    """The second hand presses before the plate has settled: 450 g were felt of the first tea of 520 g."""
    goods = [product("tea", 520)]
    felt = exchanges.InARow(450_000, 590_000, [doer("ann", -1_500)], [doer("bob", 3_700)])
    (found,) = exchanges.in_a_row(goods, felt, 800)
    assert set(found.moves) == {Move("ann", "tea", 1), Move("bob", "tea", 1)}
    two_at_once = next(
        o
        for o in options.from_home(goods, 1_040_000, 800, felt.second)
        if [m.quantity for m in o.moves if m.visit == "bob"] == [2]
    )
    assert abs(found.log_mnat - two_at_once.log_mnat) < 3_000
    assert exchanges.in_a_row([product("gum", 40)], felt, 800) == []


def test_without_the_rest_the_one_who_laid_down_is_not_charged_either() -> None:
    feeder = two_at_p1(Feeder())
    feeder.feed(step("p1", 8.0, 8.2, -480))
    assert leave_both(feeder)["ann"] == {("gum", "review"): 1}


def test_what_came_and_what_went_on_two_plates_of_a_facing_are_felt_apart() -> None:
    grasp = begin("g", step("p1", 5.0, 5.4, 480))
    add_step(grasp, step("p4", 5.2, 5.5, -250))
    came, went = sides(grasp) or (None, None)
    assert came is not None
    assert went is not None
    assert (came.weight_mg, came.plates, went.weight_mg, went.plates) == (480_000, ["p1"], 250_000, ["p4"])


@given(large=st.integers(200, 3_000), bent=st.integers(0, 5))
def test_a_plate_that_bends_beside_a_change_is_not_another_change(large: int, bent: int) -> None:
    grasp = begin("g", step("p1", 5.0, 5.4, -large))
    add_step(grasp, step("p4", 5.2, 5.5, large * bent // 100))
    assert sides(grasp) is None


def test_a_hand_that_leans_and_lets_go_with_a_pack_takes_one_pack() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 3, a=P1)
    feeder.step(3.0, "p1", 85)
    feeder.walk(3, 7, a=P1)
    feeder.step(7.0, "p1", -605)
    feeder.walk(7, 8, a=P1)
    feeder.walk(8, 9, a=GATE)
    feeder.walk(9, 13)
    feeder.tick(20 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 1}


def test_a_foreign_thing_is_lifted_by_whom_it_belongs_to() -> None:
    story = Story(weight=ONE, laid={"p": [(500_000, "ann")]})
    goods = product("a", 300)
    mine = options.takes(story, "p", [goods], [], 500_000, 800, [doer("ann"), doer("bob", -5_000)])
    theirs = options.takes(story, "p", [goods], [], 500_000, 800, [doer("ann", -5_000), doer("bob")])
    by_hand = [max(o.log_mnat for o in found if o.laid_mg == -500_000) for found in (mine, theirs)]
    assert by_hand[0] - by_hand[1] > 5_000


def step(plate: str, began_s: float, ended_s: float, grams: int) -> events.WeightStep:
    return events.WeightStep(
        captured_ns=round(ended_s * S), source="s", plate=plate, delta_mg=grams * 1_000, level_mg=0,
        began_ns=round(began_s * S), ended_ns=round(ended_s * S), noise_mg=800,
    )  # fmt: skip


def facing() -> Feeder:
    """Teas stand on plates p1 and p4, side by side."""
    more = '[[plate]]\nid = "p4"\nindex = 4\nskus = ["tea"]\nposition_mm = [2100, 2000, 1000]\n'
    return Feeder(SHOP + more)


def test_opposite_changes_of_one_facing_are_one_grasp_only_where_they_overlap() -> None:
    planogram = facing().store._shop.planogram
    grasp = Grasp(id="g", deltas_mg={"p1": -900_000}, began_ns=5 * S, ended_ns=6 * S, noise_mg=800)
    assert joins(grasp, step("p4", 5.5, 6.2, 380), planogram, S)
    assert not joins(grasp, step("p4", 6.4, 6.6, 380), planogram, S)
    assert joins(grasp, step("p4", 6.4, 6.6, -380), planogram, S)
    assert not joins(grasp, step("p1", 5.5, 6.2, 380), planogram, S)
    assert not joins(grasp, step("p2", 5.5, 6.2, -40), planogram, S)


def test_a_hand_that_leaned_beside_and_lets_go_is_no_part_of_the_pack() -> None:
    feeder = facing()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 3, a=P1)
    feeder.step(3.0, "p1", 275)
    feeder.walk(3, 7, a=P1)
    feeder.step(6.6, "p1", -277)
    feeder.step(7.0, "p4", -520)
    feeder.walk(7, 8, a=P1)
    feeder.walk(8, 9, a=GATE)
    feeder.walk(9, 13)
    feeder.tick(20 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 1}


def test_two_packs_lifted_and_one_set_down_again_are_one() -> None:
    feeder = facing()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.feed(step("p1", 4.0, 5.0, -900))
    feeder.feed(step("p4", 4.6, 5.0, 380))
    feeder.walk(5, 7, a=P1)
    feeder.walk(7, 8, a=GATE)
    feeder.walk(8, 12)
    feeder.tick(20 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 1}


def test_a_part_of_a_pack_waits_for_the_plate_beside() -> None:
    """The second plate is pressed again and tells its part of the lift 1.5 s later."""
    feeder = facing()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.feed(step("p4", 4.6, 4.8, -150))
    feeder.walk(5, 6.4, a=P1)
    feeder.feed(step("p1", 4.6, 6.3, -370))
    feeder.walk(6.4, 8, a=P1)
    feeder.walk(8, 9, a=GATE)
    feeder.walk(9, 13)
    feeder.tick(20 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 1}


def test_a_camera_that_names_another_product_is_doubted_unless_that_was_put_there() -> None:
    story = Story(weight=ONE)
    assert sight_options.named("s1", "tea", "tea", story) == [("tea", 0)]
    priors = dict(sight_options.named("s1", "tea", "gum", story))
    assert priors["gum"] < priors["tea"]
    known = dict(sight_options.named("s1", "tea", "gum", Story(weight=ONE, strays={"s1": {"gum": 1}})))
    assert known["gum"] > known["tea"]


def test_two_packs_that_a_camera_saw_go_may_be_one_each_of_two_people() -> None:
    two = [doer("ann", 4_000), doer("bob", 3_000)]
    found = sight_options.seen_by_camera([("tea", 0)], 2, True, Story(weight=ONE), two, [])
    assert set(best(found).moves) == {Move("ann", "tea", 1), Move("bob", "tea", 1)}
    far = [doer("ann", 4_000), doer("bob", -5_000)]
    assert best(sight_options.seen_by_camera([("tea", 0)], 2, True, Story(weight=ONE), far, [])).moves == (
        Move("ann", "tea", 2),
    )


def test_staff_who_fill_up_while_somebody_takes_lay_down_one_more_than_is_felt() -> None:
    tea = product("tea", 500)
    staff, ann = doer("carl", 5_000, pays=False), doer("ann", 5_000)
    (found,) = [
        option
        for option in exchanges.while_refilling([tea], 500_000, 800, [staff, ann])
        if option.log_mnat > exchanges.ONE_MORE
    ]
    assert found.moves == (Move("ann", "tea", 1),)
    assert found.log_mnat < 5_000, "that staff laid down just what was felt is likelier"
    assert exchanges.while_refilling([tea], 500_000, 800, [staff, doer("ann", -2_000)]) == []


def test_staff_lay_down_and_somebody_takes_where_scales_felt_both() -> None:
    tea = product("tea", 500)
    apart = exchanges.Apart(1_000_000, 500_000, [doer("carl", 5_000, pays=False)], [doer("ann", 4_000)])
    found = exchanges.felt_apart(Story(weight=ONE), [tea], {"tea": tea}, apart, 800)
    assert best(found).moves == (Move("ann", "tea", 1),)


def asked(change_g: int, doers: list[Doer], apart: exchanges.Apart | None = None) -> list[options.Option]:
    tea = product("tea", 500)
    grasp = Grasp(id="g", deltas_mg={"p1": change_g * 1_000}, began_ns=0, ended_ns=S, noise_mg=800)
    one = grasp_options.Asked(
        grasp=grasp, home=[tea], everything={"tea": tea}, strays=[], noise_mg=800, doers=doers, is_small=False,
        alike=[], apart=apart, others=[], row=None, laid={}, exchanged={},
    )  # fmt: skip
    return grasp_options.ways(one, Story(weight=ONE))


def test_a_place_that_staff_fill_up_may_have_been_taken_from_meanwhile() -> None:
    carl = doer("carl", 5_000, pays=False)
    taken = (Move("ann", "tea", 1),)
    assert taken in [option.moves for option in asked(500, [carl, doer("ann", 5_000)])]
    assert taken not in [option.moves for option in asked(500, [carl, doer("ann", -5_000)])]


def test_a_foreign_thing_that_is_laid_down_makes_no_plate_lighter() -> None:
    ann = doer("ann")
    apart = exchanges.Apart(700_000, 400_000, [ann], [ann])
    plain, halves = (
        max(option.log_mnat for option in asked(300, [ann], known) if option.laid_mg) for known in (None, apart)
    )
    assert halves == plain + exchanges.ONE_THING < plain


def test_one_pack_on_two_plates_is_not_two_takes_in_a_row() -> None:
    grasp = begin("g", step("p1", 8.0, 8.2, -300))
    add_step(grasp, step("p2", 8.0, 8.2, -220))
    assert in_a_row(grasp) is None
    rest = events.Rest(delta_mg=-300_000, came_ns=(7 * S, 7 * S + 1), went_ns=(8 * S, 8 * S + 1))
    one_plate = begin("g", msgspec.structs.replace(step("p1", 8.0, 8.2, -520), rest=rest))
    found = in_a_row(one_plate)
    assert found is not None
    assert [side.weight_mg for side in found] == [300_000, 220_000]
