"""Fifty people are enrolled and used, everything is backed up, the shop is killed, and twenty-five are forgotten.

Real processes: `muin enrol`, `muin run` with its camera worker, `muin ledger backup`, kill -9, `muin forget`. The proof
is not the product's own: every file is read here, the ledger's pages in clear, the recording unpacked.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from edge.config import Faces
from edge.ledger.keys import load_key
from edge.ledger.ledger import Ledger
from tests.conftest import ROOT
from tests.integration.erasure_worker import CONSENT, KIND, template
from vision.enrolment import read_picture, templates_of
from vision.faces.engines import open_engine
from vision.faces.face import Template
from vision.gallery import Gallery

PATIENCE_S = 120.0
GONE = [f"s{number:02}" for number in range(25)]
STAY = [f"s{number:02}" for number in range(25, 49)]
TERMS = ("--consent", "2026-1", "--retain-until", "2099-12-31")
SHOP = """
[store]
id = "t"
currency = "KRW"
[[camera]]
id = "gatecam"
role = "gate"
url = "{clip}"
[[door]]
id = "gate"
cameras = ["gatecam"]
[faces]
engine = "onnx"
search = ["rec", "backup", "logs"]
[models]
folder = "{models}"
[web]
port = 0
"""


def muin(*words: object, wanted: int = 0) -> str:
    """A command as its own process; its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "edge", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == wanted, done.stderr
    return done.stdout


