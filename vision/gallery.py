"""Who may be recognised on this box: encrypted faces with consent, and codes. Nothing of it leaves the box.

Faces and codes lie apart, so a damaged face record never stops somebody who shows a code. A running gate notices
what `muin enrol` and `muin forget` change. Must not: keep a picture, log a template, or read a clock.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from edge.clock import rfc3339
from edge.core.errors import BadInput
from vision import codes, erasure, safe_file
from vision.claims import Claim, Claims
from vision.face_records import Consent, FaceRecords, Kept, Record
from vision.faces.face import Template
from vision.faces.matching import Known
from vision.roster import Method, Roster

CLAIMS, DEVICE_KEY = "claims.json", "device.key"
DIGITS = re.compile(r"[0-9]{4,8}")
SHOPPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,79}")


class CodeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose code it is; `shopper` is None with `reason` "bad-code" or "expired". `opens`: it is more than a claim."""

    shopper: str | None
    reason: str = ""
    opens: bool = True


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did. `left` names files that still hold pieces of it, `unread` those that could not be read.

    `sealed_copies` names files (backups) that hold the cipher text of a record, which nobody can open any more: its
    key is destroyed, and no file read holds another copy of the key, or it would be in `left`. `pictures` counts the
    pictures and clips among the files searched: they hold no template, but may show the person.
    """

    shopper: str
    faces: int
    codes: int
    scanned_files: int
    left: list[str]
    unread: list[str]
    sealed_copies: list[str] = []
    pictures: int = 0
    why: Literal["asked", "retention"] = "asked"

    @property
    def clean(self) -> bool:
        """Whether the search proved that nothing is left."""
        return not self.left and not self.unread


class Gone(NamedTuple):
    """What was destroyed of one shopper."""

    faces: int
    codes: int
    needles: list[bytes]
    sealed: list[bytes]


class Gallery:
    """The identity store in a state folder. Opening never fails: what is damaged is listed in `problems`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lock, self._stamp_path = state / "identity.lock", state / "identity.stamp"
        self._roster_path = state / "codes.json"
        self._records = FaceRecords(state / "faces", state / DEVICE_KEY)
        self.claims = Claims(state / CLAIMS)
        self._known: tuple[tuple[str, str], Known] | None = None
        self._load()

    @property
    def problems(self) -> tuple[BadInput, ...]:
        """What could not be read, each with its file and cure."""
        return self._problems

    def refresh(self) -> bool:
        """Read again if somebody changed the store; says whether."""
        if self._read_stamp() == self._stamp:
            return False
        self._load()
        return True

    def known(self, kind: str, today: str, among: Collection[str] | None = None) -> Known:
        """Templates of one engine kind whose consent holds on `today` (YYYY-MM-DD), of everybody or of `among`."""
        if self._known is None or self._known[0] != (kind, today):
            valid = [(record, kept) for record, kept in self._faces if today <= record.consent.retain_until]
            chosen = [
                (record.shopper, row) for record, kept in valid for row_kind, row in kept.rows if row_kind == kind
            ]
            self._known = ((kind, today), Known.of(chosen))
        return self._known[1] if among is None else self._known[1].among(among)

    def with_digits(self, digits: str, today: str) -> tuple[str, ...]:
        """Shoppers who may be claimed by these digits, sorted."""
        found = {
            record.shopper
            for record, kept in self._faces
            if kept.digits == digits and digits and today <= record.consent.retain_until
        }
        return tuple(sorted(found))

    def other_kinds(self, kind: str) -> int:
        """How many shoppers have templates of another engine only, so that they must be enrolled again."""
        return sum(all(row_kind != kind for row_kind, _ in kept.rows) for _, kept in self._faces)

    def resolve_code(self, text: str, today: str) -> CodeAnswer:
        """Whose code a text is."""
        token = codes.token_of(text)
        entry = self._roster.find(token) if token and self._roster else None
        if entry is None:
            return CodeAnswer(shopper=None, reason="bad-code")
        if entry.valid_until is not None and today > entry.valid_until:
            return CodeAnswer(shopper=None, reason="expired")
        return CodeAnswer(shopper=entry.shopper, opens=entry.method != "member")

    def has_code(self, shopper: str) -> bool:
        """Whether the shopper has a code or card that opens: the other way in."""
        return self._roster is not None and self._roster.has(shopper)

    def enrol(self, shopper: str, rows: list[tuple[str, Template]], consent: Consent, digits: str = "") -> None:
        """Keep a shopper's (engine kind, template) rows in place of older ones. Needs a consent that is complete.

        `digits` are the last ones of the shopper's phone, by which a claim narrows the gallery; "" = none.
        """
        check_shopper(shopper)
        check_consent(consent)
        if digits:
            check_digits(digits)
        if not rows:
            raise BadInput(f"shopper {shopper}", "no template to keep; give a picture with the shopper's face")
        with self._changing():
            older = self._records.ids_of(shopper)
            self._records.add(shopper, Kept(rows=rows, digits=digits), consent)
            for record_id in older:
                self._records.destroy(record_id)

    def issue_code(
        self,
        shopper: str,
        valid_until: str | None,
        method: Method = "qr",
        token: str | None = None,
    ) -> str:
        """A token for a shopper (a new random one unless given), in place of an older one; kept as a salted hash.

        A given token must be as hard to guess: the number of a card that the shopper has already, for example. One of
        the method "member" opens nothing: it narrows whom the next face is compared with.
        """
        check_shopper(shopper)
        if valid_until is not None:
            check_day(valid_until, "valid until")
        token = token or codes.new_token()
        with self._changing():
            Roster(self._roster_path).issue(token, shopper, method, valid_until)
        return token

    def claim(self, gate: str, digits: str, now_wall_ns: int, span_ns: int) -> None:
        """Somebody at a gate typed digits: the next face there is compared with those few. Says nothing of the digits.

        Raises BadInput for what are no digits, and where there were too many claims in a minute.
        """
        check_digits(digits)
        shoppers = self.with_digits(digits, day_of(now_wall_ns))
        claim = Claim(shoppers=shoppers, by="digits", made_ns=now_wall_ns, until_ns=now_wall_ns + span_ns)
        with self._alone():
            self.claims.make(gate, claim)

    def forget(self, shopper: str, scan: Sequence[Path] = (), openers: Sequence[erasure.Opener] = ()) -> Erased:
        """Destroy a shopper's keys, templates, codes and claims, then look for pieces in the state folder and `scan`.

        `openers` read files that others encrypted (vision.erasure).
        """
        (erased,) = self.forget_all([shopper], scan, openers)
        return erased

    def forget_all(
        self, shoppers: Sequence[str], scan: Sequence[Path] = (), openers: Sequence[erasure.Opener] = ()
    ) -> list[Erased]:
        """As `forget`, for several; the files are read once."""
        gone: dict[str, Gone] = {}
        with self._changing():
            for shopper in dict.fromkeys(shoppers):
                ids = self._records.ids_of(shopper)
                needles = [needle for record_id in ids for needle in self._records.needles(record_id)]
                sealed = [text for record_id in ids for text in self._records.sealed(record_id)]
                for record_id in ids:
                    self._records.destroy(record_id)
                self.claims.drop(shopper)
                gone[shopper] = Gone(len(ids), self._revoke(shopper), needles, sealed)
        return self._proved(gone, [self._state, *scan], openers, "asked")

    def expire(self, today: str, search: bool = True) -> list[Erased]:
        """Erase the faces whose retention ended before `today`; codes stay. Searches the state folder, if wanted.

        A process that has the ledger open must not search: closing a file drops its locks (edge.ledger.connection).
        """
        ended = [one for one in self._records.all() if isinstance(one, Record) and one.consent.retain_until < today]
        gone: dict[str, Gone] = {}
        if ended:
            with self._changing():
                for record in sorted(ended, key=lambda one: one.shopper):
                    before = gone.get(record.shopper, Gone(0, 0, [], []))
                    needles = [*before.needles, *self._records.needles(record.record)]
                    sealed = [*before.sealed, *self._records.sealed(record.record)]
                    gone[record.shopper] = Gone(before.faces + 1, 0, needles, sealed)
                    self._records.destroy(record.record)
                    self.claims.drop(record.shopper)
        return self._proved(gone, [self._state] if search else [], (), "retention")

    def _proved(
        self,
        gone: dict[str, Gone],
        places: Sequence[Path],
        openers: Sequence[erasure.Opener],
        why: Literal["asked", "retention"],
    ) -> list[Erased]:
        if not gone:
            return []
        needles = {(who, "clear"): one.needles for who, one in gone.items()}
        sealed = {(who, "sealed"): one.sealed for who, one in gone.items()}
        found = erasure.search(needles | sealed, places, openers)
        return [
            Erased(
                shopper=shopper,
                faces=one.faces,
                codes=one.codes,
                scanned_files=found.scanned_files,
                left=found.left[shopper, "clear"],
                sealed_copies=found.left[shopper, "sealed"],
                unread=found.unread,
                pictures=found.pictures,
                why=why,
            )
            for shopper, one in gone.items()
        ]

    def _revoke(self, shopper: str) -> int:
        return Roster(self._roster_path).revoke(shopper) if self._roster_path.exists() else 0

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One change: alone, then announced to every other process that has the store open."""
        with self._alone():
            self._sweep()
            try:
                yield
            finally:
                safe_file.write_whole(self._stamp_path, secrets.token_bytes(16))
                self._load()

    def _sweep(self) -> None:
        """What a killed process left half-written or half-destroyed is nobody's: destroyed before anybody copies it."""
        self._records.sweep()
        for name in (self._roster_path.name, self._stamp_path.name, CLAIMS, DEVICE_KEY):
            for path in self._state.glob(f".{name}.*"):
                safe_file.destroy(path)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the store meanwhile."""
        try:
            with safe_file.one_writer(self._lock):
                yield
        except OSError as error:
            cure = "make room or give the folder to the user that muin runs as; nothing was half-written"
            raise BadInput(str(self._state), f"cannot be changed ({error.strerror}); {cure}") from None

    def _load(self) -> None:
        self._stamp = self._read_stamp()
        problems: list[BadInput] = []
        self._known = None
        self._faces: list[tuple[Record, Kept]] = []
        self._roster: Roster | None = None
        try:
            self._roster = Roster(self._roster_path)
        except BadInput as problem:
            problems.append(problem)
        replaced = self._records.replaced()
        for record in self._records.all():
            try:
                if isinstance(record, BadInput):
                    raise record
                if record.record in replaced:
                    continue
                self._faces.append((record, self._records.open(record)))
            except BadInput as problem:
                problems.append(problem)
        self._problems = tuple(problems)

    def _read_stamp(self) -> bytes:
        try:
            return self._stamp_path.read_bytes()
        except OSError:
            return b""


def day_of(wall_ns: int) -> str:
    """The day (YYYY-MM-DD, UTC) of a moment in Unix ns, as `today` above wants it."""
    return rfc3339(wall_ns)[:10]


def check_shopper(shopper: str) -> None:
    """Raises BadInput where the id is not one that events and files can carry."""
    if not SHOPPER.fullmatch(shopper):
        raise BadInput(
            f"shopper {shopper!r}", "use 1 to 80 letters, digits or _ . : + -, beginning with a letter or digit"
        )


def check_consent(consent: Consent) -> None:
    """Raises BadInput where a consent is not complete: no face is kept without one."""
    if not consent.text_version.strip():
        raise BadInput("consent", "is missing; name the version of the text that the shopper agreed to")
    check_day(consent.retain_until, "retain until")
    if consent.retain_until < consent.given_at[:10]:
        raise BadInput("retain until", f"{consent.retain_until} is past; give the last day the face may be kept")


def check_digits(digits: str) -> None:
    """Raises BadInput for what is not the end of a phone number."""
    if not DIGITS.fullmatch(digits):
        raise BadInput("phone digits", "give the last 4 to 8 digits of the phone number, nothing else")


def check_day(day: str, place: str) -> None:
    """Raises BadInput where a text is not a day like 2026-12-31."""
    try:
        good = datetime.date.fromisoformat(day).isoformat() == day
    except ValueError:
        good = False
    if not good:
        raise BadInput(place, f"{day!r} is not a day; write it like 2026-12-31")
