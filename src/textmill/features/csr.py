"""A sparse matrix as plain arrays, so that one text at a time costs no more than its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Csr"]


class Csr(NamedTuple):
    """A sparse matrix with ascending columns in each row, as `scipy.sparse.csr_array` lays it out.

    Attributes
    ----------
    data : float32 or float64 (nnz,)
    indices : int32 (nnz,)
    indptr : int32 (n_rows + 1,)
    n_columns : width
    """

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    n_columns: int

    def to_scipy(self) -> csr_array:
        """The same arrays as a `scipy.sparse.csr_array`."""
        from scipy.sparse import csr_array

        made = csr_array((self.data, self.indices, self.indptr), shape=(len(self.indptr) - 1, self.n_columns))
        made.has_canonical_format = True
        return made
