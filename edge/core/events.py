"""Everything that can come in: facts that sensors, doors, the hub and people report.

One frozen, tagged struct per kind of fact and one union, `Event`. New fields need defaults, types never
change, a removed kind keeps its name. Must not: decide anything, hold floats that decide a bill, or know
where a fact came from beyond the name of its source.

Units: `_ns` nanoseconds of the run's monotonic time line, `_mm` millimetres in shop coordinates, `_mg`
milligrams, `_px` pixels of the named camera, `_ppm` parts per million.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

PointMm: TypeAlias = tuple[int, int, int]


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every event carries. `seq` and `received_ns` are stamped by the inbox, never by a sensor."""

    captured_ns: int
    source: str
    seq: int = 0
    received_ns: int = 0


class RunStarted(Base, frozen=True, kw_only=True, tag=True):
    """First event of a run, and of each restart inside it.

    `resumed` is true after a crash: `down_from_ns` is the last moment the dead process is known to have
    lived, so facts between it and `captured_ns` were not seen by anybody. `wall_ns` is the wall clock at
    `captured_ns` (for people only).
    """

    run_id: str
    wall_ns: int = 0
    resumed: bool = False
    down_from_ns: int = 0


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tracked body. `place_mm` is (x, y) on the floor, None where the camera is not calibrated.

    `look` describes clothes and build as signed bytes, now and then, where several cameras have to agree on who is who.
    `corrected`: the track was another body's a moment ago, and its look says that this one is right.
    """

    track: str
    place_mm: tuple[int, int] | None = None
    head_mm: PointMm | None = None
    hands_mm: tuple[PointMm, ...] = ()
    box_px: tuple[int, int, int, int] | None = None
    look: bytes = b""
    corrected: bool = False


class TracksSeen(Base, frozen=True, kw_only=True, tag=True):
    """One tracker frame: everybody visible at `captured_ns`. An empty tuple says the tracker sees nobody."""

    people: tuple[Person, ...] = ()


class LineCrossed(Base, frozen=True, kw_only=True, tag=True):
    """A track crossed a configured line of a floor camera."""

    line: str
    track: str
    direction: Literal["in", "out"]


class FaceLook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a face decision rests on, measured by the gate camera.

    `width_px`, `sharpness`, `light`, `clipped_pct` and `turn_deg` are the measures of the quality gate
    (vision.faces.quality). `limit_ppm` is the closeness that was demanded among `gallery` templates, `narrowed_by`
    how these were chosen ("" = everybody enrolled). `liveness_ppm` is 0 for a picture of a face and 1,000,000 for a
    living one in the eyes of two networks; None = not measured. It is evidence, not proof.
    """

    width_px: int = 0
    sharpness: int = 0
    light: int = 0
    clipped_pct: int = 0
    turn_deg: int = 0
    limit_ppm: int = 0
    gallery: int = 0
    narrowed_by: Literal["", "digits", "code"] = ""
    liveness_ppm: int | None = None


class CredentialShown(Base, frozen=True, kw_only=True, tag=True):
    """Somebody showed a face, a code or a card at a gate.

    `shopper` is None when nobody was recognised; `reason` then says why ("unknown", "no-consent", "ambiguous",
    "needs-claim", "bad-code", "expired", or what the quality gate refused: "small", "blurred", "turned", "dark",
    "bright"). `score_ppm` is the closeness the decision used (larger = closer), `look` what a face was judged by.
    """

    gate: str
    method: Literal["face", "qr", "card"]
    shopper: str | None
    score_ppm: int = 0
    reason: str = ""
    look: FaceLook | None = None


class ClaimMade(Base, frozen=True, kw_only=True, tag=True):
    """Somebody at a gate said who they are, by a member's code or the last digits of a phone: no way in by itself.

    The next face at this gate is compared with `candidates` shoppers only, until `until_ns`. Who they are is not told.
    """

    gate: str
    by: Literal["digits", "code"]
    candidates: int
    until_ns: int


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Where a plate stood still for a moment on the way, `delta_mg` from the old level. Beyond both levels: one pack
    may have come and another one gone, or a hand pressed; between them: two packs may have gone one after the other.
    When it came there and went from there: (began, ended)."""

    delta_mg: int
    came_ns: tuple[int, int]
    went_ns: tuple[int, int]


class WeightStep(Base, frozen=True, kw_only=True, tag=True):
    """A plate's weight moved from one quiet level to another. Negative = something was lifted off."""

    plate: str
    delta_mg: int
    level_mg: int
    began_ns: int
    ended_ns: int
    noise_mg: int = 0
    rest: Rest | None = None