class Shop:
    """`muin run` on a folder, with a recording and its log in files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config, self.state = folder, folder / "store.toml", folder / "state"
        (folder / "logs").mkdir()

    def start(self, *more: object) -> subprocess.Popen[str]:
        """Start and wait until it says that it runs."""
        with (self.folder / "logs" / "muin.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "edge", "run", "--config", str(self.config), *map(str, more)],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        assert ready, "it does not start"
        assert "runs" in process.stdout.readline(), (self.folder / "logs" / "muin.log").read_text()
        return process

    def until_these_came_in_by_face(self, wanted: set[str]) -> None:
        """Wait until each of them has a visit on the books, and nobody else."""
        seen: set[str] = set()
        for _ in range(round(PATIENCE_S * 5)):
            books = Ledger.inspect(self.state / "ledger.db", load_key(self.state / "ledger.key"))
            rows = books._db.execute("SELECT shopper, method FROM visit").fetchall()
            books.close()
            seen = {str(shopper) for shopper, _ in rows}
            assert {method for _, method in rows} <= {"face"}
            assert seen <= wanted
            if seen == wanted:
                return
            threading.Event().wait(0.2)
        pytest.fail(f"only {seen} came in:\n" + (self.folder / "logs" / "muin.log").read_text())


@pytest.fixture
def shop(tmp_path: Path, shared_data: Path, shared_models: Path) -> Shop:
    made = Shop(tmp_path)
    made.config.write_text(SHOP.format(clip=shared_data / "video/gate-head-man.mp4", models=shared_models))
    return made


def readable(path: Path, key: bytes) -> Iterator[bytes]:
    """All that somebody with the box in hand could read in a file: as it lies there, decrypted, unpacked."""
    raw = path.read_bytes()
    yield raw
    starts = range(32 + 24, len(raw), 4096 + 24) if path.name.endswith("-wal") else range(0, len(raw), 4096)
    if ".db" in path.name and not path.name.startswith("hub"):
        for start in starts:
            page = raw[start : start + 4096]
            for lead in (0, 16) if len(page) == 4096 else ():
                cipher = Cipher(algorithms.AES256(key), modes.CBC(page[4016:4032])).decryptor()
                yield cipher.update(page[lead:4016]) + cipher.finalize()
    place = raw.find(zstandard.FRAME_HEADER)
    while place >= 0:
        try:
            yield zstandard.ZstdDecompressor().decompressobj().decompress(raw[place:])
        except zstandard.ZstdError:
            pass
        place = raw.find(zstandard.FRAME_HEADER, place + 1)


def residue(folder: Path, secrets: list[bytes], key: bytes) -> list[str]:
    """Files below a folder that hold any eight bytes in a row of a secret, at its quarters."""
    parts = [secret[at : at + 8] for secret in secrets for at in range(0, len(secret) - 7, max(8, len(secret) // 4))]
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and any(part in content for content in readable(path, key) for part in parts):
            found.append(str(path))
    return found


def secrets_of(templates: list[Template]) -> list[bytes]:
    return [raw for one in templates for raw in (one.tobytes(), one.astype(np.float64).tobytes())]


def key_files(state: Path, shoppers: list[str]) -> list[bytes]:
    """The wrapped keys of some shoppers, as they lie in their files. The kill may have come while one was shredded."""
    rows = []
    for path in (state / "faces/keys").iterdir():
        with contextlib.suppress(ValueError):
            rows.append(json.loads(path.read_bytes()))
    return [row["wrapped"].encode() for row in rows if row["shopper"] in shoppers]


def back_up(shop: Shop, folder: Path) -> None:
    """What a careful operator keeps: the ledger by its command, records, codes, recordings; never the keys."""
    folder.mkdir()
    muin("ledger", "backup", shop.state / "ledger.db", folder / "ledger.db", "--key-file", shop.state / "ledger.key")
    shutil.copytree(shop.state / "faces" / "records", folder / "records")
    shutil.copytree(shop.folder / "rec", folder / "rec")
    shutil.copytree(shop.folder / "logs", folder / "logs")


def use_back_up_and_kill(shop: Shop, wanted: set[str]) -> None:
    """Run the shop until its camera has let in these people by their faces, back everything up, kill -9."""
    process = shop.start("--record", shop.folder / "rec")
    try:
        shop.until_these_came_in_by_face(wanted)
        back_up(shop, shop.folder / "backup")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    assert (shop.state / "ledger.db-wal").stat().st_size > 0, "it was killed with its log open"


def forget_and_prove(shop: Shop, gone: list[str], stay: set[str], templates: list[Template]) -> None:
    """One `muin forget` for all of them, then our own search of every file, then what a backup brings back."""
    wrapped, ledger_key = key_files(shop.state, gone), load_key(shop.state / "ledger.key")
    assert len(wrapped) >= len(gone)
    args = [word for name in gone for word in ("--shopper", name)]
    files = sum(path.is_file() for path in shop.folder.rglob("*"))
    told = json.loads(muin("forget", "--config", shop.config, *args, "--json"))["shoppers"]
    assert [(one["shopper"], one["erased"], one["left"]) for one in told] == [(name, True, []) for name in gone]
    assert {Path(name).parent.name for one in told for name in one["sealed_copies"]} == {"records"}
    outside = sum(path.is_file() for path in shop.folder.iterdir())  # store.toml and what a test laid beside it
    removed = files - sum(path.is_file() for path in shop.folder.rglob("*"))
    assert told[0]["scanned_files"] == files - outside - removed, "every file of state, recordings, backups and logs"

    assert residue(shop.folder, [*secrets_of(templates), *wrapped], ledger_key) == []
    assert not [path.name for path in (shop.state / "faces").rglob(".*")], "nothing half-written is left"
    left = Gallery(shop.state)
    assert left.problems == ()
    assert set(left.known(KIND, "2026-06-01").owners) == stay
    shutil.copytree(shop.folder / "backup/records", shop.state / "faces/records", dirs_exist_ok=True)
    assert set(Gallery(shop.state).known(KIND, "2026-06-01").owners) == stay, "a backup brings nobody back"


def test_fifty_enrolled_used_backed_up_killed_and_half_of_them_forgotten(shop: Shop, shared_data: Path) -> None:
    clip = shared_data / "video/gate-head-man.mp4"
    muin("enrol", "--config", shop.config, "--shopper", "anna", "--picture", clip, *TERMS, "--phone-digits", "1234")
    store = Gallery(shop.state)
    for number in range(49):
        store.enrol(f"s{number:02}", [(KIND, template(number))], CONSENT, f"{number:04}")
    assert len(set(store.known(KIND, "2026-06-01").owners)) == 50, "the made-up ones are of the engine's own kind"
    use_back_up_and_kill(shop, {"anna"})

    writer = subprocess.Popen([sys.executable, "-m", "tests.integration.erasure_worker", str(shop.state)],
                              cwd=ROOT, stdout=subprocess.PIPE)  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()
    threading.Event().wait(0.5)
    writer.kill()  # in the middle of enrolling somebody
    writer.wait(30)

    forget_and_prove(shop, GONE, {"anna", *STAY}, [template(number) for number in range(25)])
    ledger_key = load_key(shop.state / "ledger.key")
    assert residue(shop.folder, secrets_of([template(30)]), ledger_key) == [], "who stays lies there encrypted"


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_same_with_fifty_real_faces(shop: Shop, shared_data: Path, shared_models: Path) -> None:
    people = [row.split(",") for row in (shared_data / "faces/london-enrol.csv").read_text().split()[1:51]]
    pictures = {name: shared_data / "faces" / path for path, name in people}
    clip = shop.folder / "gate.mp4"
    names = list(pictures)
    film(clip, [pictures[name].with_name(pictures[name].name.replace("neutral", "smiling")) for name in names[::10]])
    shop.config.write_text(SHOP.format(clip=clip, models=shared_models))
    for name, path in pictures.items():
        muin("enrol", "--config", shop.config, "--shopper", name, "--picture", path, *TERMS)
    use_back_up_and_kill(shop, set(names[::10]))
    engine = open_engine(Faces(engine="onnx"), shared_models)
    templates = [templates_of(engine, pictures[name])[0] for name in names[:25]]
    assert residue(shop.folder, secrets_of(templates), load_key(shop.state / "ledger.key")) == []
    known = Gallery(shop.state).known(KIND, "2026-06-01")
    assert known.templates is not None
    assert {row.tobytes() for row in templates} <= {row.tobytes() for row in known.templates}, (
        "the right bytes are sought"
    )
    forget_and_prove(shop, names[:25], set(names[25:]), templates)


def film(path: Path, pictures: list[Path]) -> None:
    """A clip that shows each picture for three seconds, with a second of an empty place between."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 640, "yuv420p"
        empty = np.random.default_rng(1).integers(90, 110, (640, 640, 3)).astype(np.uint8)
        for picture in pictures:
            shown = cv2.resize(read_picture(picture), (640, 640))
            for frame in [empty] * 10 + [shown] * 30:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "bgr24")))
        container.mux(stream.encode(None))


