"""A board that dies, freezes or talks nonsense, seen from the books: an alarm, a free way out, recovery by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.door.simulated import SimulatedDoor
from edge import config
from edge.clock import SystemClock
from edge.core import commands
from edge.daemon import Daemon

SHOP = '[store]\nid = "t"\ncurrency = "KRW"\n[[door]]\nid = "gate"\n'
PATIENCE_S = 60.0
LOOK_S = 0.05


async def until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until it is so."""
    for _ in range(round(PATIENCE_S / LOOK_S)):
        if condition():
            return
        await asyncio.sleep(LOOK_S)
    pytest.fail(f"never happened: {what}")


async def _play(state: Path, harm: Callable[[SimulatedDoor], None], heal: Callable[[SimulatedDoor], None]) -> Daemon:
    found = config.parse(SHOP)
    daemon = Daemon(found, state)
    daemon.decided = []
    daemon.use_clock(SystemClock())
    await daemon.start()
    daemon.begin("run")
    door = SimulatedDoor(found.door[0], "gate", daemon.clock.now)
    daemon.plug_gate("gate", door)
    daemon.keep_time()
    doors = daemon.doors
    await until(
        lambda: "gate" in doors and doors["gate"].entry == "locked" and not doors["gate"].safe, "board is armed"
    )
    harm(door)
    await until(lambda: _has(daemon, commands.RaiseAlarm), "an alarm")
    heal(door)
    await until(lambda: _has(daemon, commands.ClearAlarm) and not daemon.alarms, "recovery")
    await until(lambda: doors["gate"].entry == "locked" and not doors["gate"].safe, "board is armed again")
    assert doors["gate"].egress == "released"
    await daemon.stop()
    return daemon


def _has(daemon: Daemon, kind: type[commands.Base]) -> bool:
    return any(isinstance(order, kind) for order in daemon.decided or ())


def _kill(door: SimulatedDoor) -> None:
    door.board.stop_process()


def _signal(which: signal.Signals) -> Callable[[SimulatedDoor], None]:
    def send(door: SimulatedDoor) -> None:
        assert door.board.pid is not None
        os.kill(door.board.pid, which)

    return send


CASES = {
    "killed": (_kill, lambda door: None),
    "frozen": (_signal(signal.SIGSTOP), _signal(signal.SIGCONT)),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_lost_board_is_an_alarm_the_way_out_stays_free_and_it_comes_back(case: str, tmp_path: Path) -> None:
    daemon = asyncio.run(_play(tmp_path, *CASES[case]))
    raised = [order for order in daemon.decided or () if isinstance(order, commands.RaiseAlarm)]
    assert {alarm.alarm for alarm in raised} & {"device-lost", "door-safe"}
    assert not any(alarm.alarm == "egress-locked" for alarm in raised)
