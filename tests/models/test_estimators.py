"""Our logistic regression as scikit-learn's users hold it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as TheirRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from textmill.errors import ConfigError
from textmill.features import TfidfVectorizer
from textmill.models import LogisticRegression, TextClassifier

TEXTS = ["storm and flood", "calm sea", "flood again", "calm day", "a storm at sea", "sunny day"] * 4
LABELS = ["bad", "good"] * 12


@pytest.mark.slow
def test_it_keeps_the_contract_of_an_estimator() -> None:
    from sklearn.utils.estimator_checks import check_estimator  # here, as it takes seconds to load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks that are skipped
        found = check_estimator(LogisticRegression(n_jobs=1), on_fail=None)
    assert [check["check_name"] for check in found if check["status"] == "failed"] == []


@pytest.mark.parametrize("class_weight", [None, "balanced", {"bad": 3.0}])
def test_weights_of_rows_and_classes_count_as_in_scikit_learn(class_weight: object) -> None:
    X = TfidfVectorizer().fit_transform(TEXTS)
    weights = np.linspace(0.1, 2, len(TEXTS))
    labels = ["bad", "bad", "good"] * 8
    ours = LogisticRegression(C=2.0, class_weight=class_weight, tol=1e-10).fit(X, labels, sample_weight=weights)
    theirs = TheirRegression(C=2.0, class_weight=class_weight, tol=1e-10, max_iter=5000)
    theirs.fit(X, labels, sample_weight=weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_a_row_that_counts_twice_is_a_row_that_is_there_twice() -> None:
    X = TfidfVectorizer().fit_transform(TEXTS).toarray()
    weights = np.ones(len(TEXTS))
    weights[0] = 2
    once = LogisticRegression(tol=1e-10).fit(X, LABELS, sample_weight=weights)
    twice = LogisticRegression(tol=1e-10).fit(np.vstack([X, X[:1]]), [*LABELS, LABELS[0]])
    np.testing.assert_allclose(once.coef_, twice.coef_, atol=1e-6)


@pytest.mark.parametrize("C", [0, -1, float("nan"), float("inf")])
def test_a_strength_that_is_none_is_refused(C: float) -> None:
    with pytest.raises(ConfigError, match="C: wanted a number above 0, or 'cv'"):
        LogisticRegression(C=C).fit([[1.0], [0.0]], ["a", "b"])


@pytest.mark.slow
def test_a_grid_search_over_the_whole_pipeline_runs_in_processes() -> None:
    grid = {"tfidfvectorizer__ngram_range": [(1, 1), (1, 2)], "logisticregression__C": [0.1, 10.0]}
    search = GridSearchCV(make_pipeline(TfidfVectorizer(), LogisticRegression()), grid, cv=2, n_jobs=2)
    search.fit(TEXTS, LABELS)
    assert search.best_score_ > 0.5
    assert search.predict(["flood"]).tolist()


def test_a_model_is_saved_and_loaded_by_a_path_in_text(tmp_path: Path) -> None:
    model = TextClassifier.fit(TEXTS, LABELS)
    model.save(str(tmp_path / "model"))
    loaded = TextClassifier.load(str(tmp_path / "model"))
    assert np.array_equal(loaded.predict(TEXTS).scores, model.predict(TEXTS).scores)
