"""The right sense for a camera's role. Must not: know how a sense works, or load what another role needs."""

from __future__ import annotations

from typing import Any

from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.ports import PictureSense


def make_sense(
    config: StoreConfig, camera_id: str, gallery: dict[str, Any] | None = None, origin_wall_ns: int | None = None
) -> PictureSense:
    """Sense of one camera. Raises BadInput for a camera that is not configured, or for unusable model files.

    `gallery` and `origin_wall_ns` are what a gate's sense knows people and days by; other roles ignore them.
    """
    role = next((camera.role for camera in config.camera if camera.id == camera_id), None)
    if role == "shelf":
        from vision.slots import SlotWatch

        return SlotWatch.from_config(config, camera_id)
    if role == "floor":
        from vision.floor import FloorWatch

        return FloorWatch.from_config(config, camera_id)
    if role == "gate":
        from vision.gate import GateWatch

        sense: PictureSense = GateWatch.from_config(config, camera_id, gallery, origin_wall_ns)
        return _with_bodies(sense, config, camera_id)
    raise BadInput(f"camera {camera_id}", "is not a [[camera]] of the configuration; add it or correct the name")


def _with_bodies(sense: PictureSense, config: StoreConfig, camera_id: str) -> PictureSense:
    """A gate camera with lines counts bodies as well."""
    if not any(line.camera == camera_id for line in config.line):
        return sense
    from vision.floor import FloorWatch
    from vision.gate_bodies import GateBodies

    return GateBodies(sense, FloorWatch.from_config(config, camera_id))


def describe(sense: PictureSense) -> str:
    """What a sense says of itself, for people; empty where it says nothing."""
    said = getattr(sense, "describe", None)
    return str(said()) if callable(said) else ""
