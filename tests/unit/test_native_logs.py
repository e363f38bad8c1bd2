"""What native libraries print while they load stays off stderr, but comes out where the load fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from vision.native_logs import kept_aside


def test_chatter_is_kept_and_ours_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    print("before", file=sys.stderr)
    with kept_aside():
        os.write(2, b"INFO: chatter\n")
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "before\nafter\n"


def test_a_failure_brings_out_what_led_to_it(capfd: pytest.CaptureFixture[str]) -> None:
    def load() -> None:
        with kept_aside():
            os.write(2, b"ERROR: no memory\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        load()
    assert capfd.readouterr().err == "ERROR: no memory\n"


def test_the_face_detector_is_silent_from_load_to_end(shared_models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from vision.enrolment import read_picture
    from vision.faces.blazeface import open_detector

    picture = read_picture(Path(__file__).resolve().parents[2] / "edge" / "demo_shop" / "enrol" / "astronaut.jpg")
    detector, why, _ = open_detector(shared_models)
    assert detector is not None, why
    assert len(detector.find(picture)) == 1
    detector.close()
    assert capfd.readouterr().err == ""
