"""The one table of what each feature needs and what happens without it. `muin doctor` and vision/README.md print it.

Must not: load a network. A sense that falls back does what stands here, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.config import Models
from vision.models.places import ModelAbsent, ModelBad, resolve


@dataclass(frozen=True)
class Feature:
    """`choices` are tried in order; each is the set of models that it needs together.

    `otherwise` is what happens where none can be used. `user` is the file whose code asks for the models; empty where
    no sense uses them yet, and then `otherwise` is what always happens.
    """

    name: str
    role: str
    adds: str
    choices: tuple[tuple[str, ...], ...]
    otherwise: str
    user: str = ""


FEATURES: Final = (
    Feature(
        "people",
        "floor",
        "people by a network, standing still as well; the first of the two that can be used",
        (("yolox_nano",), ("light_person",)),
        "blobs before the empty floor: people count as long as they sway, and a trolley that moves counts too",
        "vision/people.py",
    ),
    Feature(
        "same person again",
        "floor",
        "a second cue to who is who after people hid one another",
        (("osnet_x0_25",), ("person_reid_0248",)),
        "place and movement alone tell who is who; whoever was long out of sight gets a new track",
        "vision/looks.py",
    ),
    Feature(
        "wrists",
        "floor",
        "the hands of people whom a floor camera sees",
        (("movenet_lightning_int8",),),
        "a reach is judged by where the body stands",
    ),
    Feature(
        "hands",
        "shelf",
        "a hand in a slot, with the forearm it belongs to",
        (("mediapipe_hands",),),
        "slots are judged by what changed in them; whose hand it was is judged by who stood there",
        "vision/hands.py",
    ),
    Feature(
        "products",
        "shelf",
        "the name of what was taken or put, once products are enrolled and [products] folder is set",
        (("efficientnet_lite0", "efficientnet_lite2"), ("efficientnet_lite0_feat",)),
        "colour and texture, much less exact; an unclear crop stays without a name",
        "vision/products/embedding.py",
    ),
    Feature(
        "text on packs",
        "shelf",
        "a second opinion on a product, off the hot path (`muin products identify --second-opinion`)",
        (("ppocr_v4",),),
        "labels are not read, bar codes are",
        "vision/products/second_opinion.py",
    ),
    Feature(
        "faces",
        "gate",
        'faces by templates of dlib (faces.engine = "dlib", or "auto" without the next row)',
        (("dlib_faces",),),
        "codes and cards alone open the gate; the camera reports itself degraded",
        "vision/faces/dlib_engine.py",
    ),
    Feature(
        "quick faces",
        "gate",
        'faces by onnxruntime (faces.engine = "onnx" or "auto")',
        (("yunet", "mobilefacenet"),),
        '"auto" takes dlib (shoppers enrolled with the other engine enrol again); "onnx" leaves codes and cards alone',
        "vision/faces/onnx_engine.py",
    ),
    Feature(
        "turned faces",
        "gate",
        "faces found faster for the dlib engine, and turned ones",
        (("mediapipe_face_detection",),),
        "dlib's HOG detector finds them: slower, upright and leaning faces only",
        "vision/faces/blazeface.py",
    ),
    Feature(
        "liveness",
        "gate",
        "evidence whether a face is live",
        (("minifasnet",),),
        'no evidence: a photograph passes for a face; faces.liveness = "refuse" leaves codes and cards alone',
        "vision/faces/liveness.py",
    ),
)


def of_roles(roles: set[str]) -> list[Feature]:
    """The features that cameras of these roles can have."""
    return [feature for feature in FEATURES if feature.role in roles]


def state_of(feature: Feature, models: Models) -> dict[str, Any]:
    """A row for people: `in_use` names the models that the feature gets, `problems` those files that cannot be used."""
    problems: list[str] = []
    in_use: Sequence[str] | None = None
    for choice in feature.choices:
        try:
            for name in choice:
                resolve(name, models)
        except ModelAbsent:
            continue
        except ModelBad as error:
            problems.append(str(error))
            continue
        in_use = choice
        break
    return {
        "feature": feature.name,
        "role": feature.role,
        "models": [list(choice) for choice in feature.choices],
        "present": in_use is not None,
        "in_use": list(in_use) if in_use is not None and feature.user else None,
        "adds": feature.adds,
        "else": feature.otherwise,
        "problems": problems,
        "used": bool(feature.user),
    }


def as_markdown() -> list[str]:
    """The table as it stands in vision/README.md."""
    rows = ["| feature | camera | models, best first | with it | without |", "|---|---|---|---|---|"]
    for item in FEATURES:
        models = "; else ".join(" + ".join(f"`{name}`" for name in choice) for choice in item.choices)
        adds = item.adds if item.user else f"{item.adds} (no sense uses it yet)"
        rows.append(f"| {item.name} | {item.role} | {models} | {adds} | {item.otherwise} |")
    return rows
