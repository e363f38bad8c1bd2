"""What can go wrong between the box and a board, each with the words a person needs to cure it.

Must not: know shops, or be raised for our own mistakes.
"""

from __future__ import annotations


class BridgeError(Exception):
    """Base of everything that the bridge raises; the text names the place and the cure."""


class PortUnusable(BridgeError):
    """The serial port cannot be opened: not there, no permission, or held by another program.

    `absent` is true when there is no such device at all.
    """

    def __init__(self, text: str, absent: bool = False) -> None:
        self.absent = absent
        super().__init__(text)


class LineBroken(BridgeError):
    """The port was open and is gone: unplugged, end of file, input/output error."""


class BoardSilent(BridgeError):
    """The port is open but the board does not answer or sends no status any more."""


class BoardDisarmed(BridgeError):
    """The board says it has left the session (it heard nothing from the box, or it rebooted)."""


class VersionMismatch(BridgeError):
    """The board speaks another major version of the protocol; its outputs are not armed."""


class WrongBoard(BridgeError):
    """Another board than the configured one answers on this port; its outputs are not armed."""


class NotReady(BridgeError):
    """A request was made while there is no session with the board; nothing was sent."""


class MessageError(BridgeError):
    """A frame with a right checksum whose content is not a message of this protocol."""
