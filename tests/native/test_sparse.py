"""Products and transposes are those of scipy, and the same to the bit for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from textmill import _native


def matrix(n_rows: int, n_columns: int, density: float, seed: int) -> csr_array:
    rng = np.random.default_rng(seed)
    made = random_array((n_rows, n_columns), density=density, format="csr", dtype=np.float32, rng=rng)
    made.sort_indices()
    return csr_array((made.data, made.indices.astype(np.int32), made.indptr.astype(np.int32)), shape=made.shape)


def ours(made: csr_array) -> _native.SparseMatrix:
    return _native.SparseMatrix(made.data, made.indices, made.indptr, made.shape[1])


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 4), st.integers(0, 99))
def test_small_ones_agree_with_scipy(n_rows: int, n_columns: int, density: float, k: int, seed: int) -> None:
    made = matrix(n_rows, n_columns, density, seed)
    dense = np.random.default_rng(seed).standard_normal((n_columns, k))
    np.testing.assert_allclose(ours(made).multiply(dense, 1), made.astype(np.float64) @ dense, atol=1e-12)
    data, indices, indptr = ours(made).transposed(1)
    wanted = made.T.tocsr()
    wanted.sort_indices()
    np.testing.assert_array_equal(data, wanted.data)
    np.testing.assert_array_equal(indices, wanted.indices)
    np.testing.assert_array_equal(indptr, wanted.indptr)


@pytest.mark.parametrize("k", [1, 3])
def test_threads_change_nothing(k: int) -> None:
    made = matrix(20_000, 3_000, 0.006, 1)
    assert made.nnz > 5 * 64 * 1024
    dense = np.random.default_rng(2).standard_normal((3_000, k))
    once = ours(made).multiply(dense, 1)
    np.testing.assert_allclose(once, made.astype(np.float64) @ dense, atol=1e-10)
    for threads in (2, 5):
        assert ours(made).multiply(dense, threads).tobytes() == once.tobytes()
        for a, b in zip(ours(made).transposed(threads), ours(made).transposed(1), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_arrays_live_as_long_as_the_matrix() -> None:
    made = _native.SparseMatrix(
        np.full(1000, 2.0, np.float32), np.arange(1000, dtype=np.int32), np.array([0, 1000], np.int32), 1000
    )
    junk = [np.ones(1000, np.float32) for _ in range(50)]
    assert made.multiply(np.ones((1000, 1)), 1).tolist() == [[2000.0]]
    assert len(junk) == 50
