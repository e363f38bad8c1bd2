"""The search that proves an erasure: every form, every container, free pages, and what a killed process left."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer
from sqlcipher3 import dbapi2 as sqlcipher

from edge.ledger.raw_pages import PAGE_BYTES, opener
from tests.unit.drawn_faces import AGREED
from vision import erasure
from vision.gallery import Gallery
from vision.retention import EVERY_S, Retention

DAY_NS = 86_400_000_000_000
LAST_DAY_NS = 1_798_675_200_000_000_000  # 2026-12-31T00:00Z, the last day of AGREED
TEMPLATE = np.random.default_rng(7).normal(size=128).astype(np.float32)
NEEDLE = TEMPLATE.tobytes()


def left(folder: Path, key: bytes | None = None) -> list[str]:
    openers = [opener(key)] if key else []
    found = erasure.search({"anna": erasure.forms_of(TEMPLATE)}, [folder], openers)
    assert found.unread == []
    return [Path(name).name for name in found.left["anna"]]


@given(st.binary(max_size=200), st.integers(0, 480), st.binary(max_size=200), st.integers(1, 300))
def test_a_piece_is_found_wherever_blocks_cut_it(before: bytes, start: int, after: bytes, block: int) -> None:
    content = before + NEEDLE[start : start + 31] + after  # any 31 bytes in a row hold one whole piece
    blocks = [content[at : at + block] for at in range(0, len(content), block)]
    assert erasure.Pieces([NEEDLE]).in_stream(blocks)


@given(st.binary(max_size=2000))
@settings(max_examples=50)
def test_other_bytes_are_not_taken_for_it(content: bytes) -> None:
    assert not erasure.Pieces([NEEDLE]).in_stream([content])
    assert not erasure.Pieces([]).in_stream([content])
    assert not erasure.Pieces([bytes(64)]).in_stream([bytes(200)]), "nothing but zeros says nothing"


FORMS = {
    "floats": NEEDLE,
    "doubles": TEMPLATE.astype(np.float64).tobytes(),
    "hex": NEEDLE.hex().encode(),
    "log": f"template {TEMPLATE.astype(np.float64).tolist()}".encode(),
    "json": json.dumps({"t": [float(value) for value in TEMPLATE]}).encode(),
    **{f"base64-{lead}": base64.b64encode(b"x" * lead + NEEDLE) for lead in range(3)},
    "a quarter": b"..." + NEEDLE[200:330],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", ["as it is", "gzip", "zip", "zstd"])
def test_every_form_in_every_wrapping(tmp_path: Path, form: str, packed: str) -> None:
    content, path = b"before " + FORMS[form] + b" after", tmp_path / "file"
    if packed == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside", content)
    else:
        pack = {"as it is": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[packed]
        path.write_bytes(pack(content))
    assert left(tmp_path) == ["file"]
    path.write_bytes(b"nothing of it")
    assert left(tmp_path) == []


def recorded(path: Path, sealed: bool) -> None:
    """A recording whose third message holds the template; one that is not sealed lost its power after that chunk."""
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType.ZSTD, chunk_size=2000)
        writer.start(profile="", library="")
        channel = writer.register_channel("events", "json", writer.register_schema("s", "jsonschema", b"{}"))
        for number in range(50):
            data = json.dumps({"note": base64.b64encode(NEEDLE).decode() if number == 3 else "x" * 80}).encode()
            writer.add_message(channel_id=channel, log_time=number, publish_time=number, data=data)
        if sealed:
            writer.finish()


@pytest.mark.parametrize("sealed", [True, False])
def test_messages_of_a_recording_also_of_one_that_was_not_ended(tmp_path: Path, sealed: bool) -> None:
    recorded(tmp_path / "devices.mcap", sealed)
    assert NEEDLE not in (tmp_path / "devices.mcap").read_bytes()
    assert left(tmp_path) == ["devices.mcap"]


def test_a_chunk_that_was_cut_is_told_as_not_searched(tmp_path: Path) -> None:
    path = tmp_path / "devices.mcap"
    recorded(path, sealed=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(zstandard.FRAME_HEADER) + 100])
    found = erasure.search({"anna": erasure.forms_of(TEMPLATE)}, [tmp_path])
    assert (found.left, found.unread) == ({"anna": []}, [str(path)])


def test_free_pages_and_the_log_of_an_encrypted_ledger(tmp_path: Path) -> None:
    """Rows that SQL does not show any more still lie in the file; only somebody with the key can see that."""
    key = os.urandom(32)
    database = sqlcipher.connect(str(tmp_path / "ledger.db"), isolation_level=None)
    database.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA secure_delete = OFF")
    database.execute("CREATE TABLE note(text)")
    database.execute("INSERT INTO note VALUES(?)", [NEEDLE])
    assert left(tmp_path, key) == ["ledger.db-wal"]
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("DELETE FROM note")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert database.execute("SELECT count(*) FROM note").fetchone() == (0,)
    assert left(tmp_path, key) == ["ledger.db"], "the row is gone, its bytes are not"
    assert left(tmp_path) == [], "without the key nothing can be seen, which proves nothing"
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert (tmp_path / "ledger.db").stat().st_size % PAGE_BYTES == 0
    assert left(tmp_path, key) == []
    assert list(opener(key)(tmp_path / "ledger.db") or ()), "it was read"
    assert opener(os.urandom(32))(tmp_path / "ledger.db") is None


def test_what_cannot_be_read_is_not_called_clean(tmp_path: Path) -> None:
    (tmp_path / "broken.gz").write_bytes(gzip.compress(os.urandom(5000))[:1000])
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = erasure.search({"anna": [NEEDLE]}, [tmp_path, tmp_path / "missing"])
    assert [Path(name).name for name in found.unread] == ["broken.gz", "missing"]
    assert Gallery(tmp_path / "s").forget("anna", [tmp_path / "broken.gz"]).clean is False


def test_pictures_are_counted_because_they_may_show_somebody(tmp_path: Path) -> None:
    for name in ("gate.mp4", "face.JPG", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    found = erasure.search({"anna": [NEEDLE]}, [tmp_path])
    assert (found.scanned_files, found.pictures) == (3, 2)


def test_the_kernels_own_files_are_passed_over() -> None:
    assert list(erasure.files_below([Path("/proc")])) == []
    assert list(erasure.files_below([Path("/sys")])) == []


def test_a_half_written_file_of_a_killed_process_is_swept_with_the_next_change(tmp_path: Path) -> None:
    store = Gallery(tmp_path)
    store.enrol("anna", [("k", TEMPLATE)], AGREED)
    (key,) = (tmp_path / "faces/keys").iterdir()
    (record,) = (tmp_path / "faces/records").iterdir()
    for path in (key, record):
        shutil.copyfile(path, path.with_name(f".{path.name}.0a1b2c3d"))  # what write_whole leaves when it is killed
    (tmp_path / ".claims.json.0a1b2c3d").write_bytes(b"{}")
    erased = store.forget("anna")
    assert (erased.left, erased.faces) == ([], 1)
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["device.key", "identity.lock", "identity.stamp"]


def killed_at(step: int, change: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Do a change in a process of its own that dies at its n-th flush or removal; whether it did."""
    child = os.fork()
    if child == 0:
        left_to_do = iter(range(step))

        def die_at_last(call: Callable[..., object]) -> Callable[..., object]:
            def counted(*args: object, **options: object) -> object:
                if next(left_to_do, None) is None:
                    os._exit(9)
                return call(*args, **options)

            return counted

        monkeypatch.setattr(os, "fsync", die_at_last(os.fsync))
        monkeypatch.setattr(Path, "unlink", die_at_last(Path.unlink))
        monkeypatch.setattr(Path, "replace", die_at_last(Path.replace))
        try:
            change()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("change", ["enrol", "forget"])
