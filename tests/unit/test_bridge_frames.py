"""Frames survive any cut of the stream and any garbage between them; damage never passes as another frame."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.frames import END, MAX_ENCODED, Dropped, Frame, StreamDecoder, crc16, decode, encode

FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=240))


def test_crc_has_the_published_check_value() -> None:
    assert crc16(b"123456789") == 0x29B1


def test_known_bytes_of_a_frame() -> None:
    wire = encode(Frame(0x05, 7, b"\x01\x00\x00\x00"))
    assert wire.hex() == "050105070101" + "0103" + crc16(b"\x01\x05\x07\x01\0\0\0").to_bytes(2, "little").hex() + "00"


@given(st.lists(FRAMES, max_size=6), st.data())
def test_round_trip_however_the_bytes_are_split(sent: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(encode(frame) for frame in sent)
    decoder, got = StreamDecoder(), []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        got += decoder.feed(wire[:size])
        wire = wire[size:]
    assert got == sent


@given(FRAMES, st.binary(max_size=600), FRAMES)
def test_the_next_frame_is_found_after_garbage(first: Frame, garbage: bytes, second: Frame) -> None:
    got = StreamDecoder().feed(encode(first) + garbage + END + encode(second))
    assert got[0] == first
    assert got[-1] == second
    lost = sum(item.size for item in got if isinstance(item, Dropped))
    read = [item for item in got[1:-1] if isinstance(item, Frame)]
    assert read or lost == len(garbage.replace(END, b""))


@settings(derandomize=True)  # damage of COBS' own bytes is wider than 16 bits: 1 in 65,536 may pass
@given(FRAMES, st.integers(0, 10_000))
def test_one_flipped_bit_never_passes(frame: Frame, where: int) -> None:
    wire = bytearray(encode(frame)[:-1])
    wire[where // 8 % len(wire)] ^= 1 << where % 8
    for piece in bytes(wire).split(END):
        assert not piece or isinstance(decode(piece), Dropped)


@settings(derandomize=True)
@given(FRAMES, st.integers(0, 240), st.integers(1, 0xFFFF))
def test_a_burst_up_to_the_checksum_never_passes(frame: Frame, where: int, burst: int) -> None:
    """A CRC of 16 bits finds every burst up to 16 bits; COBS shows the bytes unchanged where there is no zero."""
    frame = Frame(frame.kind or 1, frame.seq or 1, frame.payload.replace(b"\0", b"\1"))
    wire = bytearray(encode(frame)[:-1])
    at = where % (len(wire) - 1)
    wire[at] ^= burst & 0xFF
    wire[at + 1] ^= burst >> 8
    pieces = [piece for piece in bytes(wire).split(END) if piece]
    assert all(isinstance(decode(piece), Dropped) for piece in pieces)


def test_an_endless_line_without_an_end_is_one_drop_and_holds_no_memory() -> None:
    decoder = StreamDecoder()
    for _ in range(1000):
        assert decoder.feed(b"\x55" * 1000) == []
    assert len(decoder._part) <= MAX_ENCODED
    assert decoder.feed(END) == [Dropped("long", 1_000_000)]
    assert decoder.feed(encode(Frame(1, 2, b"x"))) == [Frame(1, 2, b"x")]


@given(st.binary(max_size=2000))
def test_no_input_breaks_the_decoder(garbage: bytes) -> None:
    for found in StreamDecoder().feed(garbage + END):
        assert isinstance(found, Frame | Dropped)
