"""The right sense for a camera's role, behind a watch of the camera's eye.

Must not: know how a sense works, or load what another role needs.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.ports import PictureSense
from vision.camera_health.watch import HealthWatch
from vision.planes import Picture

Role = Literal["shelf", "floor", "gate"]

# While one of these looks true, or was told, a sense is not shown the picture: what it would say is not true.
# A shelf's change waits 1.2 s, so a doubt of one moment is enough to stop it in time; a floor that is covered shows
# "nobody", which would end visits; a gate goes on as long as its picture is of now.
DOUBTS: Final[dict[Role, frozenset[str]]] = {
    "shelf": frozenset({"dark", "covered", "moved", "blurred", "sprayed"}),
    "floor": frozenset({"dark", "covered"}),
    "gate": frozenset(),
}
FAULTS: Final[dict[Role, frozenset[str]]] = {
    "shelf": frozenset({"dark", "covered", "frozen", "moved", "blurred", "sprayed"}),
    "floor": frozenset({"dark", "covered", "frozen", "moved", "blurred", "sprayed"}),
    "gate": frozenset({"frozen"}),  # an old picture must not let anybody in
}


class SeeingSense:
    """A sense and the watch of its camera's eye, as one (edge.core.ports.PictureSense). No `sense` = the eye alone."""

    def __init__(self, role: Role, eye: HealthWatch, sense: PictureSense | None) -> None:
        self.eye, self.sense = eye, sense
        self._doubts, self._faults = DOUBTS[role], FAULTS[role]

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR. What the inner sense raises is passed on."""
        told: list[Event] = [*self.eye.see(picture, captured_ns)]
        if self.sense is None or self.eye.found in self._faults or self.eye.now & self._doubts:
            return told
        return told + self.sense.see(picture, captured_ns)

    def flush(self) -> list[Event]:
        """What the inner sense was still waiting for."""
        return self.sense.flush() if self.sense is not None else []

    def describe(self) -> str:
        """What the inner sense says of itself, for people."""
        return describe(self.sense)


def make_sense(
    config: StoreConfig,
    camera_id: str,
    gallery: dict[str, Any] | None = None,
    origin_wall_ns: int | None = None,
    eye: HealthWatch | None = None,
) -> SeeingSense:
    """Sense of one camera. Raises BadInput for a camera that is not configured, or for unusable model files.

    `gallery` and `origin_wall_ns` are what a gate's sense knows people and days by; other roles ignore them. `eye`
    is taken over from a sense that went before on the same camera.
    """
    role = role_of(config, camera_id)
    eye = make_eye(config, camera_id) if eye is None else eye
    if role == "shelf":
        from vision.shelf_watch import ShelfWatch

        return SeeingSense(role, eye, ShelfWatch.from_config(config, camera_id))
    if role == "floor":
        from vision.floor import FloorWatch

        return SeeingSense(role, eye, FloorWatch.from_config(config, camera_id))
    from vision.gate import GateWatch

    gate: PictureSense = GateWatch.from_config(config, camera_id, gallery, origin_wall_ns)
    return SeeingSense(role, eye, _with_bodies(gate, config, camera_id))


def make_eye(config: StoreConfig, camera_id: str) -> HealthWatch:
    """The watch of a camera's eye; goods come and go in its slots."""
    shapes = [row.polygon_px or _corners(row.box_px) for row in config.slot if row.camera == camera_id]
    return HealthWatch(camera_id, shapes)


def eye_only(config: StoreConfig, camera_id: str) -> SeeingSense:
    """A camera whose pictures are asked for nothing but its health."""
    return SeeingSense(role_of(config, camera_id), make_eye(config, camera_id), None)


def role_of(config: StoreConfig, camera_id: str) -> Role:
    """What a camera is for. Raises BadInput for one that is not configured."""
    for camera in config.camera:
        if camera.id == camera_id:
            return camera.role
    raise BadInput(f"camera {camera_id}", "is not a [[camera]] of the configuration; add it or correct the name")


def _with_bodies(sense: PictureSense, config: StoreConfig, camera_id: str) -> PictureSense:
    """A gate camera with lines counts bodies as well."""
    if not any(line.camera == camera_id for line in config.line):
        return sense
    from vision.floor import FloorWatch
    from vision.gate_bodies import GateBodies

    return GateBodies(sense, FloorWatch.from_config(config, camera_id))


def describe(sense: PictureSense | None) -> str:
    """What a sense says of itself, for people; empty where it says nothing."""
    said = getattr(sense, "describe", None)
    return str(said()) if callable(said) else ""


def _corners(box: tuple[int, int, int, int] | None) -> list[tuple[int, int]]:
    if box is None:
        return []
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
