"""How many reads, and how strong ones, make a tag one that leaves."""

from __future__ import annotations

import pytest

from edge.core import tags
from edge.core.visits import State, Tag, Visit


@pytest.mark.parametrize(
    ("reads", "best_cdbm", "counts"),
    [
        (1, -7_000, 1),
        (1, -6_400, 1),
        (1, -6_100, 1 + tags.NEAR_READS),
        (2, -6_400, 2 + tags.NEAR_READS),
        (2, -7_000, 2),
    ],
)
def test_one_strong_read_may_be_noise_two_are_near(reads: int, best_cdbm: int, counts: int) -> None:
    tag = Tag(sku="tea", reads=reads, last_ns=5, best_cdbm=best_cdbm)
    visit = Visit(id="v", shopper="ann", method="qr", gate="g", state=State.LEAVING, opened_ns=0, tags={"e": tag})
    assert tags.leaving(visit, 0) == {"tea": [counts]}