def test_a_kill_at_any_step_leaves_nobody_damaged(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step, died = 0, True
    while died:
        state = tmp_path / f"{step}"
        store = Gallery(state)
        for shopper in ("anna", "boris"):
            store.enrol(shopper, [("test", TEMPLATE)], AGREED)
        died = killed_at(step, lambda one=store: change_of(one, change), monkeypatch)  # type: ignore[misc]
        known = set(Gallery(state).known("test", "2026-06-01").owners)
        assert known == {"anna", "boris"} if change == "enrol" else known - {"anna"} == {"boris"}, step
        if change == "enrol":
            assert Gallery(state).problems == (), step
        store = Gallery(state)
        store.enrol("carl", [("test", TEMPLATE)], AGREED)
        if change == "enrol":  # what was replaced and lost its key is swept with the next change
            records, keys = ({path.name for path in (state / "faces" / name).iterdir()} for name in ("records", "keys"))
            assert records <= keys, step
        store.forget("anna")
        assert Gallery(state).problems == (), step
        assert set(Gallery(state).known("test", "2026-06-01").owners) == {"boris", "carl"}
        assert [path.name for path in (state / "faces").rglob(".*")] == []
        step += 1
    assert step > 8


def change_of(store: Gallery, change: str) -> object:
    return store.enrol("anna", [("test", TEMPLATE)], AGREED) if change == "enrol" else store.forget("anna")


def test_several_are_forgotten_in_one_search(tmp_path: Path) -> None:
    store = Gallery(tmp_path / "state")
    for number, name in enumerate(("anna", "bert", "carl")):
        store.enrol(name, [("k", TEMPLATE + number)], AGREED)
    (tmp_path / "log").write_bytes((TEMPLATE + 1).tobytes())
    anna, bert = store.forget_all(["anna", "bert", "anna"], [tmp_path / "log"])
    assert (anna.shopper, anna.clean, bert.shopper, bert.left) == ("anna", True, "bert", [str(tmp_path / "log")])
    assert store.known("k", "2026-06-01").owners == ("carl",)


def test_the_shop_itself_erases_what_is_past_its_last_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A year of simulated time, hour by hour: the record is there on the last day and gone on the next."""
    store = Gallery(tmp_path)
    store.enrol("anna", [("k", TEMPLATE)], AGREED)
    store.issue_code("anna", None)
    kept: dict[int, int] = {}
    now_ns = LAST_DAY_NS - 2 * DAY_NS

    class Over(Exception):
        pass

    async def pause(seconds: float) -> None:
        nonlocal now_ns
        assert seconds == EVERY_S
        kept[(now_ns - LAST_DAY_NS) // DAY_NS] = len(list((tmp_path / "faces/records").iterdir()))
        now_ns += int(seconds * 1e9)
        if now_ns > LAST_DAY_NS + 3 * DAY_NS:
            raise Over

    with caplog.at_level(logging.INFO), pytest.raises(Over):
        asyncio.run(Retention(tmp_path, lambda: now_ns, pause).run(lambda item: None))
    assert kept == {-2: 1, -1: 1, 0: 1, 1: 0, 2: 0, 3: 0}
    assert caplog.text.count("anna") == 1
    assert left(tmp_path) == []
    assert list((tmp_path / "faces/keys").iterdir()) == []
    assert Gallery(tmp_path).has_code("anna"), "the other way in stays"


def test_a_store_that_cannot_be_changed_is_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Gallery(tmp_path).enrol("anna", [("k", TEMPLATE)], AGREED)
    (tmp_path / "identity.lock").unlink()
    (tmp_path / "identity.lock").mkdir()
    worker = Retention(tmp_path, lambda: LAST_DAY_NS + DAY_NS)
    assert worker.erase_due() == []
    assert "could not be erased" in caplog.text
    (tmp_path / "identity.lock").rmdir()
    assert [one.shopper for one in worker.erase_due()] == ["anna"]
