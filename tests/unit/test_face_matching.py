"""The rule that turns distances into a name, and several looks into one report."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import CredentialShown
from vision.faces.confirm import MORE_LOOKS, STRANGER_LOOKS, Confirmer, Sighting
from vision.faces.face import Face, Flaw, Measures
from vision.faces.matching import UNKNOWN, Impostors, Known, Rule, Verdict, decide

RULE = Rule(max_distance=0.5, min_margin=0.05)
SECOND = 1_000_000_000
BOX = (100, 100, 180, 180)
ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 2, allow_nan=False)), max_size=8)


def face(box: tuple[int, int, int, int] = BOX, flaw: Flaw = "") -> Face:
    return Face(box, Measures(80, 120.4, 199.6, 0.0, 12.5), flaw)


def said(rows: list[tuple[str, float]], rule: Rule = RULE) -> Verdict:
    return decide([distance for _, distance in rows], [owner for owner, _ in rows], rule)


@given(ROWS)
def test_a_name_is_always_the_nearest_owner_within_the_limits(rows: list[tuple[str, float]]) -> None:
    verdict = said(rows)
    if verdict.shopper is None:
        return
    mine = min(distance for owner, distance in rows if owner == verdict.shopper)
    others = [distance for owner, distance in rows if owner != verdict.shopper]
    assert mine <= RULE.max_distance
    assert all(distance - mine >= RULE.min_margin for distance in others)


@given(ROWS, st.randoms())
def test_order_of_templates_never_matters(rows: list[tuple[str, float]], shuffle: object) -> None:
    mixed = list(rows)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert said(mixed) == said(rows)


@given(ROWS, st.floats(0, 1))
def test_a_stricter_rule_never_names_somebody_new(rows: list[tuple[str, float]], share: float) -> None:
    strict = said(rows, Rule(RULE.max_distance * share, RULE.min_margin + share))
    assert strict.shopper in (None, said(rows).shopper)


def test_reasons() -> None:
    assert said([]) == UNKNOWN
    assert said([("a", 0.6)]).reason == "unknown"
    assert said([("a", 0.30), ("b", 0.33)]).reason == "ambiguous"
    assert said([("a", 0.30), ("a", 0.31)]).shopper == "a", "one shopper's own templates are no rivals"
    assert said([("a", float("nan"))]).shopper is None


def test_score_grows_with_closeness() -> None:
    assert said([("a", 0.0)]).score_ppm == 1_000_000 > said([("a", 0.3)]).score_ppm > 0 == UNKNOWN.score_ppm


def seen(verdict: Verdict | None, liveness: float | None = None, box: tuple[int, int, int, int] = BOX) -> Sighting:
    return Sighting(face(box, "dark" if verdict is None else ""), verdict, liveness)


def looks(confirmer: Confirmer, verdicts: list[Verdict | None], step_ns: int = SECOND) -> list[CredentialShown]:
    events: list[CredentialShown] = []
    for number, verdict in enumerate(verdicts):
        events += confirmer.look([seen(verdict)], number * step_ns)
    return events


def confirmer(**settings: int) -> Confirmer:
    return Confirmer("door", "cam", **({"confirm_looks": 2} | settings))


ANNA, BERT = said([("anna", 0.2)]), said([("bert", 0.2)])


def test_one_look_is_not_enough_and_two_that_differ_are_not_either() -> None:
    assert looks(confirmer(), [ANNA]) == []
    assert looks(confirmer(), [ANNA, BERT, ANNA, BERT]) == []
    (event,) = looks(confirmer(), [ANNA, BERT, BERT])
    assert (event.shopper, event.gate, event.source, event.captured_ns) == ("bert", "door", "cam", 2 * SECOND)


def test_two_faces_do_not_confirm_each_other() -> None:
    watch, far = confirmer(), (400, 100, 480, 180)
    assert watch.look([seen(ANNA), seen(ANNA, box=far)], 0) == []


def test_who_stands_there_is_reported_again_only_after_the_pause() -> None:
    times = [event.captured_ns // SECOND for event in looks(confirmer(repeat_ns=5 * SECOND), [ANNA] * 12)]
    assert times == [1, 6, 11]


def test_a_stranger_is_reported_once_and_late() -> None:
    (event,) = looks(confirmer(), [UNKNOWN] * 20)
    assert (event.shopper, event.reason, event.captured_ns) == (None, "unknown", (STRANGER_LOOKS - 1) * SECOND)


def test_a_face_that_cannot_be_compared_is_nobody_and_is_told_why_once() -> None:
    (event,) = looks(confirmer(guide_after_ns=3 * SECOND), [None] * 20)
    assert (event.shopper, event.reason, event.captured_ns, event.score_ppm) == (None, "dark", 3 * SECOND, 0)
    now_and_then = looks(confirmer(guide_after_ns=3 * SECOND), [None, None, None, ANNA] * 4)
    assert {event.shopper for event in now_and_then} == {"anna"}


def test_an_event_says_what_it_rests_on() -> None:
    rule = Rule(0.5, 0.05, Impostors(0.8, 0.1), 0.001)
    verdict = said([("anna", 0.2), ("bert", 0.9)], rule)
    watch = confirmer()
    watch.look([seen(verdict, 0.9)], 0)
    (event,) = watch.look([seen(verdict, 0.7)], SECOND)
    look = event.look
    assert look is not None
    assert (look.width_px, look.sharpness, look.light, look.turn_deg, look.gallery) == (80, 120, 200, 12, 2)
    assert look.liveness_ppm == 800_000
    assert 0 < look.limit_ppm < event.score_ppm
    assert look.limit_ppm == round(1_000_000 * (1 - rule.limit(2) / 2))


def test_a_face_that_looks_little_alive_is_looked_at_longer_and_then_told() -> None:
    watch = confirmer(min_liveness=0.5)
    told = [bool(watch.look([seen(ANNA, 0.2)], number * SECOND)) for number in range(2 + MORE_LOOKS)]
    assert told == [False] * (1 + MORE_LOOKS) + [True]
    watch = confirmer(min_liveness=0.5)
    values = [0.2, 0.3, 0.9, 0.9]
    told = [bool(watch.look([seen(ANNA, value)], number * SECOND)) for number, value in enumerate(values)]
    assert told == [False, False, False, True], "the mean counts, one good look does not"


GALLERIES = st.integers(1, 100_000)


@given(GALLERIES, GALLERIES)
def test_the_limit_falls_as_the_gallery_grows_and_never_exceeds_the_largest_distance(one: int, other: int) -> None:
    rule = Rule(0.48, 0.05, Impostors(0.854, 0.105), 0.001)
    small, large = sorted((one, other))
    assert rule.limit(large) <= rule.limit(small) <= 0.48
    assert Rule(0.48, 0.05).limit(large) == 0.48


def test_the_limit_keeps_its_promise_on_drawn_strangers() -> None:
    """With the distribution known, a stranger gets a name as rarely as was asked for."""
    chance, size, mean, deviation = 0.05, 40, 0.9, 0.1
    rule = Rule(2.0, 0.0, Impostors(mean, deviation), chance)
    strangers = np.random.default_rng(3).normal(mean, deviation, (4000, size)).astype(np.float32)
    named = sum(decide(row, [str(number) for number in range(size)], rule).shopper is not None for row in strangers)
    assert 0.5 * chance < named / len(strangers) < 1.3 * chance


def test_known_among_a_few() -> None:
    known = Known.of([("anna", np.ones(2, np.float32)), ("bert", np.zeros(2, np.float32))])
    assert known.among({"bert", "carl"}).owners == ("bert",)
    assert known.among(()).templates is None


@given(st.lists(st.sampled_from([ANNA, BERT, UNKNOWN, None]), max_size=30))
def test_nobody_is_reported_without_two_looks_in_a_row(verdicts: list[Verdict | None]) -> None:
    seen = [verdict for verdict in verdicts if verdict is not None]
    pairs = {one.shopper for one, two in pairwise(seen) if one == two}
    events = looks(confirmer(repeat_ns=0), verdicts)
    assert {event.shopper for event in events if event.reason != "dark"} <= pairs
