"""The graphics context of the rendered shop: OpenGL without a display. Must not: draw, or be loaded without need."""

from __future__ import annotations

import ctypes
from typing import Any

from edge.core.errors import BadInput

LIBRARIES = ("libEGL.so.1", "libGL.so.1")
PACKAGES = "sudo apt-get install libegl1 libgl1 libgl1-mesa-dri"


def open_context() -> Any:
    """A moderngl context on EGL; on a machine without a graphics card Mesa's llvmpipe draws on the processor.

    Raises BadInput, with the cure, where the extra `render` or the system's libraries are missing.
    """
    try:
        import moderngl
    except ImportError:
        raise BadInput("--render", "needs moderngl; install it with: pip install 'muin[render]'") from None
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            raise BadInput("--render", f"needs {name} of the system; install it with: {PACKAGES}") from None
    try:
        settings: Any = {"backend": "egl", "libgl": LIBRARIES[1], "libegl": LIBRARIES[0]}
        return moderngl.create_context(require=330, standalone=True, **settings)
    except Exception as error:  # noqa: BLE001 - glcontext and moderngl raise nothing more exact
        raise BadInput("--render", f"OpenGL cannot be opened ({error}); install a driver with: {PACKAGES}") from None
