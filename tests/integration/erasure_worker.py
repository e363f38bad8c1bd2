"""A process that enrols people over and over until it is killed: `python -m tests.integration.erasure_worker STATE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from vision.face_records import Consent
from vision.gallery import Gallery

CONSENT = Consent(text_version="1", given_at="2026-05-01T00:00:00.000Z", retain_until="2099-12-31")
KIND = "mobilefacenet-128-b7120c09"


def template(number: int) -> np.ndarray:
    """A made-up face: 128 numbers of length 1, the same for the same number."""
    row = np.random.default_rng(number).normal(size=128)
    return np.asarray(row / np.linalg.norm(row), np.float32)


def main(state: Path) -> None:
    """Enrol s00, s01, ... s11 again and again; the others keep the record that a backup holds a copy of."""
    store = Gallery(state)
    os.write(1, b"ready\n")
    while True:
        for number in range(12):
            store.enrol(f"s{number:02}", [(KIND, template(number))], CONSENT)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
