"""Maps: latents to places in the plane and back, each inverse with its error.

================  ==========================================  =========================
`METHODS`         class                                       new latents are placed by
================  ==========================================  =========================
``"pca"``         `PCA`                                       its formula
``"kernel-pca"``  `KernelPCA`                                 its formula
``"tsne"``        `TSNE`                                      their nearest items
``"umap"``        `UMAP`                                      their nearest items
``"pacmap"``      `PaCMAP`                                    their nearest items
``"parametric"``  `Parametric`                                its network
================  ==========================================  =========================

All have ``fit``, ``transform``, ``inverse_transform(points, report=True)`` and ``save``; `load`
reads what was saved.
"""

from typing import Any

from zalgebra.estimators.maps.base import LatentMap, load
from zalgebra.estimators.maps.embeddings import TSNE, UMAP, PaCMAP
from zalgebra.estimators.maps.linear import PCA, KernelPCA
from zalgebra.estimators.maps.parametric import Parametric
from zalgebra.estimators.maps.report import MapInverse

METHODS: dict[str, Any] = LatentMap.kinds

__all__ = [
    "METHODS",
    "PCA",
    "TSNE",
    "UMAP",
    "KernelPCA",
    "LatentMap",
    "MapInverse",
    "PaCMAP",
    "Parametric",
    "load",
]
