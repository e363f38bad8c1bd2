"""Live scales on a pseudo terminal and live readers on TCP: lost, found again, and fed rubbish."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from devices.rfid_reader.live import LiveReader
from devices.rfid_reader.simulated import SimulatedReader
from devices.shelf_scale.live import LiveScale
from devices.shelf_scale.simulated import SimulatedScale
from devices.shelf_scale.steps import StepFilter
from devices.shelf_scale.wire import write_sample
from edge.clock import SimClock, SystemClock
from edge.config import Reader, Scale
from edge.core.errors import BadInput
from edge.core.events import InputRejected, TagRead
from edge.core.signals import PlateSamples
from tests.integration.board_bench import Seen, bench, running, until
from tests.unit.plate_signals import PLACES, PLATES, Shelf, run, steps

NOW = SystemClock().now
GOOD = b"3034F4A1B2C3D4E5F6071829;1;-63.5\n"


class Line:
    """A pseudo terminal whose far end is the board."""

    def __init__(self, link: Path) -> None:
        self._board, self._host = os.openpty()
        tty.setraw(self._host)
        os.set_blocking(self._board, False)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._host))

    def send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # a full line loses bytes, as a UART does
            os.write(self._board, data)

    def unplug(self) -> None:
        os.close(self._host)
        os.close(self._board)


def scale(port: Path, now: SimClock | None = None) -> LiveScale:
    clock = now.now if now else NOW
    return LiveScale(Scale(id="scale1", gondola="g1"), PLATES, clock, str(port))


def samples(first: int, count: int) -> bytes:
    return b"".join(write_sample(n, 60.0, [float(n)] * len(PLATES)) for n in range(first, first + count))


def test_samples_arrive_a_board_is_unplugged_and_found_again(tmp_path: Path) -> None:
    async def main() -> None:
        seen, port = Seen(), tmp_path / "port"
        source = scale(port)
        assert (await source.self_check()).state == "absent"
        async with running(source, seen):
            await until(lambda: seen.health() == ["lost"], "no port yet")
            line = Line(port)
            await until(lambda: (line.send(samples(0, 40)), seen.of(PlateSamples))[1], "samples")
            assert seen.health() == ["lost", "ok"]
            assert (await source.self_check()).state == "ok"
            line.unplug()
            await until(lambda: seen.health()[-1] == "lost", "unplugged")
            before = len(seen.of(PlateSamples))
            line = Line(port)
            await until(lambda: (line.send(samples(0, 40)), len(seen.of(PlateSamples)) > before)[1], "found again")
            assert seen.health() == ["lost", "ok", "lost", "ok"]
        line.unplug()

    bench(main)


def test_rubbish_is_said_and_the_next_sample_counts(tmp_path: Path) -> None:
    async def main() -> None:
        seen, port = Seen(), tmp_path / "port"
        line = Line(port)
        async with running(scale(port), seen):
            await until(lambda: (line.send(samples(0, 13)), seen.of(PlateSamples))[1], "samples")
            before = len(seen.of(PlateSamples))
            line.send(b"\x00" + bytes(range(1, 200)) + b"\x00" + b"U" * 2000 + b"\x00")
            await until(lambda: seen.of(InputRejected), "rubbish is said")
            await until(lambda: (line.send(samples(100, 13)), len(seen.of(PlateSamples)) > before)[1], "next samples")
            assert seen.health() == ["ok"]
        line.unplug()

    bench(main)


def test_a_lift_goes_over_the_wire_and_becomes_a_step(tmp_path: Path) -> None:
    """The board sends faster than life; the run's clock moves with the samples."""

    async def main() -> None:
        seen, port, clock = Seen(), tmp_path / "port", SimClock()
        line = Line(port)
        shelf = Shelf(8)
        shelf.move("g1-s1-p3", 4.0, -250)
        shelf.column("g1-s1-p1")[:] = np.nan
        async with running(scale(port, clock), seen):
            first = write_sample(0, 60.0, list(shelf.grams[0]))
            await until(lambda: (line.send(first), seen.health())[1], "the port is open")
            for number, grams in enumerate(shelf.grams):
                clock.advance_to(round(number / 60 * 1e9))
                line.send(write_sample(number, 60.0, list(grams)))
                if number % 12 == 11:
                    due = number // 12
                    await until(lambda due=due: len(seen.of(PlateSamples)) >= due, "block")
        line.unplug()
        (step,) = steps(run(seen.of(PlateSamples), StepFilter(places=PLACES)))
        assert step.plate == "g1-s1-p3"
        assert abs(step.delta_mg + 250_000) < 4_000
        assert abs(step.began_ns / 1e9 - 4.0) < 0.3

    bench(main)


