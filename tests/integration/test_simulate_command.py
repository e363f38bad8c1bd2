"""`muin simulate`: recordings that replay and score, and cases that go through the import of the contest's form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from edge import truth


def muin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edge", *arguments], capture_output=True, text=True, check=False)


def test_a_case_in_the_contests_form_comes_back_whole(tmp_path: Path) -> None:
    from edge.simulation.case_form import barcode
    from edge.simulation.play import simulate
    from edge.simulation.scenario import library

    made = muin(
        "simulate", "--seed", "4", "--count", "1", "--form", "nanostore", "--out", str(tmp_path / "cases"), "--json"
    )
    assert made.returncode == 0, made.stderr
    row = json.loads(made.stdout)["visits"][0]
    done = muin("import", "nanostore", "--all", str(tmp_path / "cases"), str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    imported = truth.load(Path(json.loads(done.stdout)["recordings"][0]["recording"]))
    found = simulate(next(one for one in library() if one.name == row["scenario"]), row["seed"])
    wanted = {v["tracks"][0]: {barcode(sku): n for sku, n in v["items"].items()} for v in found.truth["visits"]}
    assert {visit.tracks[0]: dict(visit.items) for visit in imported.visits} == wanted
    assert len(imported.events) == len(found.truth["events"])
    scored = muin("score", str(tmp_path / "out"), "--json")
    assert scored.returncode == 0, scored.stderr
    assert len(json.loads(scored.stdout)["cases"]) == 1


def test_a_scenario_file_becomes_recordings_that_can_be_scored(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\nclass: own\nshoppers: {A: {}}\nthings: {a: any}\n"
        "do: [{who: A, pick: a}, {who: A, leave: gate}]\nexpect: {carts: {A: {a: 1}}}\n"
    )
    made = muin("simulate", str(file), "--seed", "7", "--count", "2", "--out", str(tmp_path / "out"), "--json")
    assert made.returncode == 0, made.stderr
    assert [row["seed"] for row in json.loads(made.stdout)["visits"]] == [7, 8]
    scored = muin("score", str(tmp_path / "out"), "--json")
    assert scored.returncode == 0, scored.stderr
    assert len(json.loads(scored.stdout)["cases"]) == 2


def test_bad_input_is_exit_2_with_place_and_cure_and_nothing_written(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: bad\nclass: own\nshoppers: {A: {}}\ndo: [{who: Z, pick: q}]\n")
    made = muin("simulate", str(file), "--out", str(tmp_path / "out"))
    assert made.returncode == 2
    assert "do[0].who" in made.stderr
    assert "do[0].pick" in made.stderr
    assert "Traceback" not in made.stderr
    assert not (tmp_path / "out").exists()
    twice = [muin("simulate", "--out", str(tmp_path / "two")) for _ in range(2)]
    assert [one.returncode for one in twice] == [0, 2]
