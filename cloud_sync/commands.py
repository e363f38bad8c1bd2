"""Numbered commands of the hub -> events of the core.

Must not: act on a command, or accept one that is not well formed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cloud_sync import wire
from cloud_sync.messages import CHARGE_SETTLED, ChargeSettled, Command
from cloud_sync.ports import InboxRow
from edge.core.errors import BadInput
from edge.core.events import ChargeAnswered

PLACE: Final = "command"
MAX_AHEAD: Final = 10_000


def read_command(payload: bytes) -> tuple[Command, ChargeSettled]:
    """A command and its arguments. Raises BadInput for anything this version does not know."""
    command = wire.unpack(payload, Command, PLACE)
    if command.op != CHARGE_SETTLED:
        raise BadInput(PLACE, f"{command.op!r} is not known to this version; update the box")
    try:
        return command, msgspec.json.decode(command.args, type=ChargeSettled, strict=True)
    except msgspec.MsgspecError as error:
        raise BadInput(PLACE, f"{command.op} has wrong arguments: {str(error)[:200]}") from None


def charge_answered(args: ChargeSettled, *, now_ns: int, source: str) -> ChargeAnswered:
    """The event that tells the core."""
    return ChargeAnswered(
        captured_ns=now_ns,
        source=source,
        charge=args.charge,
        state=args.state,
        reason=args.reason,
        provider_ref=args.provider_ref,
    )


def stored_event(row: InboxRow, *, now_ns: int, source: str) -> ChargeAnswered | None:
    """The event of a command that was stored before a restart; None where it is of a kind we do not act on."""
    try:
        _command, args = read_command(row.body)
    except BadInput:
        return None
    return charge_answered(args, now_ns=now_ns, source=source)
