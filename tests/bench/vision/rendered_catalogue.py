"""The products of a rendered shop, enrolled as an installer does it: crops of the stocked shelf.

The pictures are of days (seeds) that no clip of the bench shows. Must not: look at a clip, or at what happens in one.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge import config
from edge.config import Models
from edge.simulation.play import simulate
from edge.simulation.rendering.visit_film import RenderedVisit
from tests.bench.vision.rendered_cases import Case, scenario_of
from vision.products.catalogue import Catalogue
from vision.products.embedding import open_embedder
from vision.products.naming import slot_crop
from vision.slots import slots_of

SEEDS = (900, 901, 902)


def catalogue(folder: Path, planogram: int) -> Path:
    """The folder of a shop's catalogue, made where it is not there yet (about a minute of CPU)."""
    store = Catalogue(folder / f"catalogue-{planogram}")
    embedder = open_embedder(Models())
    if (store.folder / f"classifier-{embedder.kind}.npz").is_file():
        return store.folder
    for seed in SEEDS:
        scenario = scenario_of(Case("one-take"), planogram)
        visit = RenderedVisit(scenario, seed, simulate(scenario, seed))
        shop = config.parse(visit.config_text, "store.toml", {})
        for camera, picture in visit.stills(0.5).items():
            bgr = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
            for slot in slots_of(shop, camera):
                if slot.sku is not None:
                    store.add(slot.sku, [np.ascontiguousarray(slot_crop(bgr, slot))])
    store.fit(embedder)
    return store.folder
