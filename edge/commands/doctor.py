"""`muin doctor`: asks every configured device how it is, and says which networks the senses really use.

Must not: change anything at a device, or stop at the first one that is not well.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from edge import config
from edge.core.errors import BadInput
from edge.core.ports import Check

LONGEST_CHECK_S: Final = 15.0
PULL_AGAIN: Final = "pull the model again (`muin models pull`), or put one of your own in its place ([[models.own]])"
Ask = Callable[[], Awaitable[Check]]


def register(app: typer.Typer) -> None:
    """Add `doctor` to the table."""
    app.command()(doctor)


def doctor(
    file: Annotated[Path, typer.Option("--config", help="the store.toml of the shop")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Ask every configured device for a self-check; one table with the cures. Exit 1 where one is not well."""
    found = config.load(file)
    checks = asyncio.run(_ask_all(_devices(found)))
    senses = _senses(found)
    features = _features(found)
    well = all(check.state == "ok" for check in [*checks, *senses]) and not any(row["problems"] for row in features)
    if as_json:
        rows = {"devices": checks, "senses": senses}
        print(json.dumps({"ok": well, **{key: [_row(c) for c in v] for key, v in rows.items()}, "models": features}))
    else:
        _print_table(checks, senses, features)
    if not well:
        sys.exit(1)


def _row(check: Check) -> dict[str, str]:
    return {"device": check.device, "state": check.state, "detail": check.detail, "cure": check.cure}


async def _ask_all(devices: list[tuple[str, Ask]]) -> list[Check]:
    return list(await asyncio.gather(*(_ask(name, ask) for name, ask in devices)))


async def _ask(name: str, ask: Ask) -> Check:
    try:
        async with asyncio.timeout(LONGEST_CHECK_S):
            return _with_its_cure(await ask())
    except TimeoutError:
        cure = "check its power and cable, then ask again"
        return Check(device=name, state="failed", detail=f"no answer in {LONGEST_CHECK_S:.0f} s", cure=cure)
    except BadInput as error:
        return _unusable(name, error)


def _with_its_cure(check: Check) -> Check:
    """What is wrong and what to do apart: adapters say both in one sentence, `what; cure`."""
    detail, _, cure = check.detail.partition("; ")
    if check.state == "ok" or not cure:
        return check
    where = f" ({check.cure})" if check.cure else ""
    return Check(device=check.device, state=check.state, detail=detail, cure=f"{cure}{where}")


def _unusable(name: str, error: BadInput) -> Check:
    detail, _, cure = error.text.partition("; ")
    cure = cure or f"correct {error.place} in store.toml"
    return Check(device=name, state="failed", detail=f"{error.place}: {detail}", cure=cure)


def _devices(found: config.StoreConfig) -> list[tuple[str, Ask]]:
    """Everything that store.toml names and that can be asked, in the order of the file."""
    return [*_gates(found), *_scales(found), *_readers(found), *_cameras(found), *_broker(found)]


def _unbound(name: str, key: str, example: str) -> tuple[str, Ask]:
    async def ask() -> Check:
        cure = f'give {key} = "{example}" in store.toml'
        return Check(device=name, state="absent", detail=f"{key} is not set, nothing to ask", cure=cure)

    return name, ask


def _gates(found: config.StoreConfig) -> Iterator[tuple[str, Ask]]:
    from devices.door.live import LiveDoor
    from devices.turnstile.live import LiveTurnstile
    from edge.clock import SystemClock

    now = SystemClock().now
    for door in found.door:
        if door.port is None:
            yield _unbound(door.id, "port", "/dev/serial/by-id/...")
        else:
            yield door.id, lambda row=door: LiveDoor(row, row.id, now).self_check()  # type: ignore[misc]
    for turnstile in found.turnstile:
        if turnstile.port is None:
            yield _unbound(turnstile.id, "port", "/dev/serial/by-id/...")
        else:
            yield turnstile.id, lambda row=turnstile: LiveTurnstile(row, row.id, now).self_check()  # type: ignore[misc]


def _scales(found: config.StoreConfig) -> Iterator[tuple[str, Ask]]:
    from devices.shelf_scale.live import LiveScale
    from edge.clock import SystemClock

    now = SystemClock().now
    for scale in found.scale:
        if scale.port is None:
            yield _unbound(scale.id, "port", "/dev/serial/by-id/...")
            continue
        names = [plate.id for plate in found.plate if plate.gondola == scale.gondola]

        async def ask(row: config.Scale = scale, plates: list[str] = names) -> Check:
            return await LiveScale(row, plates, now).self_check()

        yield scale.id, ask


def _readers(found: config.StoreConfig) -> Iterator[tuple[str, Ask]]:
    from devices.rfid_reader.live import LiveReader
    from edge.clock import SystemClock

    now = SystemClock().now
    for reader in found.rfid_reader:
        if reader.host is None:
            yield _unbound(reader.id, "host", "reader.local")
            continue

        async def ask(row: config.Reader = reader) -> Check:
            return await LiveReader(row, now).self_check()

        yield reader.id, ask


