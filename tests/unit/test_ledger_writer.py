"""The writer thread: order, grouping, who learns of which failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.core import commands as c
from edge.ledger import FactRefused, Ledger, LedgerFull, LedgerWriter
from tests.unit import ledger_facts as f


async def commit(writer: LedgerWriter, *commands: c.Command, seq: int) -> list[int]:
    return await writer.commit(commands, state=b"%d" % seq, seq=seq, mono_ns=seq, wall_ns=f.ORIGIN_NS + seq)


def run(folder: Path, work: Callable[[LedgerWriter, Ledger], Awaitable[None]]) -> Ledger:
    """Do `work` with a writer, then open what it left."""

    async def main() -> None:
        ledger = f.open_ledger(folder)
        writer = LedgerWriter(ledger)
        try:
            await work(writer, ledger)
        finally:
            writer.close()

    asyncio.run(main())
    again = f.open_ledger(folder)
    assert again.verify() == []
    return again


def test_commits_that_wait_together_keep_their_order(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        visits = [f"V{n}" for n in range(200)]
        found = await asyncio.gather(*(commit(writer, f.opened(v), seq=n) for n, v in enumerate(visits)))
        assert found == [[n] for n in range(1, 201)]
        assert (await writer.call("head"))[0] == 200
        assert await writer.call("counts") == ledger.counts()

    again = run(tmp_path, work)
    saved = again.saved()
    assert saved is not None
    assert (saved.seq, saved.state) == (199, b"199")
    again.close()


def test_waiting_commits_share_a_transaction(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        synced: list[str] = []
        ledger._db.conn.set_trace_callback(lambda sql: synced.append(sql) if sql == "COMMIT" else None)
        await asyncio.gather(*(commit(writer, f.opened(f"V{n}"), seq=n) for n in range(100)))
        assert 0 < len(synced) < 50

    run(tmp_path, work).close()


def test_a_refused_decision_fails_alone(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        await commit(writer, f.opened("V1"), seq=1)
        decisions = [f.opened("V2"), f.opened("V1", shopper="other"), f.opened("V3")]
        found = await asyncio.gather(
            *(commit(writer, decision, seq=n) for n, decision in enumerate(decisions, start=2)), return_exceptions=True
        )
        assert (found[0], found[2]) == ([2], [3])
        assert isinstance(found[1], FactRefused)

    again = run(tmp_path, work)
    assert again.counts()["open_visits"] == 3
    again.close()


def test_a_failing_disk_fails_everybody_who_waited_and_the_thread_lives_on(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages}")
        big = [f.opened("V" + "x" * 20_000 + str(n)) for n in range(5)]
        found = await asyncio.gather(*(commit(writer, v, seq=n) for n, v in enumerate(big)), return_exceptions=True)
        assert all(isinstance(error, LedgerFull) for error in found)
        assert (await writer.call("head"))[0] == 0
        await writer.call("verify")

    run(tmp_path, work).close()


def test_a_caller_that_went_away_stops_nobody(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        tasks = [asyncio.create_task(commit(writer, f.opened(f"V{n}"), seq=n)) for n in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(item, list) for item in found[1::2])

    run(tmp_path, work).close()


def test_close_finishes_what_waits_and_refuses_what_comes_after(tmp_path: Path) -> None:
    async def work(writer: LedgerWriter, ledger: Ledger) -> None:
        tasks = [asyncio.create_task(commit(writer, f.opened(f"V{n}"), seq=n)) for n in range(50)]
        await asyncio.sleep(0)
        writer.close()
        assert await asyncio.gather(*tasks) == [[n] for n in range(1, 51)]
        with pytest.raises(RuntimeError, match="closed"):
            await commit(writer, f.opened("late"), seq=99)

    again = run(tmp_path, work)
    assert again.counts()["open_visits"] == 50
    again.close()
