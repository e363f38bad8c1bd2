"""Face templates on disk: one encrypted record per shopper, its wrapped key in another folder.

`records/` may be backed up; `keys/` must not be, so that an erased face cannot come back from a backup. Must not:
write a template in clear, or open a record without its consent.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np

from edge.core.errors import BadInput
from vision import envelope, erasure, safe_file
from vision.faces.face import Template

_T = TypeVar("_T")


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper agreed to: the version of the text, when (RFC 3339), and the last day (YYYY-MM-DD, UTC)."""

    text_version: str
    given_at: str
    retain_until: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it lies on disk. `sealed` holds the templates; consent and shopper are bound to it."""

    record: str
    shopper: str
    consent: Consent
    sealed: bytes
    format: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record keeps sealed: (engine kind, template) rows, and the digits by which the shopper may be claimed."""

    rows: list[tuple[str, Template]]
    digits: str = ""


class _Plain(msgspec.Struct, frozen=True, kw_only=True):
    """`Kept` as bytes. Records of the first form held the rows alone."""

    rows: list[tuple[str, bytes]]
    digits: str = ""


class _WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    record: str
    shopper: str
    wrapped: bytes
    format: Literal[1] = 1


class FaceRecords:
    """The two folders of one device. Callers hold the writer's lock while they change something."""

    def __init__(self, folder: Path, device_key: Path) -> None:
        self._records, self._keys, self._device_key = folder / "records", folder / "keys", device_key

    def all(self) -> Iterator[Record | BadInput]:
        """Every record in the order of its name; a damaged file comes as the BadInput that names it."""
        for path in sorted(self._records.glob("*.json")):
            try:
                yield _decode(path, Record)
            except BadInput as problem:
                yield problem

    def ids_of(self, shopper: str) -> list[str]:
        """The ids of a shopper's records; a damaged record is still known by its key, and a lost key by its record."""
        found = {one.record for one in self.all() if isinstance(one, Record) and one.shopper == shopper}
        for path in self._keys.glob("*.json"):
            with contextlib.suppress(BadInput):
                key = _decode(path, _WrappedKey)
                found |= {key.record} if key.shopper == shopper else set()
        return sorted(found)

    def open(self, record: Record) -> Kept:
        """What is kept of a shopper. Raises BadInput where the record cannot be decrypted."""
        place = str(self._path(record.record))
        key_file = _decode(self._key_path(record.record), _WrappedKey)
        device = envelope.device_key(self._device_key)
        data_key = envelope.unseal(device, key_file.wrapped, _bound("data-key", record), place)
        plain = envelope.unseal(data_key, record.sealed, _bound("face-templates", record), place)
        found = msgspec.msgpack.decode(plain, type=_Plain | list[tuple[str, bytes]])
        rows, digits = (found.rows, found.digits) if isinstance(found, _Plain) else (found, "")
        return Kept(rows=[(kind, np.frombuffer(row, dtype="<f4")) for kind, row in rows], digits=digits)

    def add(self, shopper: str, kept: Kept, consent: Consent) -> Record:
        """Seal templates. The key is written first: a record without its key would be reported as damaged."""
        rows = [(kind, row.astype("<f4").tobytes()) for kind, row in kept.rows]
        plain = msgspec.msgpack.encode(_Plain(rows=rows, digits=kept.digits))
        draft = Record(record=secrets.token_hex(8), shopper=shopper, consent=consent, sealed=b"")
        device, data_key = envelope.device_key(self._device_key, create=True), envelope.new_key()
        wrapped = envelope.seal(device, data_key, _bound("data-key", draft))
        sealed = envelope.seal(data_key, plain, _bound("face-templates", draft))
        record = msgspec.structs.replace(draft, sealed=sealed)
        key_file = _WrappedKey(record=record.record, shopper=shopper, wrapped=wrapped)
        safe_file.write_whole(self._key_path(record.record), msgspec.json.encode(key_file))
        safe_file.write_whole(self._path(record.record), msgspec.json.encode(record))
        return record

    def destroy(self, record_id: str) -> None:
        """Erase the wrapped key, which makes every copy unreadable, then the record."""
        safe_file.destroy(self._key_path(record_id))
        safe_file.destroy(self._path(record_id))

    def needles(self, record_id: str) -> list[bytes]:
        """What must not be found anywhere after the record is destroyed: every template, and the wrapped key."""
        found: list[bytes] = []
        with contextlib.suppress(BadInput):  # what nobody can read any more has nothing to look for
            wrapped = _decode(self._key_path(record_id), _WrappedKey).wrapped
            found += [wrapped, base64.b64encode(wrapped)]
        with contextlib.suppress(BadInput):
            for _, template in self.open(_decode(self._path(record_id), Record)).rows:
                found += erasure.forms_of(template)
        return found

    def sealed(self, record_id: str) -> list[bytes]:
        """The cipher text as files hold it. Copies of it say nothing to anybody once the key is destroyed."""
        with contextlib.suppress(BadInput):
            text = _decode(self._path(record_id), Record).sealed
            return [text, base64.b64encode(text)]
        return []

    def sweep(self) -> None:
        """Destroy what a killed process left half-written or half-destroyed. Only for the holder of the lock."""
        for folder in (self._records, self._keys):
            for path in folder.glob(".*"):
                safe_file.destroy(path)
        for record_id in self.replaced():
            safe_file.destroy(self._path(record_id))

    def replaced(self) -> set[str]:
        """Records without a key beside a newer one of the same shopper that has one: a kill came between the two."""
        whole = [one for one in self.all() if isinstance(one, Record)]
        keyed = {one.shopper for one in whole if self._key_path(one.record).exists()}
        return {one.record for one in whole if one.shopper in keyed and not self._key_path(one.record).exists()}

    def _path(self, record_id: str) -> Path:
        return self._records / f"{record_id}.json"

    def _key_path(self, record_id: str) -> Path:
        return self._keys / f"{record_id}.json"


def _decode(path: Path, kind: type[_T]) -> _T:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        cure = "enrol this shopper again, or restore the file; entry by code is not affected"
        raise BadInput(str(path), f"a face record is damaged or incomplete ({error}); {cure}") from None
    return found


def _bound(purpose: str, record: Record) -> dict[str, object]:
    """What a cipher text is bound to: moving it to another shopper or date makes it unreadable."""
    bound: dict[str, object] = {"purpose": purpose, "shopper": record.shopper, "record": record.record}
    if purpose == "face-templates":
        bound["consent"] = msgspec.to_builtins(record.consent)
    return bound