def _cameras(found: config.StoreConfig) -> Iterator[tuple[str, Ask]]:
    from edge.clock import SystemClock
    from vision.process import VisionWorker

    clock = SystemClock()
    for camera in found.camera:
        if camera.url is None:
            yield _unbound(camera.id, "url", "rtsp://...")
            continue

        async def ask(name: str = camera.id) -> Check:
            return await VisionWorker(found, name, clock).self_check()

        yield camera.id, ask


def _broker(found: config.StoreConfig) -> Iterator[tuple[str, Ask]]:
    if found.cloud.broker is None:
        return
    from cloud_sync.address import parse_addresses

    text = found.cloud.broker

    async def ask() -> Check:
        problem = ""
        for address in parse_addresses(text):
            try:
                _, writer = await asyncio.open_connection(address.host, address.port)
            except OSError as error:
                problem = f"{address}: {error}"
                continue
            writer.close()
            return Check(device="broker", state="ok", detail=f"{address} takes connections")
        return Check(
            device="broker",
            state="failed",
            detail=problem,
            cure="start the broker, or correct cloud.broker in store.toml",
        )

    yield "broker", ask


def _senses(found: config.StoreConfig) -> list[Check]:
    """What the cameras' senses really load, after any falling back, in their own words."""
    roles = {camera.role for camera in found.camera}
    checks = _networks(found)
    if "gate" in roles:
        checks.append(_describe("faces", lambda: _face_engine(found)))
    if "floor" in roles:
        checks.append(_describe("people", lambda: _people_finder(found)))
    return checks


def _networks(found: config.StoreConfig) -> list[Check]:
    """The models folder, and who computes networks here."""
    from vision.models.network import available_providers, choose_providers, has_engines, runtime_version
    from vision.models.places import check_own

    checks, folder, wanted = [], found.models.folder, found.models.provider
    if folder is not None and not Path(folder).is_dir():
        cure = "correct models.folder in store.toml, or leave it out"
        checks.append(Check(device="models", state="failed", detail=f"{folder}: there is no such folder", cure=cure))
    try:
        check_own(found.models)
    except BadInput as error:
        checks.append(_unusable("models", error))
    offered = available_providers()
    missed = wanted not in ("auto", *offered)
    first = choose_providers(wanted, offered, has_engines(folder))[0]
    detail = f"onnxruntime {runtime_version()} offers {', '.join(offered)}; networks are tried on {first} first"
    cure = f'install the onnxruntime that offers {wanted}, or set models.provider = "auto"' if missed else ""
    checks.append(Check(device="networks", state="failed" if missed else "ok", detail=detail, cure=cure))
    return checks


def _describe(name: str, load: Callable[[], Any]) -> Check:
    try:
        engine = load()
    except BadInput as error:
        return _unusable(name, error)
    text, problem = str(engine.describe()), str(getattr(engine, "problem", ""))
    if hasattr(engine, "close"):
        engine.close()
    if problem:
        return Check(device=name, state="failed", detail=f"{problem}; meanwhile: {text}", cure=PULL_AGAIN)
    return Check(device=name, state="ok", detail=text)


def _face_engine(found: config.StoreConfig) -> Any:
    from vision.faces.engines import open_engine

    return open_engine(found.faces, found.models, make_do=True)


def _people_finder(found: config.StoreConfig) -> Any:
    from vision.people import choose_finder

    return choose_finder(found.models)


def _features(found: config.StoreConfig) -> list[dict[str, Any]]:
    """What each feature of this shop's cameras gets, and what happens without it."""
    from vision.models.features import of_roles, state_of

    try:
        return [state_of(feature, found.models) for feature in of_roles({camera.role for camera in found.camera})]
    except BadInput:  # a wrong [[models.own]] is told among the senses
        return []


def _print_table(checks: list[Check], senses: list[Check], features: list[dict[str, Any]]) -> None:
    rows = [*checks, *senses]
    width = max([len("device"), *(len(row.device) for row in rows)])
    print(f"{'device':<{width}}  state   detail")
    for row in rows:
        print(f"{row.device:<{width}}  {row.state:<6}  {row.detail}")
        if row.cure:
            print(f"{'':<{width}}  cure:   {row.cure}")
    if not rows:
        print("(store.toml names no device)")
    print("\nwhat needs a model, and what happens without (`muin models list` shows the files)" if features else "")
    for item in features:
        print(f"{item['feature']} ({item['role']} cameras): {_with_or_without(item)}")
        for problem in item["problems"]:
            print(f"    {problem}")


def _with_or_without(item: dict[str, Any]) -> str:
    if item["in_use"]:
        return f"{' + '.join(item['in_use'])}: {item['adds']}"
    wanted = " or ".join(" + ".join(choice) for choice in item["models"])
    if not item["used"]:
        return f"{item['else']} (no sense uses {wanted} yet)"
    return f"without {wanted}: {item['else']}"
