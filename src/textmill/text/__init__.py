"""The text path: clean, case, split, drop, map. One frozen, hashed program for training and serving alike."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.text.buffers import TextBuffers, text_buffers
    from textmill.text.clean import (
        casefold,
        clean_text,
        drop_citations,
        drop_controls,
        drop_emails,
        drop_emoji,
        drop_hashtags,
        drop_headers,
        drop_mentions,
        drop_urls,
        fold_digits,
        fold_to_ascii,
        join_spaces,
        keep_hashtags,
        name_emoji,
        normalize,
        split_hashtags,
        strip_html,
    )
    from textmill.text.maps import TokenMap, token_map
    from textmill.text.path import StageResult, TextPath
    from textmill.text.pattern import PatternTokens
    from textmill.text.profiles import profile
    from textmill.text.sentences import Punkt, SentenceRules
    from textmill.text.subword import SubwordTokens
    from textmill.text.treebank import TreebankTokens
    from textmill.text.tweet import TweetTokens

__all__ = [
    "PatternTokens",
    "Punkt",
    "SentenceRules",
    "StageResult",
    "SubwordTokens",
    "TextBuffers",
    "TextPath",
    "TokenMap",
    "TreebankTokens",
    "TweetTokens",
    "casefold",
    "clean_text",
    "drop_citations",
    "drop_controls",
    "drop_emails",
    "drop_emoji",
    "drop_hashtags",
    "drop_headers",
    "drop_mentions",
    "drop_urls",
    "fold_digits",
    "fold_to_ascii",
    "join_spaces",
    "keep_hashtags",
    "name_emoji",
    "normalize",
    "profile",
    "split_hashtags",
    "strip_html",
    "text_buffers",
    "token_map",
]

_FILE = {
    "PatternTokens": "pattern",
    "Punkt": "sentences",
    "SentenceRules": "sentences",
    "StageResult": "path",
    "SubwordTokens": "subword",
    "TextBuffers": "buffers",
    "TextPath": "path",
    "TokenMap": "maps",
    "TreebankTokens": "treebank",
    "TweetTokens": "tweet",
    "casefold": "clean",
    "clean_text": "clean",
    "drop_citations": "clean",
    "drop_controls": "clean",
    "drop_emails": "clean",
    "drop_emoji": "clean",
    "drop_hashtags": "clean",
    "drop_headers": "clean",
    "drop_mentions": "clean",
    "drop_urls": "clean",
    "fold_digits": "clean",
    "fold_to_ascii": "clean",
    "join_spaces": "clean",
    "keep_hashtags": "clean",
    "name_emoji": "clean",
    "normalize": "clean",
    "profile": "profiles",
    "split_hashtags": "clean",
    "strip_html": "clean",
    "text_buffers": "buffers",
    "token_map": "maps",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.text.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.text' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