def test_a_copy_that_somebody_made_is_found_and_named(shop: Shop) -> None:
    """The proof can fail: a template in a log, a template in a free page of the ledger."""
    Gallery(shop.state).enrol("s00", [(KIND, template(0))], CONSENT)
    log = shop.folder / "logs" / "debug.log"
    log.write_text(f"embedding {template(0).astype(np.float64).tolist()}\n")
    muin("forget", "--config", shop.config, "--shopper", "s00", wanted=1)
    ledger = Ledger.open(shop.state / "ledger.db", (key := os.urandom(32)), device="t", currency="KRW")
    ledger._db.execute("PRAGMA secure_delete = OFF")
    ledger._db.execute("CREATE TABLE note(body)")
    ledger._db.execute("INSERT INTO note VALUES(?)", [template(1).tobytes()])
    ledger._db.execute("DELETE FROM note")
    ledger.close()
    (shop.state / "ledger.key").write_bytes(key)
    (shop.state / "ledger.key").chmod(0o600)
    Gallery(shop.state).enrol("s01", [(KIND, template(1))], CONSENT)
    (told,) = [json.loads(muin("forget", "--config", shop.config, "--shopper", "s01", "--json", wanted=1))]
    assert [Path(name).name for name in told["left"]] in (
        ["ledger.db"],
        ["ledger.db-wal"],
        ["ledger.db", "ledger.db-wal"],
    )
    assert residue(shop.folder, secrets_of([template(1)]), key) == told["left"], "both searches agree"


def test_the_running_shop_erases_a_face_whose_last_day_is_over(shop: Shop) -> None:
    old = {"text_version": "1", "given_at": "2020-01-01T00:00:00.000Z", "retain_until": "2020-12-31"}
    Gallery(shop.state).enrol("s00", [(KIND, template(0))], type(CONSENT)(**old))
    Gallery(shop.state).enrol("s30", [(KIND, template(30))], CONSENT)
    process = shop.start()
    try:
        for _ in range(round(PATIENCE_S * 5)):
            if len(list((shop.state / "faces/records").iterdir())) == 1:
                break
            threading.Event().wait(0.2)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    assert Gallery(shop.state).known(KIND, "2026-06-01").owners == ("s30",)
    assert "the retention of s00 has ended" in (shop.folder / "logs" / "muin.log").read_text()
    assert residue(shop.folder, secrets_of([template(0)]), load_key(shop.state / "ledger.key")) == []
