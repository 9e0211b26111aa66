"""Our logistic regression on scikit-learn's contract. A leaf: it needs scikit-learn, and no room imports it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import thread_count
from textmill.errors import DataError, MissingExtra
from textmill.features.csr import Csr
from textmill.models.logistic import LogisticFit, fit_logistic, probabilities

try:
    from scipy.sparse import csr_array
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    raise MissingExtra("an estimator for scikit-learn", package="scikit-learn", extra="estimators") from error

__all__ = ["LogisticRegression"]


class LogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression with an L2 penalty, for sparse rows of text features.

    Parameters
    ----------
    C : inverse strength of the penalty, or "cv" to choose it by cross-validated log loss
    class_weight : "balanced", a dict of class -> weight, or None
    tol : the gradient's norm at the end, as a share of its norm at the start
    max_iter : steps at most
    random_state : seed of the folds of C="cv"
    n_jobs : threads; None for all processors. The result does not depend on it

    Attributes
    ----------
    classes_ : (n_classes,)
    coef_ : float64 (1, n_features) for two classes, else (n_classes, n_features)
    intercept_ : float64 (1,) or (n_classes,)
    n_iter_ : int (1,)

    Examples
    --------
    >>> from textmill.features import TfidfVectorizer
    >>> from textmill.models import LogisticRegression
    >>> X = TfidfVectorizer().fit_transform(["storm and flood", "calm sea", "flood again", "calm day"])
    >>> LogisticRegression().fit(X, ["bad", "good", "bad", "good"]).predict(X).tolist()
    ['bad', 'good', 'bad', 'good']
    """

    def __init__(
        self,
        C: float | Literal["cv"] = 1.0,
        *,
        class_weight: Literal["balanced"] | dict[Any, float] | None = None,
        tol: float = 1e-4,
        max_iter: int = 1000,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Learn the weights.

        Parameters
        ----------
        X : sparse or dense (n_texts, n_features)
        y : (n_texts,) class of each row
        sample_weight : (n_texts,) how much each row counts; ones if left out

        Raises
        ------
        LabelError : if there is one class only
        ConfigError : if C is not above 0
        ValueError : if X holds NaN or infinity, or X and y differ in length
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float32, np.float64])
        check_classification_targets(y)
        csr = _rows(X)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if self.class_weight == "balanced":  # by what the rows count, as scikit-learn since 1.8
            counts = np.bincount(codes, weights)
            class_weights = weights.sum() / (len(counts) * counts)
        else:
            class_weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        fit: LogisticFit = fit_logistic(
            csr,
            codes.astype(np.int64),
            len(self.classes_),
            C=self.C,
            sample_weights=weights * class_weights[codes],
            tol=self.tol,
            max_iter=self.max_iter,
            seed=self.random_state,
            threads=thread_count(self.n_jobs),
        )
        self.coef_ = np.ascontiguousarray(fit.weights.T)
        self.intercept_ = fit.bias
        self.C_ = fit.C
        self.n_iter_ = np.array([fit.iterations])
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Outputs before sigmoid or softmax: (n_texts,) for two classes, else (n_texts, n_classes)."""
        z = self._outputs(X)
        return z[:, 0] if z.shape[1] == 1 else z

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, float64 (n_texts, n_classes)."""
        p = probabilities(self._outputs(X))
        return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float32, np.float64], reset=False)
        weights = np.ascontiguousarray(self.coef_.T)
        return _native.SparseMatrix(*_rows(X)).multiply(weights, thread_count(self.n_jobs)) + self.intercept_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _rows(X: Any) -> Csr:
    made = csr_array(X)
    if made.nnz >= 2**31:
        raise DataError("X holds 2^31 entries or more", hint="Learn from fewer rows or fewer features at once.")
    made.sum_duplicates()
    return Csr(
        made.data.astype(np.float32, copy=False),
        made.indices.astype(np.int32, copy=False),
        made.indptr.astype(np.int32, copy=False),
        made.shape[1],
    )
