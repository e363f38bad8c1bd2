"""models.toml as checked values. Must not: know where a file lies on this box, or fetch one."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from edge.core.errors import BadInput

FILE: Final = Path(__file__).with_name("models.toml")

Shape = tuple[int | str, ...]


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor. In `shape` a number is fixed and a word is free; `own_shape` is for an operator's own file."""

    type: str
    shape: Shape
    name: str = ""
    values: str = ""
    own_shape: Shape | None = None


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file inside a package of the index: `member` of release `version`.

    `installed`: the product's own requirements bring it, and it is used where pip put it. `python` and `platform` pick
    the wheel where there are several; the file inside is data and the same in each. `build` names what makes our file
    from that member (vision.models.fetch.BUILDERS).
    """

    name: str
    version: str
    member: str
    installed: bool = False
    python: str = ""
    platform: str = ""
    build: str = ""


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model; `part` tells the files of a model apart and is empty where there is only one."""

    file: str
    bytes: int
    sha256: str
    inputs: tuple[Form, ...] = ()
    outputs: tuple[Form, ...] = ()
    part: str = ""
    url: str | None = None
    package: Package | None = None


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network, or the few that are only used together. `note` is what an operator must know before using it.

    `runtime` "weights" is numbers alone, of which our own builder makes an ONNX network in memory.
    """

    name: str
    use: str
    runtime: Literal["onnx", "tflite", "dlib", "weights"]
    licence: str
    origin: str
    file: tuple[ModelFile, ...]
    note: str = ""

    def part(self, part: str) -> ModelFile:
        """The file of a part. Raises BadInput with the parts there are."""
        for file in self.file:
            if file.part == part:
                return file
        known = ", ".join(file.part or "(no part)" for file in self.file)
        raise BadInput(f"model {self.name}", f"has no part {part!r}; its parts are {known}")


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Model, ...]


@cache
def all_models() -> dict[str, Model]:
    """Every model of the manifest by name, in its order."""
    document = msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), _Document)
    return {model.name: model for model in document.model}


def model_named(name: str) -> Model:
    """One model. Raises BadInput for a name that the manifest does not have."""
    try:
        return all_models()[name]
    except KeyError:
        raise BadInput(f"model {name}", f"is not known; the known ones are {', '.join(all_models())}") from None
