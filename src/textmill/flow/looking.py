"""What the scores of the whole test side do not say: parts of it, words, thresholds, changed texts, headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textmill.flow.learning import corpora_of, rows_of, side_of
from textmill.flow.project import Project
from textmill.flow.step import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from textmill.config import ReadConfig
    from textmill.evaluate import Evaluation
    from textmill.features.csr import Csr
    from textmill.models.text_model import TextModel
    from textmill.read import Corpus
    from textmill.types import LabelSets, Prediction, Tokens

__all__ = ["learned_nothing", "looked_at", "looked_into", "told_of_rows", "words_of"]

_WORDS_OF = 5_000  # texts whose words are counted
_HEADERS = 0.1  # share of the test texts that begin with a header, from which on it is looked at


def looked_into(
    project: Project,
    model: TextModel,
    rows: Any,
    prediction: Prediction | LabelSets,
    majority: Prediction | LabelSets,
    measured: Evaluation,
) -> dict[str, Any]:
    """Slices, thresholds, costs and answers left open: what the scores of the whole test side do not say."""
    from textmill.evaluate.answers import cost_of, cuts, left_open
    from textmill.evaluate.robustness import robustness
    from textmill.evaluate.slices import slices
    from textmill.models import MultiLabelClassifier, TextClassifier
    from textmill.models.decision import cost_matrix
    from textmill.types import Prediction

    mill, classes, details = project.mill, measured.classes, measured.details
    drawn: dict[str, Any] = {"confidence": mill.evaluate.confidence, "seed": mill.project.seed}
    drawn["resamples"] = mill.evaluate.bootstrap
    truth, said, n_answers = _numbered(rows["label"].to_pylist(), prediction)
    positive = None if details["positive"] is None else classes.index(details["positive"]["class"])
    found: dict[str, Any] = {
        "slices": slices(
            truth,
            said,
            {name: _sliced(rows, name) for name in mill.evaluate.slices},
            n_classes=n_answers,
            metric="accuracy" if model.several else details["headline"]["metric"],
            positive=positive,
            **drawn,
        )
    }
    told = [*learned_nothing(model, prediction), *details["notes"], *_cut_short(model)]
    if len(told) > len(details["notes"]):
        found["notes"] = told
    if mill.evaluate.robustness:
        texts = rows["text"].to_pylist()
        found["robustness"] = robustness(model.predict, texts, seed=mill.project.seed)
    headers = _without_headers(project, model, rows, prediction)
    if headers is not None:
        found["headers"] = headers
    if isinstance(model, MultiLabelClassifier) and model.thresholds is not None:
        low, high = float(model.thresholds.values.min()), float(model.thresholds.values.max())
        found["label_thresholds"] = model.thresholds.facts | {"low": low, "high": high}
    if not (isinstance(model, TextClassifier) and isinstance(prediction, Prediction)):
        return found  # the rest of [decide] is for one label a text
    if positive is not None:
        found["cuts"] = cuts(truth == positive, prediction.scores[:, positive])
    if model.decision is None:
        return found
    found["decision"] = model.decision.facts
    if mill.decide.unsure_below > 0:
        found["left_open"] = parts = left_open(truth, prediction)
        if parts["answered"]["share"] < 0.5:
            share = f"{100 * parts['answered']['share']:.1f} %"
            said = f"Only {share} of the test rows are answered; the scores count them all."
            found["notes"] = [said, *told]
    if mill.decide.costs is not None:
        costs = cost_matrix(mill.decide.costs, classes)
        assert isinstance(majority, Prediction)
        found["cost"] = cost_of(truth, prediction.codes, majority.codes, costs, **drawn)
    return found


def learned_nothing(model: TextModel, prediction: Prediction | LabelSets) -> list[str]:
    """That a network says the same of every text, or knows none of their words."""
    from textmill.types import Prediction

    if not model.config.is_network:
        return []
    hint = "More epochs, a higher [train] learning_rate, more rows or another kind of model may help."
    if not model.body.some_words(1):
        return [f"The network's vocabulary holds no word, so it cannot tell texts apart by their words. {hint}"]
    if isinstance(prediction, Prediction) and len(prediction.codes) > 1 and len(set(prediction.codes.tolist())) == 1:
        label = prediction.classes[int(prediction.codes[0])]
        return [f"The network says “{label}” of every test row: it has learned nothing that tells texts apart. {hint}"]
    return []


def _cut_short(model: TextModel) -> list[str]:
    """That of some texts only the beginning was read."""
    facts = model.facts
    if not facts.get("n_longer") or model.config.longer != "cut":
        return []
    are = "is" if facts["n_longer"] == 1 else "are"
    return [
        f"{facts['n_longer']:,} of the {facts['n_texts']:,} texts learned from {are} longer than the"
        f' {facts["max_tokens"]:,} tokens that are read of a text; [model] longer = "windows" reads all of them.'
    ]


def words_of(
    model: TextModel,
    work: Work,
    rows: Any,
    prediction: Prediction | LabelSets,
    measured: Evaluation,
    weighed: Csr | None = None,
) -> dict[str, Any]:
    """Words whose texts are wrong more often than others, and how typical words are of either of two classes.

    `weighed` is what the model's features made of those of the test texts that are `looked_at`, if it is there already.
    """
    import pyarrow as pa

    from textmill.evaluate.report import shown
    from textmill.evaluate.wordwise import error_words, scatter
    from textmill.types import Prediction

    some = looked_at(rows)
    prediction = prediction.rows(some)
    rows = rows if len(some) == rows.num_rows else rows.take(pa.array(some))
    truth, said, _ = _numbered(rows["label"].to_pylist(), prediction)
    wrong = said != truth
    told = error_words(_terms(model, rows["text"], work.threads, weighed), wrong, prediction.confidence)
    for one in told:
        one["examples"] = [shown(rows["text"][row].as_py()) for row in one.pop("rows")]
    found: dict[str, Any] = {"error_words": told}
    if isinstance(prediction, Prediction) and len(measured.classes) == 2:
        corpus, _ = corpora_of(work)
        learned = rows_of(corpus, side_of(work), 0, "text", "label", most=_WORDS_OF)
        codes = prediction.numbered(learned["label"].to_pylist())
        positive = measured.classes.index(measured.details["positive"]["class"])
        found["scatter"] = scatter(_terms(model, learned["text"], work.threads), codes, positive)
    return found


def looked_at(rows: Any) -> NDArray[np.int64]:
    """The test rows whose words are counted."""
    from textmill.read.sample import spread

    return spread(rows.num_rows, _WORDS_OF)


def _numbered(labels: list[str], said: Prediction | LabelSets) -> tuple[Any, Any, int]:
    """The truth and what was decided as numbers that are equal where a row is right, and how many there are."""
    import numpy as np

    from textmill.types import Prediction

    if isinstance(said, Prediction):
        return said.numbered(labels), said.codes, len(said.classes)
    found, numbers = np.unique([*labels, *said.decided], return_inverse=True)
    return numbers[: len(labels)], numbers[len(labels) :], len(found)


def _terms(model: TextModel, texts: Any, threads: int | None, weighed: Csr | None = None) -> Tokens:
    """The words and pairs of words of each text that the model knows, each once; where it weighs none, its tokens."""
    import numpy as np

    from textmill.types import Tokens

    features = model.features
    if features is None or features.config.analyzer != "word":
        assert model.text_path is not None
        return model.text_path.tokens(texts, threads=threads)
    csr = features.rows(texts, threads=threads) if weighed is None else weighed
    return Tokens(csr.indices, csr.indptr.astype(np.int64), None, features.words)


def _without_headers(
    project: Project, model: TextModel, rows: Any, prediction: Prediction | LabelSets
) -> dict[str, Any] | None:
    """What the score owes to headers of messages: the same model on the test texts without them; None without any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from textmill.evaluate import compare as measure
    from textmill.text.clean import drop_headers

    mill = project.mill
    if "headers" in mill.text.clean or mill.split.folds is not None:
        return None
    bodies = pa.chunked_array([pa.array(drop_headers(part), pa.large_string()) for part in rows["text"].chunks])
    share = pc.mean(pc.not_equal(bodies, rows["text"])).as_py()
    if share < _HEADERS:
        return None
    both: Any = {"with": prediction, "without": model.predict(bodies)}
    found = measure(
        rows["label"].to_pylist(),
        both,
        config=mill.evaluate,
        seed=mill.project.seed,
        positive=mill.decide.positive,
    )
    kept = {name: found["models"][name][found["metric"]] for name in ("with", "without")}
    return {"share": share, "metric": found["metric"], **kept, "outcome": found["others"][0]["outcome"]}


