"""The pictures of a recorded clip, asked for by their time stamp, in lock step with the frame index.

Must not: judge a picture, or go on after damage as if nothing was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error

from edge.core.errors import BadInput


class Pictures:
    """One clip, decoded forward with one thread. Damaged pictures are left out; `damage` says where the last was.

    Raises BadInput where the file holds no video at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        try:
            self._container = av.open(str(path))
        except (av.error.FFmpegError, OSError) as error:
            raise BadInput(str(path), f"is not a readable video ({error}); copy the recording again") from None
        if not self._container.streams.video:
            self._container.close()
            raise BadInput(str(path), "has no video stream; copy the recording again")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "NONE"
        self._frames = self._decode()
        self._next: Any = next(self._frames, None)

    def _decode(self) -> Iterator[Any]:
        try:
            for frame in self._container.decode(self._stream):
                if frame.is_corrupt:
                    self.damage = f"damaged at {float(frame.time or 0):.3f} s"
                elif frame.pts is not None:
                    yield frame
        except (av.error.FFmpegError, OSError) as error:
            self.damage = f"cut or damaged ({error})"

    def at(self, pts: int) -> Any | None:
        """The picture with this time stamp, uint8 [height, width, 3] BGR; None where the clip has none.

        Time stamps must rise from call to call: pictures before `pts` are passed over.
        """
        while self._next is not None and self._next.pts < pts:
            self._next = next(self._frames, None)
        if self._next is None or self._next.pts != pts:
            return None
        return self._next.to_ndarray(format="bgr24")

    def close(self) -> None:
        """Free the decoder."""
        self._container.close()
