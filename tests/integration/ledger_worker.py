"""A process that books visits as fast as it can and says which ones are on the disk, until it is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from edge.core import commands as c
from edge.ledger import Ledger, LedgerWriter
from tests.unit import ledger_facts as f

SHOPPERS = 4
STATE = b"state of the core " * 300


def say(text: str) -> None:
    """One line that is out of this process at once."""
    os.write(1, f"{text}\n".encode())


async def shop(writer: LedgerWriter, generation: int, shopper: int) -> None:
    """One shopper after another; each line said is a commit acknowledged by the ledger."""
    seq = generation * 1_000_000 + shopper
    n = 0
    while True:
        n += 1
        visit = f"V{generation}-{shopper}-{n}"
        decisions: list[tuple[c.Command, ...]] = [
            (f.opened(visit),),
            (f.changed(visit, quantity=2), f.changed(visit, "gum")),
            (f.closed(visit, f.line(quantity=2), f.line("gum", price=99)),),
            (f.settled(f"c-{visit}"),),
        ]
        for decision in decisions:
            seq += SHOPPERS
            seqs = await writer.commit(decision, state=STATE, seq=seq, mono_ns=seq, wall_ns=f.ORIGIN_NS + seq)
            say(f"{type(decision[0]).__name__} {visit} {seqs[0]}")


async def receipts(writer: LedgerWriter) -> None:
    """The hub's receipts, somewhere behind, and the sign of life."""
    while True:
        rows = await writer.call("pending", 0, 50, 10**6)
        if len(rows) == 50:
            await writer.call("acknowledge", rows[24].seq, rows[24].hash)
        await writer.call("touch", lived_ns=1, seq=1)
        await asyncio.sleep(0)


async def main(folder: Path, generation: int) -> None:
    ledger: Ledger = f.open_ledger(folder)
    say("ready")
    writer = LedgerWriter(ledger)
    await asyncio.gather(receipts(writer), *(shop(writer, generation, n) for n in range(SHOPPERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