def _sliced(rows: Any, name: str) -> list[str | None]:
    """The slice of each test row: by its length, its language, or by what stands in a column."""
    import pyarrow.compute as pc

    from textmill.evaluate.slices import by_size, by_value

    if name in rows.column_names:
        return by_value(rows[name].to_pylist())
    if name == "language":
        from textmill.read.languages import languages_of

        return by_value(languages_of(rows["text"]))
    return by_size(pc.utf8_length(rows["text"]).to_numpy(), "characters")


def told_of_rows(corpus: Corpus, side: Any, config: ReadConfig) -> dict[str, Any]:
    """Lengths of the training texts, how many of up to 5,000 seem to hold personal data, and columns that mislead."""
    import numpy as np
    import pyarrow.compute as pc

    from textmill.read import Corpus
    from textmill.read.giveaways import inspect_columns
    from textmill.read.personal import find_personal

    lengths = np.sort(pc.utf8_length(corpus.table()["text"]).to_numpy()[side == 0])
    some = rows_of(corpus, side, 0, "id", "text", most=_WORDS_OF)
    personal = find_personal(Corpus(corpus.name, "", some, {}))
    return {
        "characters": {"min": int(lengths[0]), "median": int(np.median(lengths)), "max": int(lengths[-1])},
        "personal": {kind: one["texts"] for kind, one in personal.items()},
        "personal_of": some.num_rows,
        "columns": inspect_columns(_other_columns(corpus, config), label="label", text="text"),
    }


def _other_columns(corpus: Corpus, config: ReadConfig) -> Iterator[pa.RecordBatch]:
    """The rows without the ids that are only their numbers; nothing where no other column is left."""
    left = {"id"} if config.id is None else set()
    left |= {*config.labels} - {"label"}  # one column a label is there beside the labels together
    names = [name for name in corpus.schema.names if name not in left]
    if {"text", "label"}.issuperset(names):
        return
    for batch in corpus.batches():
        kept = batch.select(names)
        yield kept.rename_columns([config.id or name if name == "id" else name for name in names])
