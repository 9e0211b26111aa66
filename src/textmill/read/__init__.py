"""Rows in: sources are opened, checked, kept as a `Corpus` and split.

A source is a CSV, JSON Lines, Parquet or Arrow file, a folder of texts, a glob of several files, or an object in
memory. It streams in bounded memory; rows that cannot be used are set aside with their number and the reason.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textmill.read.catalogue import CATALOGUE, DataSet, get
    from textmill.read.corpus import Corpus
    from textmill.read.mill_file import mill_toml
    from textmill.read.proposal import Proposal, propose
    from textmill.read.reading import read_corpus, stream_rows
    from textmill.read.reject import Rejected, RejectedFile
    from textmill.read.sinks import Sink, open_sink
    from textmill.read.split import Split, split_corpus

__all__ = [
    "CATALOGUE",
    "Corpus",
    "DataSet",
    "Proposal",
    "Rejected",
    "RejectedFile",
    "Sink",
    "Split",
    "get",
    "mill_toml",
    "open_sink",
    "propose",
    "read_corpus",
    "split_corpus",
    "stream_rows",
]

_FILE = {
    "CATALOGUE": "catalogue",
    "Corpus": "corpus",
    "DataSet": "catalogue",
    "Proposal": "proposal",
    "Rejected": "reject",
    "RejectedFile": "reject",
    "Sink": "sinks",
    "Split": "split",
    "get": "catalogue",
    "mill_toml": "mill_file",
    "open_sink": "sinks",
    "propose": "proposal",
    "read_corpus": "reading",
    "split_corpus": "split",
    "stream_rows": "reading",
}


def __getattr__(name: str) -> object:
    if name in _FILE:
        return getattr(import_module(f"textmill.read.{_FILE[name]}"), name)
    raise AttributeError(f"module 'textmill.read' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
