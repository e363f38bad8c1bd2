"""Probabilities in whole numbers: log-likelihoods in thousandths of a nat, weights as fixed point with 60 bits.

The same on every processor: no float and no library function takes part. Must not: know what is being weighed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

ONE: Final = 1 << 60
IMPOSSIBLE: Final = 40_000  # thousandths of a nat; beyond it a weight is nothing

# round(2**60 * exp(-2**k / 1000)) for k = 0..15, computed with 50 decimal digits
_POWERS: Final = (
    1151769159370886877, 1150617965904182130, 1148319029674915058, 1143734927871955424, 1134621550562843366,
    1116612065832383217, 1081446135387713433, 1014401881716861357, 892524923439265756, 690941001427423928,
    414078031805233318, 148718378257819812, 19183574894960480, 319197399198527, 88372867752, 6774,
)  # fmt: skip

_LN_MNAT: Final = (2773, 2833, 2890, 2944, 2996, 3045, 3091, 3135, 3178, 3219, 3258, 3296, 3332, 3367, 3401, 3434)


@lru_cache(maxsize=1 << 15)
def weight(log_mnat: int) -> int:
    """exp(log_mnat / 1000) in fixed point; `log_mnat` <= 0 (above is taken as 0)."""
    left = -log_mnat
    if left <= 0:
        return ONE
    if left >= IMPOSSIBLE:
        return 0
    found = ONE
    bit = 0
    while left:
        if left & 1:
            found = found * _POWERS[bit] >> 60
        left >>= 1
        bit += 1
    return found


def ln_mnat(value: int) -> int:
    """1000 ln(value), up to 60 too small; `value` >= 1. Its leading 5 bits pick from a table."""
    bits = value.bit_length()
    top = value >> (bits - 5) if bits >= 5 else value << (5 - bits)
    return 693 * (bits - 5) + (bits - 5) * 147 // 1_000 + _LN_MNAT[top - 16]


def times(one: int, other: int) -> int:
    """Product of two weights."""
    return one * other >> 60


def share_ppm(part: int, whole: int) -> int:
    """Share in parts per million, rounded down; 0 where there is nothing to share."""
    return part * 1_000_000 // whole if whole > 0 else 0


def normal_mnat(error: int, sigma: int, floor_mnat: int) -> int:
    """Log-likelihood of an error under a normal law, relative to no error, not below `floor_mnat`."""
    if sigma <= 0:
        return 0 if error == 0 else floor_mnat
    return max(floor_mnat, -(error * error * 500) // (sigma * sigma))
