"""The same text classifier as a scikit-learn pipeline, in two makes.

plain : scikit-learn's own words, in lower case; no cleaning and no stems, so less work than textmill's defaults
same  : textmill's defaults as people write them for scikit-learn: regular expressions before, PyStemmer behind
"""

import html
import re
from typing import Any

import Stemmer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

COMMENT_OR_SCRIPT = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1[^>]*>", re.S | re.I)
BREAK = re.compile(r"</?(?:br|p|div|li|tr|td|th|h[1-6]|ul|ol|table|hr|blockquote)\b[^<>]*>", re.I)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
LINK = re.compile(r"(?:https?://|www\.)\S+", re.I)
WORD = re.compile(r"(?u)\b\w\w+\b")


def clean(text: str) -> str:
    text = html.unescape(TAG.sub("", BREAK.sub("\n", COMMENT_OR_SCRIPT.sub("\n", text))))
    return LINK.sub(" ", text).lower()


def stems(text: str) -> list[str]:
    return Stemmer.Stemmer("english").stemWords(WORD.findall(text))


def pipeline(make: str) -> Any:
    own = {"preprocessor": clean, "tokenizer": stems, "token_pattern": None} if make == "same" else {}
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, **own),
        LogisticRegression(C=5.0, max_iter=1000),
    )
