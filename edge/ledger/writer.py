"""The one thread that uses the ledger: what waits is committed together, each caller learns of its own part.

Group commit: all commits that queued up while the disk was busy share one transaction and one sync; a refused fact
fails alone, a failing disk fails all of them. Must not: be used from a second event loop, or drop anything: a full
queue makes the callers wait.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

import msgspec

from edge.core.commands import Command
from edge.ledger.errors import FactRefused
from edge.ledger.ledger import Ledger

QUEUE_BOUND: Final = 1_024
GROUP_BOUND: Final = 256


class Job(msgspec.Struct, kw_only=True):
    """One call that waits. Only `groups` jobs share a transaction."""

    run: Callable[[], Any]
    groups: bool
    result: Future[Any]


class LedgerWriter:
    """Owns an open Ledger from now on; call from one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(QUEUE_BOUND)
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    async def commit(
        self, commands: Sequence[Command], *, state: bytes | None, seq: int, mono_ns: int, wall_ns: int
    ) -> list[int]:
        """As Ledger.commit; returns when it is on the disk."""
        run = partial(self._ledger.commit, commands, state=state, seq=seq, mono_ns=mono_ns, wall_ns=wall_ns)
        seqs: list[int] = await self._ask(run, groups=True)
        return seqs

    async def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Any other method of the Ledger by name, in order with the commits."""
        return await self._ask(partial(getattr(self._ledger, name), *args, **kwargs), groups=False)

    def close(self) -> None:
        """Finish what waits, then close the ledger. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    async def _ask(self, run: Callable[[], Any], *, groups: bool) -> Any:
        async with self._room:
            if self._closed:
                raise RuntimeError("the ledger writer is closed")
            job = Job(run=run, groups=groups, result=Future())
            self._jobs.put(job)
            return await asyncio.wrap_future(job.result)

    def _work(self) -> None:
        carry: Job | None = None
        while (job := carry or self._jobs.get()) is not None:
            carry = None
            if not job.groups:
                _settle([job], [_outcome(job.run)])
                continue
            group, carry, ended = self._group(job)
            _settle(group, self._commit(group))
            if ended:
                break
        self._ledger.close()

    def _group(self, first: Job) -> tuple[list[Job], Job | None, bool]:
        """The commits that wait right now; the first other job is carried over to keep the order."""
        group = [first]
        while len(group) < GROUP_BOUND:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, None, True
            if not job.groups:
                return group, job, False
            group.append(job)
        return group, None, False

    def _commit(self, group: list[Job]) -> list[Any]:
        """Outcomes in order. A disk error belongs to all: nothing of the group is on the disk then."""
        if len(group) == 1:
            return [_outcome(group[0].run)]

        def together() -> list[Any]:
            with self._ledger.transaction():
                return [_fact_outcome(job.run) for job in group]

        found = _outcome(together)
        return found if isinstance(found, list) else [found] * len(group)


def _fact_outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except FactRefused as error:
        return error


def _outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Exception as error:  # noqa: BLE001  not swallowed: the waiting caller gets it, the thread must live on
        return error


def _settle(jobs: list[Job], outcomes: list[Any]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if not job.result.set_running_or_notify_cancel():
            continue  # the caller went away; the work is done all the same
        if isinstance(outcome, BaseException):
            job.result.set_exception(outcome)
        else:
            job.result.set_result(outcome)
