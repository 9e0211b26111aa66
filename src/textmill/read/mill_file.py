"""A project file to start from: what was proposed, and the defaults that matter, each with a word on it."""

from __future__ import annotations

import json
from typing import Any

from textmill.config import (
    EvaluateConfig,
    FeaturesConfig,
    ModelConfig,
    ProjectConfig,
    ReadConfig,
    SplitConfig,
    TextConfig,
)
from textmill.read.proposal import Proposal

__all__ = ["mill_toml"]

# table, an object that holds its defaults, and the settings that are shown with what they may be
_TABLES: tuple[tuple[str, Any, tuple[tuple[str, str], ...]], ...] = (
    (
        "split",
        SplitConfig(),
        (
            ("test", "share of the rows the model never sees"),
            ("near_duplicates", 'texts that share most of their words: on one side; or "report", "allow"'),
        ),
    ),
    (
        "text",
        TextConfig(),
        (
            ("clean", 'what is cleaned away: "html", "urls", "mentions"'),
            ("case", 'or "keep"'),
            ("stop_words", '"none", "english" or a list; negations are kept unless keep_negations = false'),
            ("map", 'what becomes of each word: "none", "porter", "snowball-english", "lemma-en" ...'),
        ),
    ),
    (
        "features",
        FeaturesConfig(),
        (
            ("kind", '"tf-idf" or "counts"'),
            ("ngrams", "single words up to this many words in a row"),
            ("min_df", "fewest texts a word must be in; a share of them when it has a point"),
        ),
    ),
    (
        "model",
        ModelConfig(),
        (
            (
                "kind",
                'or "majority", "bag", and the networks "cnn", "lstm", "gru", "encoder", "pretrained", "sentence"',
            ),
            ("C", 'smaller holds the weights back more; "cv" chooses by cross-validation'),
            ("class_weight", '"none", or "balanced" when one class is rare'),
        ),
    ),
    (
        "evaluate",
        EvaluateConfig(),
        (("bootstrap", "resamples behind each interval"),),
    ),
)


def mill_toml(proposal: Proposal, name: str, source: str | None = None) -> str:
    """A commented project file for what was proposed.

    Parameters
    ----------
    name : of the project
    source : what to write as the source, such as its path seen from the project, instead of ``proposal.source``

    Examples
    --------
    >>> import tomllib
    >>> found = Proposal("a.csv", "csv", "tweet", "target", None, None, (), "utf-8", ",", 9, ("why",))
    >>> tomllib.loads(mill_toml(found, "demo"))["read"]["text"]
    'tweet'
    """
    parts = [
        "# A project of textmill. Run it with: textmill run FOLDER",
        _table("project", _project(proposal, name)),
        _read(proposal, source or proposal.source),
        *(_table(title, [(key, getattr(held, key), said) for key, said in shown]) for title, held, shown in _TABLES),
    ]
    metric = "f1_samples" if proposal.several else "f1"
    gate = f'# promote_if = "{metric} >= 0.75"   # below this no version is registered, and the exit code is 3\n'
    more = (
        "\n# There is more: [expect] says what the rows must be like, [decide] calibrates and sets thresholds,"
        "\n# [[candidate]] compares other models, [split] group, time and folds deal rows out in other ways."
        "\n# Networks want pip install 'textmill[networks]'; the page docs/guide/networks.md says which is for what.\n"
    )
    return "\n\n".join(parts) + "\n" + gate + more


def _project(proposal: Proposal, name: str) -> list[tuple[str, Any, str]]:
    task = [("task", "multi-label", "a text may have several labels, or none")] if proposal.several else []
    return [("name", name, ""), *task, ("seed", ProjectConfig(name="x").seed, "every draw comes from it")]


def _read(proposal: Proposal, source: str) -> str:
    rows: list[tuple[str, Any, str]] = [("source", source, "csv, jsonl, parquet, arrow, a folder of texts, a glob")]
    if proposal.columns is not None:
        rows.append(("columns", proposal.columns, "the file has no header"))
    if proposal.format != "folder":
        text = proposal.text if proposal.second is None else (proposal.text, proposal.second)
        rows += [("text", text, ""), ("label", proposal.label, "")]
        rows += [("label_separator", proposal.separator, "")] if proposal.separator is not None else []
        rows += [("id", proposal.id, "")] if proposal.id is not None else []
    if proposal.encoding not in (None, "utf-8"):
        rows.append(("encoding", proposal.encoding, ""))
    allowed = ReadConfig(source="x").max_rejected
    rows.append(("max_rejected", allowed, "stop when more rows than this share cannot be used"))
    why = [f"# {line}" for line in proposal.why]
    test = '# test = "test.csv"   # an official test side; then [split] deals nothing out'
    head, *lines = _table("read", rows).split("\n")
    return "\n".join([head, *why, *lines, test])


def _table(title: str, rows: list[tuple[str, Any, str]]) -> str:
    lines = [(f"{key} = {_value(value)}", said) for key, value, said in rows]
    width = max(len(line) for line, said in lines if said) if any(said for _, said in lines) else 0
    return "\n".join([f"[{title}]", *(f"{line:<{width}}   # {said}" if said else line for line, said in lines)])


def _value(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    # what JSON escapes TOML escapes alike, but for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else repr(value)
