"""The bundled shop as a stranger runs it: once at full speed, and live with its page in a real browser."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, program
from tests.integration.conftest import MUIN, muin

TRUTH = json.loads((ROOT / "edge" / "demo_shop" / "truth.json").read_text())


@pytest.mark.timeout(600)
def test_two_runs_print_the_same_bytes(day: tuple[Path, str]) -> None:
    again = muin("demo", "--once", "--json", hash_seed="2")
    assert (again.returncode, again.stdout) == (0, day[1])


def test_the_receipts_are_what_was_taken(day: tuple[Path, str]) -> None:
    visits = json.loads(day[1])["visits"]
    found = {
        visit["shopper"]: ({line["sku"]: line["quantity"] for line in visit["lines"]}, visit["total_minor"])
        for visit in visits
    }
    assert found == {visit["shopper"]: (visit["items"], visit["total_minor"]) for visit in TRUTH["visits"]}
    assert {visit["outcome"] for visit in visits} == {"charged"}


def test_its_recording_verifies_and_a_changed_threshold_shows_a_receipt_diff(day: tuple[Path, str]) -> None:
    folder, _ = day
    equal = muin("replay", folder, "--verify")
    assert equal.returncode == 0, equal.stderr
    assert "equal" in equal.stdout
    changed = muin("replay", folder, "--verify", "--set", "picks.review_below=0.99999")
    assert changed.returncode == 1
    assert any(line.startswith("-") and "charged" in line for line in changed.stdout.splitlines()), changed.stdout
    assert any(line.startswith("+") and "review" in line for line in changed.stdout.splitlines()), changed.stdout


def test_its_recording_scores_one(day: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(day[0], tmp_path / "day")
    shutil.copyfile(ROOT / "edge" / "demo_shop" / "truth.json", folder / "truth.json")
    for start in ("sensors", "events"):
        replayed = json.loads(muin("replay", folder, "--from", start, "--json").stdout)
        assert [visit["outcome"] for visit in replayed["visits"]] == ["charged", "charged"], start
    score = json.loads(muin("score", folder, "--json").stdout)
    assert (score["mean_f1"], score["exact_rate"], score["overcharged_items"]) == (1.0, 1.0, 0)


@pytest.mark.timeout(300)
def test_the_live_page_shows_a_whole_visit(tmp_path: Path) -> None:
    """In headless Chromium, from an empty cart to a receipt that the hub has."""
    chromium = program("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    shop = subprocess.Popen(
        [*MUIN, "demo", "--state", str(tmp_path / "s"), "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert shop.stdout is not None
        url = next(word for word in shop.stdout.readline().split() if word.startswith("http"))
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("request", lambda request: None if request.url.startswith(url) else problems.append(request.url))
            page.goto(url)
            page.wait_for_selector("text=nobody is in the shop", timeout=60_000)
            page.wait_for_selector("g.person", timeout=120_000, state="attached")
            page.wait_for_selector("#receipts >> text=✓ hub has it", timeout=120_000)
            browser.close()
        assert problems == []
        shop.send_signal(signal.SIGTERM)
        assert shop.wait(60) == 0
    finally:
        shop.kill()
        shop.wait()
