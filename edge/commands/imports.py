"""`muin import ...`: recordings made elsewhere become recordings of ours. One sub-command per form.

Must not: know a form itself (that is edge.nanostore and its neighbours), or leave a half-written recording.
"""

from __future__ import annotations

import typer

group = typer.Typer(help="Turn recordings made elsewhere into recordings of ours.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `import` to the table."""
    app.add_typer(group, name="import")


@group.callback()
def about() -> None:
    """Turn recordings made elsewhere into recordings of ours."""
