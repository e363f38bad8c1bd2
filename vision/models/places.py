"""From a model's name to verified files: an operator's own, those of the models folder, or those pip installed.

Must not: download, or open a network. A file is handed out only after its SHA-256 was compared.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge.config import Models
from edge.core.errors import BadInput
from vision.models.manifest import Model, ModelFile, Package, all_models, model_named

CHUNK: Final = 1 << 20
Whose = Literal["own", "folder", "package"]


class ModelAbsent(BadInput):
    """A model is not on this box. What a feature does then stands in vision.models.features."""


class ModelBad(BadInput):
    """A file is there but is not the one that was declared: cut, changed, or another network."""


@dataclass(frozen=True)
class Place:
    """One file on this box. `sha256` is the declared one, by now compared."""

    file: ModelFile
    path: Path
    sha256: str
    whose: Whose


@dataclass(frozen=True)
class Found:
    """The verified files of a model by part.

    `provider` is the configured wish for who computes, `folder` the models folder.
    """

    model: Model
    places: Mapping[str, Place]
    provider: str = "auto"
    folder: str | None = None

    @property
    def path(self) -> Path:
        """The file of a model that has only one."""
        return self.of("").path

    @property
    def own(self) -> bool:
        """Whether any file is the operator's own."""
        return any(place.whose == "own" for place in self.places.values())

    @property
    def finger_print(self) -> str:
        """8 hex digits that change with any file: what was computed with another one is not to be compared."""
        if len(self.places) == 1:
            return next(iter(self.places.values())).sha256[:8]
        together = "".join(place.sha256 for _, place in sorted(self.places.items()))
        return hashlib.sha256(together.encode()).hexdigest()[:8]

    def of(self, part: str) -> Place:
        """The file of a part. Raises BadInput where the model has no such part, or it was not asked for."""
        self.model.part(part)
        try:
            return self.places[part]
        except KeyError:
            raise BadInput(f"model {self.model.name}", f"part {part!r} was not asked for") from None


def resolve(name: str, models: Models | Path | str | None, parts: tuple[str, ...] | None = None) -> Found:
    """The files of a model, each compared with its SHA-256; all of them, or only `parts`.

    `models` is [models] of store.toml, or just its folder. Raises ModelAbsent where a file is not on this box, ModelBad
    where one is not what was declared, BadInput for a name that nobody knows.
    """
    settings, model = as_settings(models), model_named(name)
    check_own(settings)
    wanted = [model.part(part) for part in parts] if parts is not None else list(model.file)
    return Found(
        model, {file.part: verified(model, file, settings) for file in wanted}, settings.provider, settings.folder
    )


def as_settings(models: Models | Path | str | None) -> Models:
    """A folder alone stands for a [models] table with nothing else in it."""
    if isinstance(models, Models):
        return models
    return Models(folder=None if models is None else str(models))


def own_problems(settings: Models) -> list[tuple[str, str]]:
    """Place and text of every [[models.own]] that names nothing the manifest knows."""
    problems = []
    for number, own in enumerate(settings.own):
        known = all_models().get(own.model)
        place = f"models.own[{number}]"
        if known is None:
            text = f"{own.model!r} is not known; the known ones are {', '.join(all_models())}"
            problems.append((f"{place}.model", text))
        elif own.part not in {file.part for file in known.file}:
            names = ", ".join(repr(file.part) for file in known.file)
            problems.append((f"{place}.part", f"{own.part!r} is not a part of {own.model}; give one of {names}"))
    return problems


def check_own(settings: Models) -> None:
    """Raises BadInput with the first of `own_problems`."""
    for place, text in own_problems(settings):
        raise BadInput(place, text)


def verified(model: Model, file: ModelFile, settings: Models) -> Place:
    """One file. Raises ModelAbsent or ModelBad."""
    place = next(iter(_candidates(model, file, settings)), None)
    if place is None:
        raise ModelAbsent(f"model {model.name}", _where_not(model, file, settings))
    problem = what_is_wrong(place)
    if problem:
        raise ModelBad(str(place.path), problem)
    return place


def what_is_wrong(place: Place) -> str:
    """Why a file is not the declared one, with the cure; empty where it is."""
    try:
        found, size = sha256_of(place.path), place.path.stat().st_size
    except OSError as error:
        return f"cannot be read ({error.strerror}); correct the path or its rights"
    if found == place.sha256:
        return ""
    if place.whose == "own":
        return f"has the SHA-256 {found}, [[models.own]] says {place.sha256}; correct the file or the configuration"
    what = f"is cut or not complete ({size} of {place.file.bytes} bytes)"
    if size >= place.file.bytes:
        what = f"is another file than the manifest's (SHA-256 {found[:16]}..., wanted {place.sha256[:16]}...)"
    if place.whose == "package":
        return f"{what}; install the pinned requirements again"
    return f"{what}; pull it again (`muin models pull`), or declare it as your own under [[models.own]]"


def sha256_of(path: Path) -> str:
    """Hex digest of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _candidates(model: Model, file: ModelFile, settings: Models) -> Iterator[Place]:
    """Where the file is, best first. What an operator declared is never passed over in silence."""
    for own in settings.own:
        if (own.model, own.part) == (model.name, file.part):
            yield Place(file, Path(own.path), own.sha256, "own")
    if settings.folder is not None:
        for path in (Path(settings.folder) / model.name / file.file, Path(settings.folder) / file.file):
            if os.path.isfile(path):  # False, not an error, for a folder that nobody may enter
                yield Place(file, path, file.sha256, "folder")
    if file.package is not None and file.package.installed:
        where = installed_path(file.package)
        if where is not None:
            yield Place(file, where, file.sha256, "package")


def installed_path(package: Package) -> Path | None:
    """Where pip put the file, without importing the package; None where it is not installed."""
    top, _, inside = package.member.partition("/")
    spec = importlib.util.find_spec(top)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (Path(folder) / inside).is_file():
            return Path(folder) / inside
    return None


def _where_not(model: Model, file: ModelFile, settings: Models) -> str:
    if file.package is not None and file.package.installed:
        return f"the package {file.package.name} is not installed; install the pinned requirements again"
    if settings.folder is None:
        return f"is not on this box: set folder under [models] and run `muin models pull {model.name}`"
    cure = f"`muin models pull {model.name} --models {settings.folder}`"
    if not Path(settings.folder).is_dir():
        return f"{settings.folder} is no folder; correct models.folder, or make it: {cure}"
    return f"{file.file} is not in {settings.folder}; fetch it: {cure}"
