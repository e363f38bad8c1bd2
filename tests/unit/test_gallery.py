"""The identity store: encrypted, bound, consented, erasable; damage to faces leaves codes alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.errors import BadInput
from vision import envelope, erasure
from vision.codes import payload
from vision.face_records import Consent
from vision.gallery import Gallery

TODAY = "2026-06-01"
AGREED = Consent(text_version="2026-01", given_at="2026-05-01T10:00:00.000Z", retain_until="2026-12-31")


def template(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=128).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Gallery:
    gallery = Gallery(tmp_path)
    gallery.enrol("anna", [("k", template(1)), ("k", template(2))], AGREED)
    gallery.enrol("bert", [("k", template(3))], AGREED)
    return gallery


def records(folder: Path) -> dict[str, Path]:
    return {json.loads(path.read_bytes())["shopper"]: path for path in (folder / "faces/records").iterdir()}


def edit(path: Path, **changes: object) -> None:
    path.write_bytes(msgspec.json.encode(json.loads(path.read_bytes()) | changes))


def test_what_was_enrolled_comes_back_in_a_new_process(store: Gallery, tmp_path: Path) -> None:
    known = Gallery(tmp_path).known("k", TODAY)
    assert sorted(known.owners) == ["anna", "anna", "bert"]
    assert known.templates is not None
    assert {row.tobytes() for row in known.templates} == {template(seed).tobytes() for seed in (1, 2, 3)}
    assert store.known("another engine", TODAY).owners == ()
    assert store.other_kinds("another engine") == 2


def test_nothing_readable_lies_on_the_disk(store: Gallery, tmp_path: Path) -> None:
    needles = [template(seed).tobytes() for seed in (1, 2, 3)]
    found = erasure.search({"": needles}, [tmp_path])
    assert found.left == {"": []}
    assert found.scanned_files >= 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*") if path.is_file())


def test_swapped_records_cannot_be_opened(store: Gallery, tmp_path: Path) -> None:
    files = records(tmp_path)
    sealed = json.loads(files["anna"].read_bytes())["sealed"]
    edit(files["bert"], sealed=sealed)
    edit(files["anna"], shopper="bert")
    gallery = Gallery(tmp_path)
    assert gallery.known("k", TODAY).owners == ()
    assert len(gallery.problems) == 2
    assert all("cannot be decrypted" in problem.text for problem in gallery.problems)


def test_a_longer_retention_cannot_be_written_in(store: Gallery, tmp_path: Path) -> None:
    edit(records(tmp_path)["anna"], consent=msgspec.to_builtins(AGREED) | {"retain_until": "2099-01-01"})
    assert set(Gallery(tmp_path).known("k", TODAY).owners) == {"bert"}


def test_retention_ends_matching_and_then_the_record(store: Gallery, tmp_path: Path) -> None:
    assert store.known("k", "2026-12-31").owners != ()
    assert store.known("k", "2027-01-01").owners == ()
    assert store.expire("2026-12-31") == []
    assert [one.shopper for one in store.expire("2027-01-01")] == ["anna", "bert"]
    assert records(tmp_path) == {}


def test_no_face_without_a_complete_consent(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    for broken in (
        {"text_version": " "},
        {"retain_until": ""},
        {"retain_until": "soon"},
        {"retain_until": "2026-04-30"},
    ):
        with pytest.raises(BadInput):
            gallery.enrol("anna", [("k", template(1))], msgspec.structs.replace(AGREED, **broken))
    for shopper in ("", "../x", "a b", "x" * 81):
        with pytest.raises(BadInput):
            gallery.enrol(shopper, [("k", template(1))], AGREED)
    assert list(tmp_path.rglob("*.json")) == []


def test_forget_leaves_nothing_and_a_backup_is_unreadable(store: Gallery, tmp_path: Path) -> None:
    token = store.issue_code("anna", None)
    kept = tmp_path.parent / f"{tmp_path.name}-kept"
    shutil.copytree(tmp_path / "faces" / "records", kept)  # what a backup may hold
    done = store.forget("anna")
    assert (done.faces, done.codes, done.left, done.unread) == (1, 1, [], [])
    assert store.resolve_code(payload(token), TODAY).shopper is None
    shutil.copytree(kept, tmp_path / "faces" / "records", dirs_exist_ok=True)
    restored = Gallery(tmp_path)
    assert set(restored.known("k", TODAY).owners) == {"bert"}
    assert "damaged or incomplete" in restored.problems[0].text


def test_forget_finds_a_copy_that_lost_its_head(store: Gallery, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}.log"
    elsewhere.write_bytes(b"x" * (erasure.BLOCK_BYTES - 40) + template(2).tobytes()[16:])
    assert store.forget("anna", [elsewhere]).left == [str(elsewhere)]


def test_forget_works_on_a_damaged_record(store: Gallery, tmp_path: Path) -> None:
    records(tmp_path)["anna"].write_bytes(b"{")
    done = Gallery(tmp_path).forget("anna")
    assert done.faces == 1
    assert list(records(tmp_path)) == ["bert"]


def test_a_running_process_notices_what_another_one_changed(store: Gallery, tmp_path: Path) -> None:
    running = Gallery(tmp_path)
    assert not running.refresh()
    store.forget("anna")
    assert running.refresh()
    assert set(running.known("k", TODAY).owners) == {"bert"}


def test_enrolling_again_replaces(store: Gallery, tmp_path: Path) -> None:
    store.enrol("anna", [("k", template(9))], AGREED)
    assert store.known("k", TODAY).owners.count("anna") == 1
    assert len(records(tmp_path)) == 2


@pytest.mark.parametrize("break_it", ["record", "key", "device key", "open device key", "no device key"])
def test_damaged_faces_are_named_and_codes_go_on(store: Gallery, tmp_path: Path, break_it: str) -> None:
    token, anna = store.issue_code("anna", None), records(tmp_path)["anna"]
    device = tmp_path / "device.key"
    if break_it == "record":
        anna.write_bytes(anna.read_bytes()[:-9])
    elif break_it == "key":
        (tmp_path / "faces/keys" / anna.name).write_bytes(b"")
    elif break_it == "device key":
        device.write_bytes(b"short")
    elif break_it == "open device key":
        device.chmod(0o644)
    else:
        device.unlink()
    gallery = Gallery(tmp_path)
    assert "anna" not in gallery.known("k", TODAY).owners
    assert gallery.problems
    assert all(problem.place.startswith(str(tmp_path)) and ";" in problem.text for problem in gallery.problems)
    assert gallery.resolve_code(payload(token), TODAY).shopper == "anna"


def test_damaged_codes_are_named_and_faces_go_on(store: Gallery, tmp_path: Path) -> None:
    store.issue_code("anna", None)
    (tmp_path / "codes.json").write_bytes(b'{"salt": "zz", "codes": []}')
    gallery = Gallery(tmp_path)
    assert "codes.json" in gallery.problems[0].place
    assert set(gallery.known("k", TODAY).owners) == {"anna", "bert"}


def test_codes(store: Gallery, tmp_path: Path) -> None:
    first = store.issue_code("anna", "2026-06-01")
    assert store.resolve_code(payload(first), TODAY).shopper == "anna"
    assert store.resolve_code(payload(first), "2026-06-02").reason == "expired"
    second = store.issue_code("anna", None)
    assert store.resolve_code(payload(first), TODAY).reason == "bad-code", "a new code takes the old one's place"
    assert store.resolve_code(payload(second), "2099-01-01").shopper == "anna"
    assert second not in (tmp_path / "codes.json").read_text()
    with pytest.raises(BadInput):
        store.issue_code("anna", "31.12.2026")


@given(st.text(max_size=300))
def test_garbage_is_nobodys_code(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    gallery = Gallery(tmp_path_factory.getbasetemp())
    assert gallery.resolve_code(text, TODAY).reason == "bad-code"
    assert gallery.resolve_code(payload(text), TODAY).reason == "bad-code"


@given(st.binary(max_size=200), st.integers(min_value=0), st.integers(0, 7))
def test_one_flipped_bit_is_noticed(plain: bytes, where: int, bit: int) -> None:
    key, bound = envelope.new_key(), {"purpose": "test"}
    sealed = bytearray(envelope.seal(key, plain, bound))
    assert envelope.unseal(key, bytes(sealed), bound, "here") == plain
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(BadInput):
        envelope.unseal(key, bytes(sealed), bound, "here")


@given(st.binary(max_size=500))
def test_any_bytes_as_a_record_are_a_clear_problem(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "faces/records").mkdir(parents=True)
    (folder / "faces/records/x.json").write_bytes(content)
    assert len(Gallery(folder).problems) == 1


def test_a_write_that_fails_leaves_the_old_file(
    store: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    monkeypatch.setattr("vision.safe_file.os.fsync", full)
    with pytest.raises(BadInput, match="No space"):
        store.enrol("anna", [("k", template(9))], AGREED)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
