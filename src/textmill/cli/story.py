"""A run told in sentences: what was read, set aside and learned, and what to try next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.cli.stores import command_line
from textmill.cli.terminal import plain
from textmill.types import parts

if TYPE_CHECKING:
    from textmill.config import FeaturesConfig, TextConfig
    from textmill.flow import RunResult

__all__ = ["as_json", "next_commands", "short", "told"]

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_FORMATS = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet", "arrow": "Arrow", "folder": "a folder of texts"}
_CLEANED = {"html": "HTML tags", "urls": "links", "mentions": "mentions"}
_SPLIT = {
    "words": "split into words",
    "unicode": "split into words by Unicode's rules",
    "treebank": "split as the Penn Treebank is",
    "tweet": "split into the tokens of tweets",
    "whitespace": "split at white space",
    "regex": "split by a pattern",
    "subword": "split into subwords",
}
_MOST_CLASSES = 6
_LONGEST = 90  # of a text that is to be typed


def told(result: RunResult) -> list[str]:
    """What a run did that trained a model, a sentence each."""
    assert result.report is not None
    values = {done.step: done.finished.values for done in result.steps}
    read = values["read"]
    config = result.config
    sentences = [*_source(read["facts"], config.read.source, result.folder / "rejected.jsonl")]
    if read.get("test_facts"):
        sentences += _source(read["test_facts"], str(config.read.test), result.folder / "rejected_test.jsonl")
    if next(done for done in result.steps if done.step == "read").cached is False:  # else it was told then
        sentences += [f"Mind: {plain(said)}." for said in drift_lines(read.get("drift"), config.evaluate.drift)]
    data = result.report.data
    held = f", {data['held_back']:,} to learn to decide on" if data.get("held_back") else ""
    if data.get("folds"):
        sentences.append(f"Split: {data['test']:,} rows, each tested once, in {data['folds']} folds.")
    else:
        sentences.append(f"Split: {data['train']:,} rows to learn from{held}, {data['test']:,} to test on.")
    if "tune" in values:
        best = ", ".join(
            f"{path} = {value:.4g}" if isinstance(value, float) else f"{path} = {value}"
            for path, value in values["tune"]["best"].items()
        )
        anew = "; each fold's model by a search of its own" if "tune-folds" in values else ""
        tried = f"{len(values['tune']['trials']):,} settings tried on folds of them"
        sentences.append(f"Tuned: {tried}; chosen: {best}{anew}.")
    facts = values["train"].get("facts", {})
    if "n_features" in facts or (config.model.is_network and config.model.weights is None):
        sentences.append(f"Text: {_path(config.text)}.")
    if "n_features" in facts:
        sentences.append(
            f"Learned from {facts['n_types']:,} distinct words as {facts['n_features']:,} features "
            f"({_grams(config.features)}, {config.features.kind})."
        )
    from textmill.evaluate.training import trained

    if told := trained(facts, config.model.kind):
        sentences.append(f"Trained: {' '.join(told)}")
    log = next(done.finished.files.get("training.jsonl") for done in result.steps if done.step == "train")
    if log is not None:
        where = short(result.store.object(log.sha256))
        sentences.append(f"How the training went, step by step: {where}, JSON Lines.")
    if facts.get("converged") is False:
        sentences.append(
            f"Mind: the model had not settled after {facts['iterations']} iterations; raise [model] max_iter."
        )
    return sentences


def drift_lines(found: Mapping[str, Any] | None, most: float) -> list[str]:
    """What is to be said of the rows beside those that the model in use learned from."""
    if not found:
        return []
    if "unread" in found:
        return [f"whether the rows are like those that {found['model']} learned from is not known: {found['unread']}"]
    from textmill.evaluate.datacheck import drift_told

    return drift_told(found, most)


def next_commands(result: RunResult) -> list[str]:
    """Three commands that work where the user stands: predict, explain, serve."""
    assert result.manifest is not None
    assert result.report is not None
    name, store, details = result.manifest.ref.name, result.store.place, result.report.details
    mistake, hit = _typed(details.get("mistakes") or ()), _hit(details)
    some = ["some text"] * len(result.config.read.texts)
    return [
        command_line("predict", name, *(hit or mistake or some), store=store),
        # what a person wants explained first is where the model is wrong
        command_line("explain", name, *(mistake or hit or some), store=store),
        command_line("serve", name, store=store),
    ]


def as_json(result: RunResult) -> dict[str, Any]:
    """A run as plain JSON values; without a report if nothing was to be trained."""
    manifest = result.manifest
    return {
        "model": result.config.project.name,
        "version": manifest.ref.version if manifest else None,
        "nothing_to_do": result.nothing_to_do,
        "drift": _drift_json(result),
        "refused": str(result.refused) if result.refused else None,
        "steps": [{"step": done.step, "cached": done.cached, "seconds": done.seconds} for done in result.steps],
        "store": str(result.store.place),
        "page": str(result.folder / "report.html") if result.report else None,
        "report": result.report.to_json() if result.report else None,
    }


def _drift_json(result: RunResult) -> dict[str, Any] | None:
    read = next((done for done in result.steps if done.step == "read" and result.config.trains), None)
    found = read.finished.values.get("drift") if read is not None else None
    return found and {**found, "told": drift_lines(found, result.config.evaluate.drift)}


def short(path: Path | str) -> str:
    """A path as short as it can be written here; a URL as it is."""
    if "://" in str(path):
        return str(path)
    path, here = Path(path).absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _source(facts: Mapping[str, Any], source: str, rejected: Path) -> list[str]:
    form = _FORMATS.get(str(facts.get("format")), str(facts.get("format")))
    if facts.get("delimiter"):
        form += f" with {_DELIMITERS.get(facts['delimiter'], repr(facts['delimiter']))} between the fields"
    if facts.get("encoding"):
        form += f", {facts['encoding']}"
    sentences = [f"Read {facts['rows']:,} rows of {plain(source)}: {form}."]
    sentences += [f"Mind: {plain(note)}" for note in facts.get("notes", ())]
    classes = sorted(facts.get("classes", {}).items(), key=lambda item: -item[1])
    if classes:
        shown = [f"{plain(label)} ({count:,} rows)" for label, count in classes[:_MOST_CLASSES]]
        more = [f"{len(classes) - _MOST_CLASSES} more"] if len(classes) > _MOST_CLASSES else []
        sentences.append(f"Classes: {', '.join(shown + more)}.")
    if facts.get("rejected"):
        reasons = ", ".join(f"{plain(reason)}: {count:,}" for reason, count in facts["reasons"].items())
        rows = "1 row" if facts["rejected"] == 1 else f"{facts['rejected']:,} rows"
        sentences.append(f"Set aside {rows} that cannot be used ({reasons}): see {short(rejected)}.")
    return sentences


def _path(config: TextConfig) -> str:
    parts = []
    if isinstance(config.clean, str):
        parts.append(f"cleaned as the profile {config.clean} says")
    elif set(config.clean) <= set(_CLEANED):
        if config.clean:
            parts.append(f"{_listed([_CLEANED[name] for name in config.clean])} taken out")
    else:
        parts.append(f"cleaned by {_listed(list(config.clean))}")
    parts.append({"lower": "lower case", "casefold": "case folded", "keep": "case kept"}[config.case])
    parts.append(_SPLIT[config.tokens])
    if config.stop_words != "none":
        listed = config.stop_words
        which = f"{listed.capitalize()} stop words" if isinstance(listed, str) else f"{len(listed)} stop words"
        parts.append(f"{which} left out" + (" but not negations" if config.keep_negations else ""))
    if config.min_length > 1:
        parts.append(f"words of less than {config.min_length} characters left out")
    if config.letters_only:
        parts.append("only words of letters kept")
    if config.maps:
        parts.append(f"words mapped by {_listed(list(config.maps))}")
    return ", ".join(parts)


def _grams(config: FeaturesConfig) -> str:
    low, high = config.ngrams
    names = {1: "words", 2: "pairs", 3: "triples"}
    listed = _listed([names.get(n, f"{n}-grams") for n in range(low, high + 1)])
    return f"{listed} that skip up to {config.skip} words" if config.skip else listed


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _hit(details: Mapping[str, Any]) -> list[str] | None:
    hits = details.get("hits") or ()
    positive = (details.get("positive") or {}).get("class")
    return _typed([hit for hit in hits if hit["truth"] == positive]) or _typed(hits)


def _typed(rows: Iterable[Mapping[str, Any]]) -> list[str] | None:
    """A text, or both of a pair, that can be typed in any shell as it stands.

    It is one of the first that read like a sentence, if there is any. A long one is cut at a word: the shells of most
    people show a line or two.
    """
    fit = []
    for row in rows:
        texts = [
            _cut(" ".join(word for word in text.split() if not _awkward(word)))
            for text in parts(str(row.get("text", "")))
        ]
        if all(text and text[0] != "-" for text in texts):
            fit.append(texts)
    longest = max(fit, key=lambda texts: sum(map(_letters, texts)), default=None)
    return next((texts for texts in fit if all(map(_reads, texts))), longest)


def _awkward(word: str) -> bool:
    # what a shell would take for its own, what a terminal cannot show, links, and the ruins of markup
    return plain(word) != word or bool(set(word) & set("'\"\\$`!<>|@#")) or "://" in word or len(word) > 30


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[: _LONGEST + 1].rpartition(" ")[0]


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _reads(text: str) -> bool:
    """Whether it is words rather than codes: four or more, and mostly letters."""
    words = [word for word in text.split() if word.strip(".,;:?()").isalpha()]
    return len(words) >= 4 and _letters(text) >= 0.7 * len(text.replace(" ", ""))
