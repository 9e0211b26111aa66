"""scikit-learn's vectorisers over our text path. A leaf: it needs scikit-learn, and no room imports it.

They are scikit-learn's own classes with one part exchanged. Where the settings describe what the core does (words of
the default pattern, stop words, n-grams of words), counting happens there; with an own analyzer, tokenizer or
preprocessor, another pattern, characters or a given vocabulary, scikit-learn's Python counts as it always did.
`counted_by_` says which it was.
"""

from textmill.errors import MissingExtra

try:
    import sklearn  # noqa: F401 - whether it is there
except ModuleNotFoundError as error:
    raise MissingExtra("an estimator for scikit-learn", package="scikit-learn", extra="estimators") from error

from textmill.features.estimators.counts import CountVectorizer
from textmill.features.estimators.hashing import HashingVectorizer
from textmill.features.estimators.tfidf import TfidfVectorizer
from textmill.features.estimators.weighing import TfidfTransformer

__all__ = ["CountVectorizer", "HashingVectorizer", "TfidfTransformer", "TfidfVectorizer"]
