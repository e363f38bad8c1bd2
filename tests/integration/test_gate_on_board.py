"""A live gate against a board in another process: killed, frozen, noisy, silent, of another version, or absent."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from devices.door.live import LiveDoor
from devices.door.simulated import SimulatedDoor
from devices.turnstile.live import LiveTurnstile
from edge.clock import SystemClock
from edge.config import Door, Turnstile
from edge.core.errors import BadInput
from edge.core.events import DoorChanged, InputRejected, PassageCounted
from tests.integration.board_bench import NoisyLine, Seen, bench, board, grant, running, until

NOW = SystemClock().now


def door(port: Path, **row: Any) -> LiveDoor:
    return LiveDoor(Door(id="d1", **row), "d1", NOW, str(port))


def exit_was_never_locked(seen: Seen, inside: list[dict[str, Any]]) -> bool:
    told = all(event.egress != "locked" for event in seen.of(DoorChanged))
    return told and not any(line.get("output") == "egress" and line.get("level") == "locked" for line in inside)


def test_a_grant_opens_counts_and_locks_again(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port", "--auto-pass", "100") as peer:
            gate = door(peer.link, board=peer.board_id, open_ms=500)
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                await gate.grant(grant("r1"))
                assert seen.answers()["r1"].ok
                await until(lambda: seen.of(PassageCounted), "passage")
                await until(lambda: [e.entry for e in seen.of(DoorChanged)][-1] == "locked", "locked again")
                await gate.grant(grant("r1"))
                await gate.grant(grant("r2", "out"))
                await until(lambda: len(seen.of(PassageCounted)) == 2, "passage out")
            assert [line["output"] for line in peer.of("pulse")] == ["entry", "egress"]
            assert [(e.direction, e.total) for e in seen.of(PassageCounted)] == [("in", 1), ("out", 1)]
            assert [e.entry for e in seen.of(DoorChanged)].count("released") >= 1
            assert "open" in {e.contact for e in seen.of(DoorChanged)}
            assert exit_was_never_locked(seen, peer.log)

    bench(main)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_grant_acts_once_on_a_line_that_damages_bytes(tmp_path: Path, seed: int) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "board", "--auto-pass", "1") as peer:
            line = NoisyLine(peer.link, tmp_path / "port", seed)
            gate = door(tmp_path / "port", open_ms=200, board=peer.board_id)
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                line.rate = 0.01
                for number in range(60):
                    # a lost session is made again by itself; the next customer's grant waits for it here
                    await until(lambda: seen.health()[-1] == "ok", "session on the noisy line")
                    await gate.grant(grant(f"r{number}"))
                line.rate = 0.0
                await until(lambda: seen.health()[-1] == "ok", "session on the clean line")
                await gate.grant(grant("last", "out"))
                await until(lambda: [x for x in peer.of("pulse") if x["output"] == "egress"], "end of the board's log")
                answers = seen.answers()
                assert answers.pop("last").ok
                granted = [a for a in answers.values() if a.ok]
                unknown = [a for a in answers.values() if a.reason.startswith("no-answer")]
            acts = len(peer.of("pulse")) - 1
            assert len(answers) == 60
            assert line.damaged > 0
            assert len(granted) >= 50
            assert len(granted) <= acts <= len(granted) + len(unknown)
            assert exit_was_never_locked(seen, peer.log)
            line.close()

    bench(main)


def test_a_killed_board_is_said_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port") as peer:
            gate = door(peer.link, board=peer.board_id)
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                peer.send(signal.SIGKILL)
                await until(lambda: seen.health()[-1] == "lost", "lost")
                assert seen.of(DoorChanged)[-1].entry == "unknown"
                await gate.grant(grant("while-lost"))
                assert seen.answers()["while-lost"].reason.startswith("lost")
                await peer.end()
                first_life = list(peer.log)
                await peer.start()
                await until(lambda: seen.health()[-1] == "ok", "recovery")
                await gate.grant(grant("after"))
                assert seen.answers()["after"].ok
            assert seen.health() == ["ok", "lost", "ok"]
            await until(lambda: len(peer.of("pulse")) == 1, "one act in the board's log")
            assert exit_was_never_locked(seen, first_life + peer.log)

    bench(main)


def test_a_frozen_board_is_said_and_what_waited_for_it_does_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port") as peer:
            gate = door(peer.link, board=peer.board_id)
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                peer.send(signal.SIGSTOP)
                await gate.grant(grant("into-the-ice"))
                assert not seen.answers()["into-the-ice"].ok
                await until(lambda: seen.health()[-1] == "lost", "lost")
                peer.send(signal.SIGCONT)
                await until(lambda: seen.health()[-1] == "ok", "recovery")
                await gate.grant(grant("after", "out"))
                assert seen.answers()["after"].ok
                await until(lambda: peer.of("pulse"), "the act in the board's log")
                assert [line["output"] for line in peer.of("pulse")] == ["egress"]
                assert peer.of("safe"), "the board fell to its safe level by itself"
            assert exit_was_never_locked(seen, peer.log)

    bench(main)


def test_garbage_is_rejected_rate_limited_and_survived(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "board") as peer:
            line = NoisyLine(peer.link, tmp_path / "port", 7)
            gate = door(tmp_path / "port")
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                began = NOW()
                for size in range(100):
                    line.babble(200)
                    line.babble_at_board(size)
                    await asyncio.sleep(0)  # let both ends read amid it
                await until(lambda: seen.of(InputRejected), "rejection")
                await gate.grant(grant("amid"))
                await until(lambda: seen.health()[-1] == "ok", "session")
                await gate.grant(grant("after"))
                assert seen.answers()["after"].ok
                seconds = (NOW() - began) // 10**9
                assert len(seen.of(InputRejected)) <= seconds + 1
                assert "bytes dropped" in seen.of(InputRejected)[0].detail
            assert exit_was_never_locked(seen, peer.log)
            line.close()

    bench(main)


def test_a_silent_box_leaves_the_board_safe(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port") as peer:
            gate = door(peer.link, board=peer.board_id, open_ms=30_000)
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                await gate.grant(grant("r1"))
            await until(lambda: peer.of("safe"), "board safe")
            await until(lambda: len(peer.of("level")) == 2, "released by the grant, locked by the board")
            relocked = peer.of("level")[1]
            assert (relocked["output"], relocked["level"]) == ("entry", "locked")
            assert relocked["at_ms"] - peer.of("pulse")[0]["at_ms"] < 30_000
            assert exit_was_never_locked(seen, peer.log)

    bench(main)


def test_another_major_version_arms_nothing_and_names_the_cure(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port", "--protocol-major", "9") as peer:
            gate = door(peer.link, board=peer.board_id)
            async with running(gate, seen):
                await until(lambda: seen.health(), "report")
                await gate.grant(grant("r1"))
            assert seen.health() == ["degraded"]
            assert not seen.answers()["r1"].ok
            assert peer.of("pulse") == []
            check = await door(peer.link).self_check()
            assert check.state == "failed"
            assert "update" in check.cure

    bench(main)


def test_a_foreign_board_is_not_armed(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port") as peer:
            gate = door(peer.link, board="00" * 8)
            async with running(gate, seen):
                await until(lambda: seen.health(), "report")
                await gate.grant(grant("r1"))
            assert seen.health() == ["lost"]
            assert not seen.answers()["r1"].ok
            assert peer.of("pulse") == []
            check = await gate.self_check()
            assert peer.board_id in check.detail
            assert "board" in check.cure

    bench(main)


def test_a_port_that_is_not_there_is_a_state_with_a_cure(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        gate = door(tmp_path / "port")
        async with running(gate, seen):
            await until(lambda: seen.health() == ["lost"], "lost")
            await gate.grant(grant("r1"))
            assert not seen.answers()["r1"].ok
            async with board(tmp_path / "port"):
                await until(lambda: seen.health() == ["lost", "ok"], "found later")
        check = await door(tmp_path / "gone").self_check()
        assert (check.state, "by-id" in check.cure) == ("absent", True)

    bench(main)


def test_a_file_that_is_no_port_and_a_port_in_use_are_named(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "file").write_text("no port")
        check = await door(tmp_path / "file").self_check()
        assert check.state == "failed"
        assert check.cure
        seen = Seen()
        async with board(tmp_path / "port") as peer, running(door(peer.link), seen):
            await until(lambda: "ok" in seen.health(), "session")
            check = await door(peer.link).self_check()
            assert check.state == "failed"
            assert "another program" in check.detail

    bench(main)


def test_self_check_asks_the_board_who_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with board(tmp_path / "port") as peer:
            check = await door(peer.link).self_check()
            assert check.state == "ok"
            assert "protocol 1.0" in check.detail

    bench(main)


def test_a_gate_without_a_port_is_bad_input() -> None:
    with pytest.raises(BadInput, match="port"):
        LiveDoor(Door(id="d1"), "d1", NOW)


def test_turnstile_one_body_per_grant_and_busy(tmp_path: Path) -> None:
    async def main() -> None:
        seen = Seen()
        async with board(tmp_path / "port", "--kind", "turnstile", "--auto-pass", "1500") as peer:
            gate = LiveTurnstile(Turnstile(id="d1"), "d1", NOW, str(peer.link))
            async with running(gate, seen):
                await until(lambda: "ok" in seen.health(), "session")
                await gate.grant(grant("r1"))
                await gate.grant(grant("r2"))
                assert seen.answers()["r1"].ok
                assert seen.answers()["r2"].reason == "refused: busy"
                await until(lambda: seen.of(PassageCounted), "passage")
                await until(lambda: [e.entry for e in seen.of(DoorChanged)][-1] == "locked", "locked behind the body")

    bench(main)


def test_the_simulated_door_boots_again_after_a_kill() -> None:
    async def main() -> None:
        seen = Seen()
        gate = SimulatedDoor(Door(id="d1"), "d1", NOW)
        async with running(gate, seen):
            await until(lambda: seen.health() == ["ok"], "session without a false start")
            gate.walk("out")
            await until(lambda: seen.of(PassageCounted), "a body left without a grant")
            first = gate.board.pid
            assert first is not None
            gate.board.stop_process()
            await until(lambda: seen.health() == ["ok", "lost", "ok"], "booted again")
            assert gate.board.pid not in (None, first)

    bench(main)
