"""What all tests share: where real recordings are, and how a missing part is reported.

A test that needs a part which this machine lacks is skipped with the reason; in CI (`CI=true`) it fails instead.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, so that a change is judged by itself; `make test-full` looks for new ones.
# No deadline: how long an example takes says how busy the machine is, not whether it is right.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("new", deadline=None)
settings.load_profile(os.environ.get("EXAMPLES", "same"))

ROOT = Path(__file__).resolve().parent.parent


def lacking(reason: str) -> None:
    """Skip with a reason, or fail in CI, where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings with truth. It is not part of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        lacking("the recorded data set (../shared/data) is not on this machine")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of optional model weights. It is not part of the repository."""
    folder = ROOT.parent / "shared" / "models"
    if not folder.is_dir():
        lacking("the optional weights (../shared/models) are not on this machine")
    return folder


def program(name: str, package: str) -> str:
    """Path of a program that a test starts as its real peer."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        lacking(f"{name} is not installed; install it with: sudo apt-get install {package}")
    assert found is not None
    return found
