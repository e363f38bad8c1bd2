"""Rows of `make bench` for networks: opening by name and running through `Network`, beside bare onnxruntime.

Prints, asserts nothing. The weights are those of ../shared/models.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.conftest import ROOT
from vision.models import open_network, resolve

FOLDER = ROOT.parent / "shared" / "models"
NAMES = ("light_person", "mobilefacenet", "osnet_x0_25")
ROUNDS = 20

Paired = Callable[[Callable[[], object], Callable[[], object]], tuple[float, float, float]]


def rows(row: Callable[[str, str, str], None], paired: Paired) -> None:
    """One row for running and one for opening each network."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for name in NAMES:
        found = resolve(name, FOLDER)
        network = open_network(found)
        [form] = found.of("").file.inputs
        picture = np.zeros([side if isinstance(side, int) else 1 for side in form.shape], np.float32)
        bare = onnxruntime.InferenceSession(str(found.path), options, providers=["CPUExecutionProvider"])
        feed = {network.inputs[0]: picture}
        ours, peer, ratio = paired(
            lambda net=network, x=picture: [net.run(x) for _ in range(ROUNDS)],  # type: ignore[misc]
            lambda net=bare, x=feed: [net.run(None, x) for _ in range(ROUNDS)],  # type: ignore[misc]
        )
        text = f"{ratio:.3f} x bare onnxruntime ({1000 * peer / ROUNDS:.2f} ms), 1 thread"
        row(f"{name}, run", f"{1000 * ours / ROUNDS:.2f} ms", text)
        ours, peer, ratio = paired(
            lambda name=name: open_network(resolve(name, FOLDER)),  # type: ignore[misc]
            lambda path=found.path: onnxruntime.InferenceSession(  # type: ignore[misc]
                str(path), options, providers=["CPUExecutionProvider"]
            ),
        )
        row(f"{name}, open by name", f"{1000 * ours:.0f} ms", f"{ratio:.2f} x bare; with SHA-256 and form compared")
