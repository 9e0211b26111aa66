"""Which settings of scikit-learn's vectorisers the core serves, and how it is told of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array
from sklearn import get_config
from sklearn.feature_extraction import text as theirs

from textmill.config import TextConfig
from textmill.errors import DataError
from textmill.features.csr import Csr, sparse_like
from textmill.features.stream import batches_of
from textmill.text.buffers import TextBuffers, decode_types, text_buffers

__all__ = ["WORDS", "CoreWords", "aligned", "matrix_of"]

WORDS = r"(?u)\b\w\w+\b"
_AT_ONCE = 4096  # documents of an iterator that are held as texts at the same time
# what a class of one's own may have changed
_ANALYSIS = ("build_analyzer", "build_preprocessor", "_char_ngrams", "_char_wb_ngrams")


class CoreWords:
    """What our vectorisers have in common. The attributes it reads are scikit-learn's parameters."""

    def _core_counts(self: Any) -> bool:
        low, high = self.ngram_range
        served = (
            (self._core_words() if self.analyzer == "word" else self._core_chars())
            and isinstance(low, Integral)
            and isinstance(high, Integral)
            and 1 <= int(low) <= int(high) <= (8 if self.analyzer == "word" else 32)
            and all(getattr(type(self), name) is getattr(theirs.CountVectorizer, name) for name in _ANALYSIS)
        )
        if not served and (tuple(self.clean) or self.map != "none"):
            raise DataError("clean and map are the core's", hint="Leave analyzer, tokenizer and the like as they are.")
        return served

    def _core_words(self: Any) -> bool:
        return self.tokenizer is self.preprocessor is self.strip_accents is None and self.token_pattern == WORDS

    def _core_chars(self: Any) -> bool:
        return self.analyzer in ("char", "char_wb") and self.map == "none" and getattr(self, "vocabulary", None) is None

    def _text_settings(self: Any) -> TextConfig:
        clean = tuple(self.clean)
        case: Literal["lower", "keep"] = "lower" if self.lowercase else "keep"
        if self.analyzer != "word":
            case = "keep" if self._prepares() else case
            return TextConfig(clean=clean, case=case, tokens="whitespace", map="none")
        stop_words = self.get_stop_words()
        return TextConfig(
            clean=clean,
            case=case,
            stop_words=tuple(sorted(stop_words)) if stop_words else "none",
            keep_negations=False,  # scikit-learn's lists are taken as they stand
            map=self.map,
        )

    def transform_batches(self: Any, batches: Any) -> Iterator[Any]:
        """The matrix of one batch after the other, each as `transform` gives it.

        Parameters
        ----------
        batches : batches of documents: a list, an iterator, a `Corpus`, or a function that gives an iterator

        Raises
        ------
        ValueError : as `transform`; a document that is no text is named by its number among all of them
        """
        before = 0
        for batch in batches if isinstance(batches, Iterator) else batches_of(batches)():
            if not self._by_core():
                yield self.transform(batch)
                continue
            self._refuse_one_text(batch)
            texts = text_buffers(self._texts(batch), before)
            before += texts.n_texts
            yield self._batch(texts)

    def _by_core(self) -> bool:
        return "features_" in self.__dict__

    def _batch(self: Any, texts: TextBuffers) -> Any:
        return self.transform(texts)

    def _texts_once(self: Any, raw_documents: Any) -> Any:
        """The texts for those who need each only once: of an iterator, or of files, never all at the same time."""
        if not isinstance(raw_documents, Iterator) and self.input == "content":
            return self._texts(raw_documents)
        documents, ready = iter(raw_documents), self._ready()
        return iter(lambda: [ready(document) for document in itertools.islice(documents, _AT_ONCE)], [])

    def _texts(self: Any, raw_documents: Any) -> Any:
        prepares = self._prepares()
        if type(raw_documents) is list:  # first, as it is for a single text that every microsecond counts
            if not prepares and self.input == "content" and set(map(type, raw_documents)) == {str}:
                return raw_documents
        elif isinstance(raw_documents, TextBuffers):
            return raw_documents
        elif hasattr(raw_documents, "__arrow_c_stream__") or hasattr(raw_documents, "__arrow_c_array__"):
            if not prepares:
                return raw_documents
            raw_documents = decode_types(*text_buffers(raw_documents))
        ready = self._ready()
        return [ready(document) for document in raw_documents]

    def _prepares(self: Any) -> bool:
        """Whether scikit-learn's preprocessor runs on each text, and gives it its case."""
        return self.preprocessor is not None or bool(self.strip_accents)

    def _ready(self: Any) -> Callable[[Any], str]:
        """What makes a text of a document."""
        if not self._prepares():
            decode: Callable[[Any], str] = self.decode
            return decode
        prepared = self.build_preprocessor()
        return lambda document: prepared(self.decode(document))

    def _refuse_one_text(self: Any, raw_documents: Any) -> None:
        if isinstance(raw_documents, str):
            raise ValueError("Iterable over raw text documents expected, string object received.")


def aligned(matrix: csr_array) -> Any:
    """An array or a matrix, as this version of scikit-learn gives."""
    align: Callable[[csr_array], Any] | None = getattr(theirs, "_align_api_if_sparse", None)
    if align is None:
        from scipy.sparse import csr_matrix

        return csr_matrix(matrix)
    return align(matrix)


_models: dict[object, Any] = {}  # by scikit-learn's setting: a matrix of the class it asks for


def matrix_of(csr: Csr) -> Any:
    """`aligned` of a csr_array of these arrays, whose columns ascend in each row."""
    interface = get_config().get("sparse_interface")
    model = _models.get(interface)
    if model is None:
        model = aligned(csr_array(np.zeros((1, 1), np.float32)))
        model.has_canonical_format = True
        _models[interface] = model
    return sparse_like(model, csr)