class PlateSteady(Base, frozen=True, kw_only=True, tag=True):
    """The quiet level of a plate: reported once after (re)start and then rarely, so that drift is followed."""

    plate: str
    level_mg: int
    noise_mg: int = 0


class ShelfChanged(Base, frozen=True, kw_only=True, tag=True):
    """A slot seen by a shelf camera differs from before. `began_ns`..`ended_ns` is when it was not visible."""

    camera: str
    slot: str
    change: Literal["take", "put"]
    began_ns: int
    ended_ns: int
    quantity: int = 1
    confidence_ppm: int = 900_000
    sku: str | None = None


class ShelfReached(Base, frozen=True, kw_only=True, tag=True):
    """A hand or body was in front of a slot; by itself it sells nothing.

    `by` = "hand" where a hand was found in the slot, or a forearm that points into it; `track` is whose, if known.
    """

    camera: str
    slot: str
    began_ns: int
    ended_ns: int
    by: Literal["body", "hand"] = "body"
    track: str | None = None


class TagRead(Base, frozen=True, kw_only=True, tag=True):
    """One read of an RFID tag. `source` is the reader; `epc` is upper-case hex."""

    reader: str
    antenna: int
    epc: str
    rssi_cdbm: int = 0


class DoorChanged(Base, frozen=True, kw_only=True, tag=True):
    """What a door's board reports about its outputs and contact."""

    door: str
    entry: Literal["locked", "released", "unknown"]
    egress: Literal["locked", "released", "unknown"]
    contact: Literal["open", "closed", "unknown"] = "unknown"
    safe: bool = False


class GrantAnswered(Base, frozen=True, kw_only=True, tag=True):
    """The door or turnstile answered a GrantPassage command (same `request`)."""

    gate: str
    request: str
    ok: bool
    reason: str = ""


class PassageCounted(Base, frozen=True, kw_only=True, tag=True):
    """A door beam or a turnstile counted a body; `total` is the device's own counter in that direction.

    `bodies`: a camera counted, which tells two people who pass together from one.
    """

    gate: str
    direction: Literal["in", "out"]
    total: int = 0
    bodies: bool = False


class HealthChanged(Base, frozen=True, kw_only=True, tag=True):
    """A device, worker or link changed its state. Reported on change only.

    `cause` is set where a camera's pictures say what is wrong with its eye ("covered", "moved", ...): each cause
    begins ("degraded") and ends ("ok") by itself; "view" with "ok" says that a view was learned and nothing is wrong.
    `since_ns` is the first moment at which it was so, as far as is known; 0 = `captured_ns`.
    """

    device: str
    state: Literal["ok", "lost", "stale", "degraded"]
    detail: str = ""
    cause: str = ""
    since_ns: int = 0


class InputRejected(Base, frozen=True, kw_only=True, tag=True):
    """Bytes or a message that are not ours or not well formed were dropped; nothing else changed."""

    device: str
    detail: str


class ChargeAnswered(Base, frozen=True, kw_only=True, tag=True):
    """The hub answered a charge. `unresolved` = nobody knows yet: asked about, never re-created."""

    charge: str
    state: Literal["confirmed", "declined", "unresolved"]
    reason: str = ""
    provider_ref: str = ""


class Tick(Base, frozen=True, kw_only=True, tag=True):
    """The shell says what time it is. Never recorded: a replay makes its own."""


Event: TypeAlias = (
    RunStarted
    | TracksSeen
    | LineCrossed
    | CredentialShown
    | ClaimMade
    | WeightStep
    | PlateSteady
    | ShelfChanged
    | ShelfReached
    | TagRead
    | DoorChanged
    | GrantAnswered
    | PassageCounted
    | HealthChanged
    | InputRejected
    | ChargeAnswered
    | Tick
)

KINDS: tuple[type[Base], ...] = (
    RunStarted,
    TracksSeen,
    LineCrossed,
    CredentialShown,
    ClaimMade,
    WeightStep,
    PlateSteady,
    ShelfChanged,
    ShelfReached,
    TagRead,
    DoorChanged,
    GrantAnswered,
    PassageCounted,
    HealthChanged,
    InputRejected,
    ChargeAnswered,
    Tick,
)
