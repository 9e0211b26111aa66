"""A sparse matrix as plain arrays, so that one text at a time costs no more than its words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Csr", "sparse_like"]

_KEPT = {"data", "indices", "indptr", "_shape", "_has_canonical_format", "_has_sorted_indices"}


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

    def take(self, rows: NDArray[np.int64]) -> Csr:
        """Some of the rows, by number.

        Examples
        --------
        >>> some = Csr(np.ones(3, np.float32), np.array([1, 0, 1], np.int32), np.array([0, 1, 3], np.int32), 2)
        >>> some.take(np.array([1])).indices.tolist()
        [0, 1]
        """
        starts, ends = self.indptr[rows].astype(np.int64), self.indptr[rows + 1].astype(np.int64)
        lengths = ends - starts
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(lengths, out=indptr[1:])
        places = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Csr(self.data[places], self.indices[places], indptr, self.n_columns)

    def to_scipy(self) -> csr_array:
        """The same arrays as a `scipy.sparse.csr_array`."""
        from scipy.sparse import csr_array

        made: csr_array = sparse_like(_empty(csr_array), self)
        return made


@cache
def _empty(kind: type) -> Any:
    """A matrix with ascending columns in each row, to make others of the same class from."""
    made = kind((1, 1), dtype=np.float32)
    made.has_canonical_format = True
    return made


def sparse_like(model: Any, csr: Csr) -> Any:
    """A sparse matrix of the class of `model`, which has int32 places and whatever else scipy keeps of a matrix.

    scipy's constructors look at every array in several ways, which takes longer than to count the words of a tweet.
    """
    shape = (len(csr.indptr) - 1, csr.n_columns)
    kept = model.__dict__
    if not kept.keys() >= _KEPT:  # another scipy
        made = type(model)((csr.data, csr.indices, csr.indptr), shape=shape)
        made.has_canonical_format = True
        return made
    made = object.__new__(type(model))
    made.__dict__.update(kept, data=csr.data, indices=csr.indices, indptr=csr.indptr, _shape=shape)
    return made
