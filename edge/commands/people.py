"""`muin enrol`: who may be recognised on this box.

Must not: keep a picture, print a template, or enrol a face without a consent on record.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import StoreConfig
    from vision.gallery import Gallery

Config = Annotated[Path, typer.Option("--config", help="the store.toml of the shop")]
Shopper = Annotated[str, typer.Option("--shopper", help="the shopper's id")]
State = Annotated[Path | None, typer.Option(help="where keys and records live; default: state/ beside store.toml")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]


def register(app: typer.Typer) -> None:
    """Add `enrol` to the table."""
    app.command()(enrol)


def enrol(
    config: Config,
    shopper: Shopper,
    picture: Annotated[list[Path] | None, typer.Option("--picture", help="a picture or clip; may be repeated")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="issue a code, in place of the shopper's older one")] = False,
    member_code: Annotated[
        bool, typer.Option("--member-code", help="issue a code that opens nothing but tells whose face will come")
    ] = False,
    phone_digits: Annotated[
        str, typer.Option("--phone-digits", help="last 4 to 8 digits by which a keypad tells whose face will come")
    ] = "",
    consent: Annotated[str, typer.Option("--consent", help="version of the text that the shopper agreed to")] = "",
    retain_until: Annotated[
        str | None, typer.Option("--retain-until", metavar="DATE", help="last day, like 2026-12-31 (UTC)")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="draw the code to this .png or .svg")] = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Let a shopper in by face, by code, or by both. A face needs a consent and a last day."""
    from edge.clock import wall_now_ns
    from edge.config import load
    from vision import codes, gallery

    found, pictures = load(config), picture or []
    if not pictures and not qr and not member_code:
        raise BadInput("enrol", "give --picture FILE for a face, --qr for a code, or both")
    if qr and member_code:
        raise BadInput("--member-code", "issues another code than --qr; run muin enrol once for each")
    if phone_digits:
        if not pictures:
            raise BadInput("--phone-digits", "goes with --picture: the digits are kept with the face and go with it")
        gallery.check_digits(phone_digits)
    if out is not None and (not (qr or member_code) or out.suffix.lower() not in (".png", ".svg")):
        raise BadInput("--out", "goes with --qr or --member-code and must end in .png or .svg")
    gallery.check_shopper(shopper)
    now_ns = wall_now_ns()
    today = gallery.day_of(now_ns)
    if retain_until is not None:
        gallery.check_day(retain_until, "--retain-until")
        if retain_until < today:
            raise BadInput("--retain-until", f"{retain_until} is past; give the last day")
    with _drawn(out) as token:
        store = gallery.Gallery(state or config.parent / "state")
        document: dict[str, Any] = {"shopper": shopper, "retain_until": retain_until, "expired": _expired(store, today)}
        if pictures:
            document |= _enrol_face(store, found, shopper, pictures, (consent, retain_until, now_ns), phone_digits)
        if qr or member_code:
            text = store.issue_code(shopper, retain_until, "member" if member_code else "qr", token)
            document |= {"code": codes.payload(text), "code_file": None if out is None else str(out)}
        document["other_way"] = store.has_code(shopper)
    if not document["other_way"]:
        print(f"muin: {shopper} has no code; who is not recognised needs another way in: --qr", file=sys.stderr)
    show(document, as_json)


def _enrol_face(
    store: Gallery, found: StoreConfig, shopper: str, pictures: list[Path], terms: tuple[str, str | None, int],
    digits: str,
) -> dict[str, Any]:  # fmt: skip
    from edge.clock import rfc3339
    from vision.enrolment import check_one_person, templates_of
    from vision.face_records import Consent
    from vision.faces.engines import open_engine
    from vision.gallery import check_consent, day_of

    text_version, retain_until, now_ns = terms
    agreed = Consent(text_version=text_version, given_at=rfc3339(now_ns), retain_until=retain_until or "")
    check_consent(agreed)  # before a picture is even opened
    engine = open_engine(found.faces, found.models)
    try:
        templates = [template for path in pictures for template in templates_of(engine, path)]
        check_one_person(engine, templates, "--picture")
        known = store.known(engine.kind, day_of(now_ns))
        near = {
            owner
            for template in templates
            for owner, distance in zip(known.owners, _distances(engine, template, known.templates), strict=True)
            if owner != shopper and distance <= engine.max_distance
        }
        store.enrol(shopper, [(engine.kind, template) for template in templates], agreed, digits)
    finally:
        engine.close()
    if near:
        print(f"muin: looks like {', '.join(sorted(near))}; both may need a code at the gate", file=sys.stderr)
    return {"templates": len(templates), "engine": engine.name, "consent": text_version, "looks_like": sorted(near)}


def _distances(engine: Any, template: Any, templates: Any) -> list[float]:
    return [] if templates is None else [float(value) for value in engine.distances(template, templates)]


@contextmanager
def _drawn(out: Path | None) -> Iterator[str | None]:
    """A fresh token, its picture already on the disk beside `out`; the picture gets its name where all went well.

    So a place that cannot be written is found before a face is kept or a code counts. Raises BadInput.
    """
    if out is None:
        yield None
        return
    from vision import codes

    if out.is_dir():
        raise BadInput(str(out), "is a folder; give the name of a file in it")
    token = codes.new_token()
    draft = out.with_name(f".{secrets.token_hex(8)}{out.suffix.lower()}")
    try:
        codes.write(codes.payload(token), draft)
    except BadInput as error:
        raise BadInput(str(out), error.text) from None
    try:
        yield token
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _expired(store: Gallery, today: str) -> list[str]:
    return [erased.shopper for erased in store.expire(today)]


def show(document: dict[str, Any], as_json: bool) -> None:
    """Print what was done: one JSON document, or one fact a line."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    for name, value in document.items():
        print(f"{name:14} {', '.join(map(str, value)) if isinstance(value, list) else value}")
