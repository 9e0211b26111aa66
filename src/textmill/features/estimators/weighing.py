"""TF-IDF weights of counts that somebody has already."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.feature_extraction import text as theirs
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from textmill import _native
from textmill.config import thread_count
from textmill.errors import DataError
from textmill.features.estimators.core import aligned

__all__ = ["TfidfTransformer", "require_one_tf", "textbook_constraints"]

_TF = {"raw": 0, "sublinear": 1, "relative": 2}
_NORM = {None: 0, "l1": 1, "l2": 2}
_MOST = int(np.iinfo(np.int32).max)

textbook_constraints: dict[str, list[Any]] = {
    "relative_tf": ["boolean"],
    "plain_idf": ["boolean"],
    "log_base": [Interval(Real, 1, None, closed="neither"), None],
    "n_jobs": [None, Integral],
}


def require_one_tf(estimator: Any) -> None:
    """Refuse settings that say two things about term frequencies.

    Raises
    ------
    DataError : if they do
    """
    if estimator.relative_tf and (estimator.sublinear_tf or getattr(estimator, "binary", False)):
        other = "sublinear_tf" if estimator.sublinear_tf else "binary"
        raise DataError(f"relative_tf and {other} exclude each other", hint="Leave one of them False.")


class TfidfTransformer(theirs.TfidfTransformer, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]
    """TF-IDF of a matrix of counts: scikit-learn's class, with the textbook's weights too.

    Parameters
    ----------
    norm, use_idf, smooth_idf, sublinear_tf : as in scikit-learn
    relative_tf : divide each count by the sum of its row
    plain_idf : weigh columns by the textbook's log(n / df), which is 0 for a column that every row has; `smooth_idf`
        is not looked at then
    log_base : base of the logarithm in the weights of columns, natural if None
    n_jobs : threads; None for all processors. The result does not depend on it

    Attributes
    ----------
    idf_ : float64 or float32 (n_features,), weights of the columns, if `use_idf`
    weighed_by_ : "core" for whole numbers, "scikit-learn" for numbers with fractions

    Examples
    --------
    The textbook's TF-IDF, worked example V4:

    >>> counts = [[1, 0, 2, 0, 3, 2], [1, 4, 2, 2, 0, 0]]
    >>> textbook = TfidfTransformer(norm=None, relative_tf=True, plain_idf=True, log_base=10)
    >>> textbook.fit_transform(counts).toarray().round(4).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.1129, 0.0753], [0.0, 0.1338, 0.0, 0.0669, 0.0, 0.0]]
    """

    def __init__(
        self,
        *,
        norm: Literal["l1", "l2"] | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        relative_tf: bool = False,
        plain_idf: bool = False,
        log_base: float | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(norm=norm, use_idf=use_idf, smooth_idf=smooth_idf, sublinear_tf=sublinear_tf)
        self.relative_tf = relative_tf
        self.plain_idf = plain_idf
        self.log_base = log_base
        self.n_jobs = n_jobs

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 - scikit-learn's way
        **theirs.TfidfTransformer._parameter_constraints,
        **textbook_constraints,
    }

    def fit(self, X: Any, y: Any = None) -> TfidfTransformer:
        """Learn the weights of the columns.

        Parameters
        ----------
        X : counts (n_texts, n_features), sparse or dense
        y : ignored

        Raises
        ------
        ValueError : in scikit-learn's words, or as DataError
        """
        require_one_tf(self)
        super().fit(X, y)
        if not self.use_idf or not (self.plain_idf or self.log_base is not None):
            return self
        if self.plain_idf and self.smooth_idf:
            self.idf_ = theirs.TfidfTransformer(smooth_idf=False).fit(X).idf_
        self.idf_ -= 1
        if self.log_base is not None:
            self.idf_ /= np.log(self.log_base).astype(self.idf_.dtype)
        if not self.plain_idf:
            self.idf_ += 1
        return self

    def transform(self, X: Any, copy: bool = True) -> Any:
        """Weigh counts.

        Parameters
        ----------
        X : counts (n_texts, n_features), sparse or dense
        copy : whether `X` must stay as it is

        Returns
        -------
        sparse matrix (n_texts, n_features), float32 where `X` is, else float64

        Raises
        ------
        sklearn.exceptions.NotFittedError : before `fit`
        ValueError : in scikit-learn's words
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)
        counts = _whole_counts(X) if issparse(X) else None
        self.weighed_by_ = "scikit-learn" if counts is None else "core"
        if counts is not None:
            return aligned(self._weighed(counts, X, copy))
        if self.relative_tf:
            X = _relative(X)
        return super().transform(X, copy=copy)

    def _weighed(self, counts: NDArray[np.int32], X: Any, copy: bool) -> csr_array:
        weights = np.empty(len(counts), np.float64)
        # scikit-learn's copy has its own places: sorting one matrix in place must not mix up the other
        indices, indptr = (part.astype(np.int32, copy=copy) for part in (X.indices, X.indptr))
        if self.relative_tf:
            sums = np.asarray(X.sum(axis=1)).ravel()
            if sums.max(initial=0) > _MOST:
                raise DataError("the counts of a row add up to 2^31 or more")
            lengths = sums.astype(np.int32)
        else:
            lengths = np.zeros(len(indptr) - 1, np.int32)
        _native.weigh(
            counts,
            indices,
            indptr,
            lengths,
            np.ascontiguousarray(self.idf_, np.float64) if hasattr(self, "idf_") else None,
            _TF["relative" if self.relative_tf else "sublinear" if self.sublinear_tf else "raw"],
            _NORM[self.norm],
            1,
            1,
            thread_count(self.n_jobs),
            weights,
        )
        return csr_array((weights, indices, indptr), shape=X.shape)


def _whole_counts(X: Any) -> NDArray[np.int32] | None:
    """The counts of a sparse matrix where the core can weigh them: positive whole numbers, at places below 2^31."""
    if X.data.dtype.kind not in "iu" or X.nnz != len(X.data) or X.nnz > _MOST or X.shape[1] > _MOST:
        return None
    if X.nnz and not (X.data.min() >= 1 and X.data.max() <= _MOST):
        return None
    return np.ascontiguousarray(X.data, np.int32)


def _relative(X: Any) -> csr_array:
    """Shares of the rows' sums; a row of zeros stays one."""
    made = csr_array(X, dtype=X.dtype if X.dtype in (np.float64, np.float32) else np.float64, copy=True)
    sums = np.asarray(made.sum(axis=1)).ravel()
    sums[sums == 0] = 1
    made.data /= np.repeat(sums, np.diff(made.indptr)).astype(made.dtype)
    return made
