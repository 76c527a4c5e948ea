"""Connected components at county scale: which things hang together by any chain of links."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def components(nodes: int, left: npt.ArrayLike, right: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """For nodes 0 to n-1 the smallest node of their component, whatever the order of the edges."""
    left, right = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
    _, label = connected_components(edges, directed=False)
    smallest = np.full(label.max(initial=-1) + 1, nodes, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(nodes))
    return np.asarray(smallest[label], dtype=np.int64)
