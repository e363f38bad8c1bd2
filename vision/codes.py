"""QR codes at the gate: the other way in, for everybody who gives no face.

A code is `muin:` and a random token; what it opens is known to the roster alone. Must not: hold anything about a
person in the code itself.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np
import zxingcpp

from edge.core.errors import BadInput
from vision.faces.face import Picture

PREFIX = "muin:"
TOKEN_BYTES = 18
MAX_CHARS = 256
MODULE_PX = 8
FORMAT: Any = zxingcpp.BarcodeFormat.QRCode


def new_token() -> str:
    """A random token of 144 bits, in characters that a URL may hold."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def payload(token: str) -> str:
    """The text of the code."""
    return PREFIX + token


def token_of(text: str) -> str | None:
    """The token of a code's text, None where the code is not one of ours."""
    if not text.startswith(PREFIX) or len(text) > MAX_CHARS:
        return None
    return text.removeprefix(PREFIX) or None


def read(picture: Picture) -> list[str]:
    """Texts of the QR codes in a BGR picture, sorted, each once."""
    found = zxingcpp.read_barcodes(np.ascontiguousarray(picture), formats=FORMAT)
    return sorted({code.text for code in found if code.valid})


def picture_of(text: str) -> Picture:
    """The code as a BGR picture with its quiet zone, 8 px a module."""
    grey = np.asarray(_code(text).to_image(scale=MODULE_PX, add_quiet_zones=True), dtype=np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def write(text: str, path: Path) -> None:
    """Write the code as .png or .svg, readable by its owner alone. Raises BadInput for another ending."""
    import cv2

    from vision import safe_file

    if path.suffix.lower() == ".svg":
        content = str(_code(text).to_svg(add_quiet_zones=True)).encode()
    elif path.suffix.lower() == ".png":
        content = cv2.imencode(".png", picture_of(text))[1].tobytes()
    else:
        raise BadInput(str(path), "must end in .png or .svg")
    try:
        safe_file.write_whole(path, content)
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror}); choose another place") from None


def _code(text: str) -> Any:
    return zxingcpp.create_barcode(text, FORMAT, ec_level="M")
