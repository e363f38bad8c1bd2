"""Debian's own Python for aarch64 in a folder, run through qemu-user: a second processor to compare with.

This machine's apt fetches the packages (and checks their signatures) into a package database of its own, so nothing of
the machine changes; msgspec comes as a wheel with the hash that is pinned for everybody. Must not: need root, or run
anything of the fetched packages but the interpreter.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.conftest import ROOT, lacking, program

PACKAGES: Final = ("python3-minimal", "libpython3-stdlib")  # and what they depend on, libc6 first of all
WHEEL: Final = "msgspec"  # all that the core needs beside the standard library
PLATFORMS: Final = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
FETCH_S: Final = 240


class Arm64(NamedTuple):
    """An interpreter for aarch64: the emulator, the root of its file system, and the folder of its packages."""

    emulator: str
    root: Path
    site: Path

    def run(self, arguments: Sequence[str], hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
        """Run Python with our tree on its path."""
        return subprocess.run(
            [self.emulator, "-L", str(self.root), str(_interpreter(self.root)), "-S", *arguments],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env={
                "PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT}:{self.site}", "PYTHONHASHSEED": hash_seed,
                "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
            },
        )  # fmt: skip


def arm64_python() -> Arm64:
    """The interpreter, fetched on first use and then kept under var/; skips the test where it cannot be had."""
    emulator = shutil.which("qemu-aarch64") or program("qemu-aarch64-static", "qemu-user-static")
    pins = _pins()
    known = hashlib.sha256("\n".join((*PACKAGES, pins)).encode()).hexdigest()[:12]
    folder = ROOT / "var" / f"aarch64-{known}"
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".aarch64-", dir=folder.parent))
        try:
            _fetch_debian(fresh)
            _fetch_wheel(fresh, pins)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return Arm64(emulator, folder / "root", folder / "site")


def _pins() -> str:
    """The pinned lines of the wheel, hashes and all."""
    text = (ROOT / "requirements" / "run.txt").read_text()
    start = text.index(f"\n{WHEEL}==") + 1
    lines = text[start:].splitlines()
    return "\n".join(lines[: next(k for k, line in enumerate(lines) if not line.endswith("\\")) + 1])


def _fetch_debian(folder: Path) -> None:
    """Packages into folder/root, by apt with a package database of its own."""
    apt, dpkg = program("apt-get", "apt"), program("dpkg-deb", "dpkg")
    for name in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    options = {
        "APT::Architecture": "arm64", "APT::Architectures": "arm64", "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "", "Acquire::Languages": "none", "Acquire::Retries": "1", "Acquire::http::Timeout": "30",
        "Dir::State": str(folder / "state"), "Dir::State::status": str(folder / "status"),
        "Dir::Cache": str(folder / "cache"), "Debug::NoLocking": "true",
    }  # fmt: skip
    with_options = [apt, "-q", "-y", *(word for item in options.items() for word in ("-o", "=".join(item)))]
    _fetched([*with_options, "update"], "the lists of Debian's arm64 packages")
    _fetched([*with_options, "install", "--download-only", *PACKAGES], "Debian's Python for arm64")
    for package in sorted((folder / "cache" / "archives").glob("*.deb")):
        subprocess.run([dpkg, "-x", str(package), str(folder / "root")], check=True)
    shutil.rmtree(folder / "cache")
    shutil.rmtree(folder / "state")


def _fetch_wheel(folder: Path, pins: str) -> None:
    """The wheel into folder/site; pip compares its hash with the pinned ones."""
    (folder / "pins.txt").write_text(pins + "\n")
    version = _interpreter(folder / "root").name.removeprefix("python")
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    _fetched(
        [
            sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--require-hashes",
            "--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", version, *platforms,
            "-d", str(folder / "wheels"), "-r", str(folder / "pins.txt"),
        ],
        f"{WHEEL}'s wheel for aarch64 and Python {version}",
    )  # fmt: skip
    (wheel,) = (folder / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")


def _fetched(command: Sequence[str], what: str) -> None:
    """Run a command that needs the network; where it fails the test is skipped with the last thing it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
    except subprocess.TimeoutExpired:
        lacking(f"{what} did not come within {FETCH_S} s")
        return
    if done.returncode:
        lacking(f"{what} cannot be fetched here: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")


def _interpreter(root: Path) -> Path:
    """`python3.11` and not the link beside it: the name says the version."""
    return next(path for path in sorted((root / "usr" / "bin").glob("python3.*")) if not path.is_symlink())
