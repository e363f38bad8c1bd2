"""Reads devices.mcap chunk by chunk, as far as it is whole: a file cut anywhere gives all that was closed before.

Must not: know what a message means, or trust a length or a checksum it has not compared.

Record framing after the MCAP specification (https://mcap.dev/spec): magic, then opcode u8, length u64, body.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message
from mcap.stream_reader import breakup_chunk

from edge.core.errors import BadInput

MAGIC: Final = b"\x89MCAP0\r\n"
HEAD: Final = struct.Struct("<BQ")
KNOWN_BLOCKS: Final = (Opcode.CHUNK, Opcode.MESSAGE)
FIRST_PRIVATE: Final = 0x80
BROKEN: Final = (McapError, struct.error, ValueError, zstandard.ZstdError, zlib.error, MemoryError)


class Block(NamedTuple):
    """A closed chunk (or a single message outside chunks): where its body lies in the file."""

    opcode: int
    offset: int
    length: int


class Damaged(Exception):
    """A block whose content does not match its own checksum or form."""


class Chunks:
    """The whole blocks of one file in file order. `damage` says where and why reading ended early, "" = whole.

    Raises BadInput where the file is missing, empty or not MCAP at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        self._topics: dict[int, str] = {}
        try:
            with path.open("rb") as file:
                self.blocks = list(self._scan(file, path.stat().st_size))
        except OSError as error:
            raise BadInput(str(path), f"cannot be read ({error.strerror}); copy the recording again") from None

    def _scan(self, file: BinaryIO, size: int) -> Iterator[Block]:
        if file.read(len(MAGIC)) != MAGIC:
            text = "is empty: nothing was recorded" if size == 0 else "is not an MCAP file"
            raise BadInput(str(self.path), f"{text}; give a recording that muin wrote")
        while True:
            at = file.tell()
            head = file.read(HEAD.size)
            opcode, length = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
            offset = at + HEAD.size
            end = offset + length + (len(MAGIC) if opcode == Opcode.FOOTER else 0)
            if opcode == 0 or end > size:
                self.damage = f"cut at byte {at} of {size}"
                return
            if opcode == Opcode.FOOTER:
                return
            if opcode in KNOWN_BLOCKS:
                yield Block(opcode, offset, length)
            elif not self._pass_over(opcode, file.read(length) if opcode == Opcode.CHANNEL else b""):
                self.damage = f"damaged at byte {at} of {size}"
                return
            file.seek(offset + length)

    def _pass_over(self, opcode: int, body: bytes) -> bool:
        """Learn from or ignore a record outside chunks; False where it is none. 0x80 and up are private use."""
        if opcode == Opcode.CHANNEL:
            try:
                self._learn(Channel.read(ReadDataStream(BytesIO(body))))
            except BROKEN:
                return False
        return opcode <= max(Opcode) or opcode >= FIRST_PRIVATE

    def _learn(self, channel: Channel) -> None:
        self._topics[channel.id] = channel.topic

    def messages(self, block: Block) -> list[tuple[str, bytes]]:
        """(topic, data) of every message of a block, in file order. Raises Damaged, or OSError of the disk."""
        with self.path.open("rb") as file:
            file.seek(block.offset)
            body = file.read(block.length)
        try:
            return list(self._unpack(block, ReadDataStream(BytesIO(body))))
        except BROKEN as error:
            raise Damaged(f"damaged at byte {block.offset} ({error})") from None

    def _unpack(self, block: Block, stream: ReadDataStream) -> Iterator[tuple[str, bytes]]:
        if block.opcode == Opcode.MESSAGE:
            message = Message.read(stream, block.length)
            yield self._topics[message.channel_id], message.data
            return
        for record in breakup_chunk(Chunk.read(stream), validate_crc=True):
            if isinstance(record, Channel):
                self._learn(record)
            elif isinstance(record, Message):
                if record.channel_id not in self._topics:
                    raise ValueError(f"channel {record.channel_id} is not declared")
                yield self._topics[record.channel_id], record.data
