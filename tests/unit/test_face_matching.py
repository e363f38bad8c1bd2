"""The rule that turns distances into a name, and several looks into one report."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import CredentialShown
from vision.faces.confirm import STRANGER_LOOKS, Confirmer, Sighting
from vision.faces.matching import UNKNOWN, Rule, Verdict, decide

RULE = Rule(max_distance=0.5, min_margin=0.05)
SECOND = 1_000_000_000
BOX = (100, 100, 180, 180)
ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 2, allow_nan=False)), max_size=8)


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


def looks(confirmer: Confirmer, verdicts: list[Verdict | None], step_ns: int = SECOND) -> list[CredentialShown]:
    events: list[CredentialShown] = []
    for number, verdict in enumerate(verdicts):
        events += confirmer.look([Sighting(BOX, verdict)], number * step_ns)
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
    assert watch.look([Sighting(BOX, ANNA), Sighting(far, ANNA)], 0) == []


def test_who_stands_there_is_reported_again_only_after_the_pause() -> None:
    times = [event.captured_ns // SECOND for event in looks(confirmer(repeat_ns=5 * SECOND), [ANNA] * 12)]
    assert times == [1, 6, 11]


def test_a_stranger_is_reported_once_and_late() -> None:
    (event,) = looks(confirmer(), [UNKNOWN] * 20)
    assert (event.shopper, event.reason, event.captured_ns) == (None, "unknown", (STRANGER_LOOKS - 1) * SECOND)


def test_a_face_that_cannot_be_compared_is_nobody() -> None:
    assert looks(confirmer(), [None] * 20) == []


@given(st.lists(st.sampled_from([ANNA, BERT, UNKNOWN, None]), max_size=30))
def test_nobody_is_reported_without_two_looks_in_a_row(verdicts: list[Verdict | None]) -> None:
    seen = [verdict for verdict in verdicts if verdict is not None]
    pairs = {one.shopper for one, two in pairwise(seen) if one == two}
    assert {event.shopper for event in looks(confirmer(repeat_ns=0), verdicts)} <= pairs
