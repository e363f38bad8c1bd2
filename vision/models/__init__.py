"""The networks that muin uses: what is known of each, where its file lies on this box, and whether it is the right one.

`resolve` is the one way from a name to files: everything that loads a network asks it. Must not: load a runtime or
touch the network when it is imported, or hand out a file that is neither the manifest's nor declared as the operator's.
"""

from vision.models.manifest import Model, all_models, model_named
from vision.models.network import Network, open_network
from vision.models.places import Found, ModelAbsent, ModelBad, resolve

__all__ = [
    "Found",
    "Model",
    "ModelAbsent",
    "ModelBad",
    "Network",
    "all_models",
    "model_named",
    "open_network",
    "resolve",
]
