"""`muin claim`: a keypad at a gate says whose face will come, by the last digits of a phone.

For whatever takes the digits (a keypad, a page, a till). Must not: open anything, or tell whether the digits fit.
"""

from __future__ import annotations

from typing import Annotated

import typer

from edge.commands.people import AsJson, Config, State, show
from edge.core.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add `claim` to the table."""
    app.command()(claim)


def claim(
    config: Config,
    gate: Annotated[str, typer.Option("--gate", help="the door, turnstile or lone gate camera")],
    digits: Annotated[str, typer.Option("--digits", help="last 4 to 8 digits of the shopper's phone")],
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Compare the next face at a gate with the few shoppers of these digits only. It says nothing about them."""
    from edge.clock import wall_now_ns
    from edge.config import load
    from vision.gallery import Gallery
    from vision.gate import gate_of

    found = load(config)
    gates = {gate_of(found, camera.id) for camera in found.camera if camera.role == "gate"}
    if gate not in gates:
        known = ", ".join(sorted(gates)) or 'none: store.toml has no [[camera]] with role = "gate"'
        raise BadInput("--gate", f"{gate!r} is not a gate with a camera; the gates are {known}")
    folder = state or config.parent / "state"
    if not folder.is_dir():
        raise BadInput(str(folder), "is no state folder; nobody was enrolled there")
    Gallery(folder).claim(gate, digits, wall_now_ns(), found.faces.claim_ms * 1_000_000)
    show({"gate": gate, "for_ms": found.faces.claim_ms}, as_json)