def test_a_scale_without_port_or_plates_is_bad_configuration() -> None:
    with pytest.raises(BadInput, match="port"):
        LiveScale(Scale(id="s", gondola="g1"), PLATES, NOW)
    with pytest.raises(BadInput, match="plate"):
        LiveScale(Scale(id="s", gondola="g1", port="/dev/null"), (), NOW)


class Peer:
    """A text reader on a free TCP port that keeps its number when it goes and comes back."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._came, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)

    def send(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()
            self._writers.clear()


@contextlib.asynccontextmanager
async def reading(peer: Peer, seen: Seen) -> AsyncIterator[LiveReader]:
    source = LiveReader(Reader(id="r1", host=f"127.0.0.1:{peer.port}"), NOW)
    async with running(source, seen):
        yield source


def test_reads_arrive_a_reader_goes_and_comes_back() -> None:
    async def main() -> None:
        seen, peer = Seen(), Peer()
        await peer.start()
        async with reading(peer, seen) as source:
            await until(lambda: (peer.send(GOOD), seen.of(TagRead))[1], "a read")
            assert (await source.self_check()).state == "ok"
            read = seen.of(TagRead)[0]
            assert (read.reader, read.source, read.antenna, read.rssi_cdbm) == ("r1", "r1", 1, -6350)
            await peer.stop()
            await until(lambda: seen.health() == ["ok", "lost"], "lost")
            before = len(seen.of(TagRead))
            await peer.start()
            await until(lambda: (peer.send(GOOD), len(seen.of(TagRead)) > before)[1], "found again")
            assert seen.health() == ["ok", "lost", "ok"]
        await peer.stop()

    bench(main)


def test_bad_lines_are_said_and_the_next_read_counts() -> None:
    async def main() -> None:
        seen, peer = Seen(), Peer()
        await peer.start()
        async with reading(peer, seen):
            await until(lambda: seen.health() == ["ok"], "connected")
            await until(lambda: (peer.send(b"no read\n\xff\xfe\n" + GOOD), seen.of(TagRead))[1], "read after rubbish")
            assert "no read" in seen.of(InputRejected)[0].detail
        await peer.stop()

    bench(main)


def test_a_reader_that_is_not_there_is_lost_and_not_fatal() -> None:
    async def main() -> None:
        seen, peer = Seen(), Peer()
        await peer.start()
        await peer.stop()
        async with reading(peer, seen) as source:
            await until(lambda: seen.health() == ["lost"], "lost")
            assert (await source.self_check()).state == "failed"

    bench(main)


@pytest.mark.parametrize("host", [None, "", "reader:", ":5", "reader:x", "reader:70000"])
def test_a_reader_needs_an_address(host: str | None) -> None:
    with pytest.raises(BadInput, match="host"):
        LiveReader(Reader(id="r1", host=host), NOW)


def test_simulated_devices_carry_what_they_are_given_at_the_pace_of_the_run() -> None:
    async def main() -> None:
        clock, times, seen = SimClock(), [], Seen()

        async def wait_until(at_ns: int) -> None:
            clock.advance_to(at_ns)
            times.append(at_ns)

        blocks = Shelf(1).blocks()
        reads = [TagRead(captured_ns=k, source="r1", reader="r1", antenna=1, epc="E200") for k in (5, 9)]
        await SimulatedScale("scale1", blocks, wait_until).run(seen)
        assert list(seen) == blocks
        assert times == [200_000_000, 400_000_000, 600_000_000, 800_000_000, 1_000_000_000]
        await SimulatedReader("r1", reads, wait_until).run(seen)
        assert list(seen)[len(blocks) :] == reads
        assert times[-2:] == [5, 9]

    bench(main)
