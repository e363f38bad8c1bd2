"""`muin doctor` against a real board process, devices that are not there, and files that are no store.toml."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.integration.board_bench import ROOT, bench, board

HEAD = '[store]\nid = "t"\ncurrency = "EUR"\n'


async def doctor(file: Path, *options: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "doctor", "--config", str(file), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def store(folder: Path, text: str) -> Path:
    file = folder / "store.toml"
    file.write_text(HEAD + text)
    return file


def by_device(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {row["device"]: row for row in document["devices"]}


def test_a_board_that_answers_is_well(tmp_path: Path) -> None:
    async def main() -> None:
        async with board(tmp_path / "port") as peer:
            file = store(tmp_path, f'[[door]]\nid = "d1"\nport = "{peer.link}"\nboard = "{peer.board_id}"\n')
            code, out, err = await doctor(file, "--json")
            assert code == 0, err
            document = json.loads(out)
            assert document["ok"] is True
            assert peer.board_id in by_device(document)["d1"]["detail"]
            code, out, _ = await doctor(file)
            assert code == 0
            assert "d1" in out

    bench(main)


def test_every_missing_device_has_a_cure_and_no_traceback(tmp_path: Path) -> None:
    async def main() -> None:
        text = '[[door]]\nid = "d1"\nport = "/dev/none"\n[[turnstile]]\nid = "t1"\n'
        text += '[[camera]]\nid = "c1"\nrole = "shelf"\nurl = "none.mp4"\n[[rfid_reader]]\nid = "r1"\nhost = "a:b:c"\n'
        text += '[[scale]]\nid = "s1"\ngondola = "g1"\nport = "/dev/none2"\n[cloud]\nbroker = "127.0.0.1:1"\n'
        code, out, err = await doctor(store(tmp_path, text + '[models]\nfolder = "nowhere"\n'), "--json")
        assert code == 1
        assert "Traceback" not in err
        document = json.loads(out)
        found = by_device(document)
        assert set(found) == {"d1", "t1", "c1", "r1", "s1", "broker"}
        assert all(row["state"] != "ok" and row["cure"] for row in found.values()), found
        assert document["senses"][0]["state"] == "failed"
        assert {item["role"] for item in document["models"]} == {"shelf"}
        present = {item["feature"]: item["present"] for item in document["models"]}
        assert not present["hands"]
        assert present["products"]  # by files that pip installed

    bench(main)


def test_a_cure_says_what_to_do_at_which_device(tmp_path: Path) -> None:
    async def main() -> None:
        text = '[[scale]]\nid = "s1"\ngondola = "g1"\nport = "/dev/none"\n[[plate]]\nid = "p1"\n'
        text += '[[camera]]\nid = "c1"\nrole = "shelf"\nurl = "none.mp4"\n'
        text += '[[rfid_reader]]\nid = "r1"\nhost = "a:b:c"\n[[rfid_reader]]\nid = "r2"\nhost = "127.0.0.1:1"\n'
        _, out, _ = await doctor(store(tmp_path, text), "--json")
        found = by_device(json.loads(out))
        for name, part in {"s1": "port", "c1": "camera c1", "r1": "reader.local:", "r2": "reader r2"}.items():
            assert part in found[name]["cure"]
            assert found[name]["cure"] not in found[name]["detail"]
        assert "none.mp4" in found["c1"]["detail"]

    bench(main)


def test_a_broken_store_toml_is_bad_input(tmp_path: Path) -> None:
    async def main() -> None:
        for file in (store(tmp_path, "[[door]]\n"), tmp_path / "none.toml"):
            code, out, err = await doctor(file, "--json")
            assert (code, out) == (2, "")
            assert str(file) in err
            assert "Traceback" not in err

    bench(main)


def test_what_is_in_use_and_what_a_bad_model_costs(tmp_path: Path, shared_models: Path) -> None:
    async def main() -> None:
        for name in ("yolox_nano/yolox_nano_416.onnx", "light_person/light_person_192.onnx"):
            (tmp_path / Path(name).name).write_bytes((shared_models / name).read_bytes())
        text = f'[[camera]]\nid = "c1"\nrole = "floor"\n[models]\nfolder = "{tmp_path}"\n'
        _, out, _ = await doctor(store(tmp_path, text), "--json")
        document = json.loads(out)
        senses = {row["device"]: row for row in document["senses"]}
        assert senses["people"]["state"] == "ok"
        assert "yolox_nano_416.onnx (onnxruntime, cpu)" in senses["people"]["detail"]
        assert "offers" in senses["networks"]["detail"]
        (tmp_path / "yolox_nano_416.onnx").write_bytes(b"cut")
        code, out, err = await doctor(store(tmp_path, f'{text}provider = "tensorrt"\n'), "--json")
        assert (code, err) == (1, "")
        document = json.loads(out)
        senses = {row["device"]: row for row in document["senses"]}
        assert senses["people"]["state"] == "failed"
        assert "3 of 3660092 bytes" in senses["people"]["detail"]
        assert "meanwhile: people by network light_person_192.onnx" in senses["people"]["detail"]
        assert "muin models pull" in senses["people"]["cure"]
        assert "tensorrt" in senses["networks"]["cure"]
        features = {row["feature"]: row for row in document["models"]}
        assert features["people"]["in_use"] == ["light_person"]
        code, out, _ = await doctor(
            store(tmp_path, f'{text}[[models.own]]\nmodel = "x"\npath = "y"\nsha256 = "{"0" * 64}"\n')
        )
        assert code == 1
        assert "models.own[0].model" in out

    bench(main)


def test_a_damaged_model_is_not_well_though_the_camera_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        clip = ROOT / "edge" / "demo_shop" / "video" / "cam-g1.mp4"
        text = f'[[camera]]\nid = "c1"\nrole = "shelf"\nurl = "{clip}"\n'
        code, out, _ = await doctor(store(tmp_path, text), "--json")
        assert (code, json.loads(out)["ok"]) == (0, True)
        folder = tmp_path / "models" / "mediapipe_hands"
        folder.mkdir(parents=True)
        (folder / "palm_detection_full.tflite").write_bytes(b"cut")
        code, out, _ = await doctor(store(tmp_path, f'{text}[models]\nfolder = "{folder.parent}"\n'), "--json")
        assert (code, json.loads(out)["ok"]) == (1, False)
        hands = next(row for row in json.loads(out)["models"] if row["feature"] == "hands")
        assert "3 of 2339846 bytes" in hands["problems"][0]

    bench(main)
