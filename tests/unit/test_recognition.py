"""Names that stay with their bodies: boxes and looks made up, answers known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vision.bodies import Body
from vision.boxes import Box
from vision.following import Followed, Follower
from vision.foreground import LEARN_PICTURES, Foreground
from vision.looks import Look, LookRules, NoLooks
from vision.newcomers import with_second_witness
from vision.planes import Picture
from vision.tracker import CLEAR_SCORE

PICTURE = np.zeros((600, 800, 3), np.uint8)
PEOPLE = {"anna": 0, "bert": 1, "cleo": 2}
Where = dict[str, tuple[float, float]]  # who -> feet


class Stage:
    """A finder and a maker of looks for people whose places are written down."""

    problem = ""
    rules: LookRules | None = LookRules(same=0.65, other=0.55, again=0.70)

    def __init__(self, pictures: Sequence[Where], score: float = 0.8) -> None:
        self._pictures, self._score = iter(pictures), score
        self._here: dict[Box, str] = {}
        self.asked = 0

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        self._here = {(x - 20, y - 100, x + 20, y): who for who, (x, y) in next(self._pictures).items()}
        return [Body(box, self._score) for box in self._here]

    def looks(self, picture: Picture, boxes: Sequence[Box]) -> list[Look]:
        self.asked += len(boxes)
        return [np.eye(3, dtype=np.float32)[PEOPLE[self._here[box]]] for box in boxes]

    def describe(self) -> str:
        return "written down"


def follow(pictures: Sequence[Where], looks: bool = True) -> list[list[Followed]]:
    stage = Stage(pictures)
    follower = Follower("floor", stage, stage if looks else NoLooks())
    return [follower.see(PICTURE, number / 10) for number in range(len(pictures))]


def at(found: Sequence[Followed], x: float) -> str:
    return next(body.name for body in found if abs((body.box[0] + body.box[2]) / 2 - x) < 1)


def met_and_turned_back() -> list[Where]:
    """Two walk towards one another, are one body for a second, and walk back: by movement alone they pass."""
    steps: list[Where] = [{"anna": (200 + 10 * n, 400), "bert": (400 - 10 * n, 400)} for n in range(9)]
    together: list[Where] = [{"anna": (300, 400)}] * 8
    return [*steps[:1] * 8, *steps, *together, *reversed(steps), *steps[:1] * 10]


def test_two_who_met_and_turned_back_keep_their_names_by_their_looks() -> None:
    moved = follow(met_and_turned_back(), looks=False)
    assert at(moved[5], 400) != at(moved[-1], 400)  # the case is one that movement alone gets wrong
    found = follow(met_and_turned_back())
    before, after = found[5], found[-1]
    assert (at(before, 200), at(before, 400)) == (at(after, 200), at(after, 400))
    assert len({body.name for bodies in found for body in bodies}) == 2


def test_two_who_pass_close_by_keep_their_names_by_their_looks() -> None:
    apart: list[Where] = [{"anna": (200, 400), "bert": (260, 400)}] * 10
    near: list[Where] = [{"anna": (205 + 5 * n, 400), "bert": (255 - 5 * n, 400)} for n in range(5)]
    swapped: list[Where] = [{"anna": (260, 400), "bert": (200, 400)}] * 10
    found = follow([*apart, *near, *swapped])
    assert at(found[5], 200) == at(found[-1], 260)
    assert at(found[5], 260) == at(found[-1], 200)


def test_somebody_who_comes_back_gets_the_old_name_and_a_stranger_does_not() -> None:
    here: list[Where] = [{"anna": (300, 400)}] * 12
    gone: list[Where] = [{}] * 40
    for who, same in (("anna", True), ("bert", False)):
        found = follow([*here, *gone, *[{who: (340.0, 400.0)}] * 12])
        assert (found[8][0].name == found[-1][0].name) is same


def test_after_ten_seconds_out_of_sight_everybody_is_new() -> None:
    here: list[Where] = [{"anna": (300, 400)}] * 12
    found = follow([*here, *[{}] * 120, *here])
    assert found[8][0].name != found[-1][0].name


def test_nobody_comes_back_from_further_away_than_people_walk() -> None:
    found = follow([*[{"anna": (60, 400)}] * 12, *[{}] * 20, *[{"anna": (740, 400)}] * 12])
    assert found[8][0].name != found[-1][0].name


def test_where_nothing_is_unclear_looks_are_rarely_made() -> None:
    stage = Stage([{"anna": (200, 400), "bert": (600, 400)}] * 100)
    follower = Follower("floor", stage, stage)
    for number in range(100):
        follower.see(PICTURE, number / 10)
    assert stage.asked <= 20


def test_without_looks_place_and_movement_decide() -> None:
    found = follow([{"anna": (200 + 5.0 * n, 400)} for n in range(20)], looks=False)
    assert len({body.name for bodies in found for body in bodies}) == 1


places = st.tuples(st.floats(30, 770), st.floats(120, 590))
scenes = st.lists(st.dictionaries(st.sampled_from(sorted(PEOPLE)), places, max_size=3), min_size=1, max_size=40)


@given(scenes)
def test_no_name_is_given_twice_at_once(pictures: list[Where]) -> None:
    for bodies in follow(pictures):
        assert len({body.name for body in bodies}) == len(bodies)


def learned(then: Picture) -> Foreground:
    foreground = Foreground()
    for _ in range(LEARN_PICTURES + 1):
        foreground.see(np.full((240, 320, 3), 120, np.uint8))
    foreground.see(then)
    return foreground


def test_a_weak_box_counts_where_the_background_changed() -> None:
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[180:240, 100:160] = (40, 30, 20)
    weak, elsewhere = Body((100, 180, 160, 240), 0.08), Body((220, 60, 280, 200), 0.08)
    [raised] = with_second_witness([weak, elsewhere], [], learned(picture))
    assert (raised.box_px, raised.score) == (weak.box_px, CLEAR_SCORE)


def test_a_weak_box_on_somebody_known_stays_weak() -> None:
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[60:240, 100:160] = (40, 30, 20)
    arm = Body((100, 100, 140, 160), 0.2)
    assert with_second_witness([arm], [(95, 55, 165, 240)], learned(picture)) == [arm]


def test_before_the_background_is_known_nothing_is_raised() -> None:
    foreground = Foreground()
    foreground.see(np.zeros((240, 320, 3), np.uint8))
    assert with_second_witness([Body((0, 0, 60, 60), 0.1)], [], foreground) == []
