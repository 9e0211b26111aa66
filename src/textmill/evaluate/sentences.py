"""What a report says in words, the same on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textmill.types import Report, Score

__all__ = [
    "LOWER_IS_BETTER",
    "PERSONAL",
    "TITLES",
    "baseline_words",
    "confusions",
    "counted",
    "decided",
    "folded",
    "inside",
    "leak_check",
    "leaked",
    "meaning",
    "measured",
    "number",
    "served",
    "signed",
    "sliced_by",
    "standing",
    "title",
    "verdict",
]

TITLES = {
    "accuracy": "Accuracy",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "f1_macro": "F1, macro",
    "f1_weighted": "F1, weighted",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
    "f1_samples": "F1 of each text",
    "jaccard": "Jaccard of each text",
    "hamming_loss": "Hamming loss",
    "ranking_precision": "Ranking precision",
    "top3": "Among the first three",
    "average_precision": "Average precision",
    "roc_auc": "ROC AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
}
PERSONAL = {
    "e-mail": "an e-mail address",
    "phone": "a phone number",
    "card": "the number of a card",
    "iban": "the number of a bank account",
}
LOWER_IS_BETTER = ("log_loss", "brier", "hamming_loss", "calibration_error")
_OF_SETS = {
    "accuracy": "All labels right",
    "f1": "F1, micro",
    "precision": "Precision, micro",
    "recall": "Recall, micro",
}
_MEANING_OF_SETS = {
    "accuracy": "share of test rows with exactly their labels, none missed and none too many",
    "f1": "precision and recall in one, all labels of all rows counted together",
    "precision": "of the labels that were said, the share that are right",
    "recall": "of the labels that texts have, the share that were said",
    "f1_samples": "F1 of each text's labels, averaged over the texts",
    "jaccard": "of the labels a text has or was given, the share that are both, averaged over the texts",
    "hamming_loss": "share of all yes-or-no decisions that are wrong; lower is better",
    "ranking_precision": "how far up a text's own labels stand when all are ranked; 1 is on top",
    "average_precision": "precision averaged over all thresholds, mean over the labels",
    "roc_auc": "how often a text with a label scores above one without it, mean over the labels",
}
_NOTABLE = 0.01  # share of the test rows from which on a leak is the first thing to say


def number(value: float, places: int = 3) -> str:
    """A score for reading: as many places as asked, never "-0.000".

    Examples
    --------
    >>> number(0.81249), number(-0.0001), number(12.3456)
    ('0.812', '0.000', '12.346')
    """
    said = f"{value:.{places}f}"
    return said.removeprefix("-") if float(said) == 0 else said


def meaning(metric: str, report: Report) -> str:
    """One line on what a metric says."""
    if report.details.get("several_labels") and metric in _MEANING_OF_SETS:
        return _MEANING_OF_SETS[metric]
    positive = (report.details.get("positive") or {}).get("class")
    of = f"“{positive}”" if positive else "a class"
    mean = "" if positive else ", mean over the classes"
    return {
        "accuracy": "share of test rows decided rightly",
        "f1": "precision and recall in one (their harmonic mean)" + mean,
        "precision": f"of the rows called {of}, the share that are{mean}",
        "recall": f"of the rows that are {of}, the share found{mean}",
        "f1_macro": "F1 of each class, averaged: a rare class counts as much as a common one",
        "f1_weighted": "F1 of each class, averaged by its rows",
        "balanced_accuracy": "recall of each class, averaged: naming one class always gets 1 / classes",
        "top3": "share of test rows whose class is one of the three most probable",
        "mcc": "correlation of decision and truth; 0 is chance, 1 perfect",
        "average_precision": "precision averaged over all thresholds" + mean,
        "roc_auc": f"how often {of} scores above the rest; 0.5 is chance{mean}",
        "log_loss": "how surprised the probabilities were; lower is better",
        "brier": "squared error of the probabilities; lower is better",
        "calibration_error": "gap between what the probabilities say and what comes true; lower is better",
    }.get(metric, "")


def _rounded(score: Score) -> str:
    # two places tell an interval apart unless it is narrower than they are
    places = 2 if score.high - score.low >= 0.01 else 3
    return f"{number(score.low, places)} to {number(score.high, places)}"


def verdict(report: Report) -> str:
    """The result in one or two plain sentences.

    The second says whether the difference to the baseline could be luck. Where a notable share of the test rows leaked,
    that comes first, and nothing is said of luck: what was learned by heart is no gain.
    """
    leading = report.details.get("headline") or {"metric": "accuracy", "why": ""}
    name = title(leading["metric"], report)
    score = report.metrics[leading["metric"]]
    rows, share = leaked(report)
    if share >= _NOTABLE:
        said = f"{inside(name)} {number(score.value)}"
        if score.baseline is not None:
            said += f" ({baseline_words(report)}: {number(score.baseline)})"
        of = int(report.leaks.get("test_rows") or report.data.get("test", rows))
        return (
            f"Not a fair test: {rows:,} of {of:,} test rows ({100 * share:.1f} %) are equal or nearly equal to a"
            f" training text. What was measured with them, {said}, is flattered.{_without_leaks(report)}"
        )
    if _headers_leak(report):
        return f"Not a fair test. {_headers(report)}"
    text = f"{leading['why']} {name} {number(score.value)} ({_rounded(score)})".lstrip()
    if score.baseline is None:
        return text + "."
    text += f"; {baseline_words(report)} gets {number(score.baseline)}."
    difference = report.details.get("differences", {}).get(leading["metric"])
    if difference is None:
        return text
    # from the figures as they are printed: the reader subtracts those
    gain = round(score.value, 3) - round(score.baseline, 3)
    if difference["low"] > 0:
        return text + f" That is {number(abs(gain))} better, more than luck explains."
    if difference["high"] < 0:
        said = f" That is {number(abs(gain))} worse"
        return text + f"{said}: always naming the most common class would do better."
    if difference["low"] == difference["high"] == 0:
        return text + " That is no better at all."
    return text + (
        f" The difference, {signed(gain)} ({signed(difference['low'])} to {signed(difference['high'])}), may be luck."
    )


def inside(name: str) -> str:
    """A metric's name inside a sentence."""
    return name if name.startswith("F1") else name[0].lower() + name[1:]


def _without_leaks(report: Report) -> str:
    apart = report.details.get("without_leaks")
    if not apart:
        return ""
    name = apart["headline"]["metric"]
    score = apart["metrics"][name]
    return (
        f" On the {apart['rows']:,} other test rows {inside(title(name, report))} is {number(score['value'])}"
        f" ({number(score['low'])} to {number(score['high'])})."
    )


def signed(value: float) -> str:
    """A difference for reading, with its sign."""
    return ("-" if value < 0 and number(abs(value)) != "0.000" else "+") + number(abs(value))


def baseline_words(report: Report) -> str:
    """What the majority baseline is, with the class it always names where one is to be seen."""
    named = [label for label, scores in report.per_class.items() if scores["recall"].baseline == 1.0]
    if report.details.get("several_labels") and all(not one["recall"].baseline for one in report.per_class.values()):
        return "always saying no label"
    return f"always saying “{named[0]}”" if len(named) == 1 else "the majority baseline"


def leaked(report: Report) -> tuple[int, float]:
    """How many test rows are equal or nearly equal to a training text, and their share of the test side."""
    rows = max(int((report.leaks.get(kind) or {}).get("test_rows", 0)) for kind in ("equal", "loose", "similar"))
    return rows, rows / max(int(report.leaks.get("test_rows") or report.data.get("test", 0)), 1)


def measured(report: Report) -> list[tuple[str, Score]]:
    """The scores that are shown: of more than two classes F1 is the macro mean already, and stands there once."""
    twice = report.details.get("positive") is None and report.metrics.get("f1") == report.metrics.get("f1_macro")
    return [(name, score) for name, score in report.metrics.items() if not (twice and name == "f1_macro")]


def title(metric: str, report: Report) -> str:
    """What a metric is called; says where it is a mean over the classes."""
    if report.details.get("several_labels") and metric in _OF_SETS:
        return _OF_SETS[metric]
    if metric in ("f1", "precision", "recall") and len(report.classes) > 2:
        return f"{TITLES[metric]}, macro"
    return TITLES.get(metric, metric)


def sliced_by(report: Report) -> str:
    """The metric that parts of the test side are compared by."""
    if report.details.get("several_labels"):
        return "accuracy"
    leading: str = (report.details.get("headline") or {}).get("metric", "accuracy")
    return leading


def leak_check(report: Report) -> tuple[str, list[str]]:
    """How the check between the sides came out, and that in sentences.

    Returns
    -------
    "clean", "leak" or "unknown", and one sentence or more
    """
    leaks = report.leaks
    if not leaks:
        return "unknown", ["Training and test rows were not checked against each other."]
    rows, _ = leaked(report)
    sentences = [leaks["sentence"]] if leaks.get("sentence") else []
    if rows == 0:
        sentences.append(
            "No test text is equal to a training text, even once links, case and punctuation are gone"
            + (f", or shares {100 * leaks['similarity']:g} % of its words with one." if "similarity" in leaks else ".")
        )
    elif not sentences:
        sentences.append(f"{rows:,} test rows are equal or nearly equal to a training text.")
    if headers := _headers(report):
        sentences.append(headers)
    at_odds = leaks.get("contradictions") or {}
    if at_odds.get("texts"):
        sentences.append(
            f"{counted(at_odds['texts'], 'text stands', 'texts stand')} in the data with different labels"
            f" ({counted(at_odds['rows'], 'row', 'rows')}): no model can be right about all of them."
        )
    return "leak" if rows or _headers_leak(report) else "clean", sentences


def _headers_leak(report: Report) -> bool:
    return (report.details.get("headers") or {}).get("outcome") == "worse"


def _headers(report: Report) -> str:
    found = report.details.get("headers")
    if not found:
        return ""
    name, score, bare = inside(title(found["metric"], report)), found["with"], found["without"]
    told = (
        f"{100 * found['share']:.1f} % of the test texts begin with the header of a message (From: ..., Subject: ...)."
    )
    if not _headers_leak(report):
        return f"{told} Without it {name} is {number(bare['value'])}, the same within noise."
    return (
        f"{told} It leaks: {name} is {number(score['value'])} with headers and {number(bare['value'])}"
        f' ({number(bare["low"])} to {number(bare["high"])}) on the same texts without them. "headers" in [text] clean'
        " takes them out before anything is learned."
    )


def decided(report: Report) -> list[str]:
    """How probabilities became answers, where ``[decide]`` asks for more than the most probable class."""
    details = report.details
    if cuts := details.get("label_thresholds"):
        return [_of_labels(cuts)]
    facts = details.get("decision")
    if facts is None:
        return []
    said = []
    if "temperature" in facts:
        warm = facts["temperature"]
        why = (
            "it was nearly right"
            if 0.95 <= warm <= 1.05
            else f"it was too {'sure' if warm > 1 else 'unsure'} of itself"
        )
        said.append(
            f"Probabilities are calibrated on {facts['rows']:,} rows of their own: temperature"
            f" {number(warm, 2)}, as {why}."
        )
    elif facts.get("calibration") == "isotonic":
        said.append(f"Probabilities are calibrated on {facts['rows']:,} rows of their own (isotonic).")
    cut = facts.get("threshold")
    if cut:
        metric = str(cut["wanted"]).split()[0]
        got = report.metrics.get(metric)
        here = f" On the test rows {metric} is {number(got.value)} ({_rounded(got)})." if got else ""
        said.append(
            f"“{cut['positive']}” is said from a probability of {number(cut['value'])} on, for {cut['wanted']}:"
            f" {metric} was {number(cut[metric])} ({number(cut['low'])} to {number(cut['high'])}) on {cut['rows']:,}"
            f" rows that the model had not seen.{here}"
        )
    cost = details.get("cost")
    if cost:
        said.append(
            f"The answer is the one that is expected to cost least. On the test rows an answer costs"
            f" {number(cost['value'])} ({number(cost['low'])} to {number(cost['high'])});"
            f" {baseline_words(report)} {number(cost['baseline'])}."
        )
    parts = details.get("left_open")
    if parts:
        given, kept = parts["answered"], parts["open"]
        text = f"{given['rows']:,} of {parts['rows']:,} test rows ({100 * given['share']:.1f} %) are answered"
        if given["rows"]:
            text += f", {100 * given['accuracy']:.1f} % of them rightly"
        if kept["rows"]:
            text += f"; of those left open {100 * kept['accuracy']:.1f} % would have been right"
        said.append(text + ". The scores above count every row.")
    return said


def _of_labels(cuts: dict[str, Any]) -> str:
    kept, wanted = cuts["kept"], "the highest F1" if cuts["wanted"] == "f1" else cuts["wanted"]
    said = (
        f"From which probability on a label is said was chosen for each, for {wanted}, on {cuts['rows']:,} rows that"
        f" the model had not seen: from {number(cuts['low'])} to {number(cuts['high'])}."
    )
    if not kept:
        return said
    some = f"{', '.join(f'“{name}”' for name in kept[:10])}{' ...' if len(kept) > 10 else ''}"
    return f"{said} One half stays for {some}: too few of these rows speak for another cut, or none gives it."


def folded(report: Report) -> str:
    """What was tested instead of a test side, and how much that moves when it is done again; empty without folds."""
    found = report.details.get("folds")
    if not found:
        return ""
    told = (
        f"Each row was tested once, by one of {found['folds']} models that learned from the other folds; the version"
        " that is registered learned from all rows."
    )
    if (report.details.get("tuning") or {}).get("by_fold"):
        told += (
            " The settings of each were looked for on the rows that it learned from, so the scores are those of the"
            " whole procedure, search and all; the version's own settings were looked for on all rows."
        )
    if found["repeats"] > 1:
        low, high = min(found["accuracies"]), max(found["accuracies"])
        told += f" Dealt anew {found['repeats']} times, accuracy lay between {number(low)} and {number(high)}."
    return told


def standing(report: Report) -> list[str]:
    """How each candidate stands beside the model, and a word on choosing."""
    found = report.details.get("candidates")
    if not found:
        return []
    told = [str(other["sentence"]) for other in found["leaderboard"]["others"]]
    told += [
        kept_sentence(one, found["leaderboard"]["metric"], found["costs"])
        for one in found["leaderboard"].get("taught", ())
    ]
    if any(other["outcome"] == "better" for other in found["leaderboard"]["others"]):
        told.append(
            "The version that was registered is the model of [model], not the best candidate: choosing by these rows"
            " and then quoting their score would flatter it. Make a better one the [model] and test it on new rows."
        )
    return told


def kept_sentence(one: Mapping[str, Any], metric: str, costs: Mapping[str, Mapping[str, float]]) -> str:
    """What a student keeps of what its teacher gains, and how much faster it is.

    Parameters
    ----------
    one : as `textmill.evaluate.distillation.kept_gain` gives it, with ``model``, ``teacher``, ``over`` (None: the
        majority baseline) and its kind ``over_kind``, ``unlabelled``, ``near_test``, ``knows_test``
    costs : name -> ``texts_per_second``

    Examples
    --------
    >>> one = {"model": "small", "teacher": "model/big@1", "over": "plain", "student": 0.89, "teacher_value": 0.9,
    ...        "unlabelled": 0, "near_test": 0, "knows_test": "no", "base": 0.8, "kept": 0.9, "low": 0.75, "high": 1.02}
    >>> speed = {"small": {"texts_per_second": 1e5}, "model/big@1": {"texts_per_second": 500}}
    >>> told = kept_sentence(one, "accuracy", speed)
    >>> print(told.partition(":")[0])
    small keeps 90 % (75 to 102 %) of what its teacher model/big@1 gains over plain
    >>> print(told.rpartition("0. ")[2])
    It reads 200 times as many texts a second (100,000 against 500).
    """
    name, teacher, over = one["model"], one["teacher"], one["over"] or "the majority baseline"
    over = f"the bag {over}" if one.get("over_kind") == "bag" else over
    scores = (
        f"{inside(TITLES[metric])} {number(one['student'])}, where the teacher has {number(one['teacher_value'])} and"
        f" {over} {number(one['base'])}."
    )
    if one["kept"] is None:
        told = f"The teacher of {name}, {teacher}, is not surely better than {over}, so there is no gain to keep:"
        told += f" {scores}"
    else:
        low, high = (f"{100 * one[end]:.0f}" for end in ("low", "high"))
        told = f"{name} keeps {100 * one['kept']:.0f} % ({low} to {high} %) of what its teacher {teacher} gains over"
        told += f" {over}: {scores}"
    fast, slow = (costs[each]["texts_per_second"] for each in (name, teacher))
    times = f"{fast / slow:.3g}"
    times = f"{float(times):,.0f}" if fast >= 100 * slow else times  # 3,450, not 3.45e+03
    told += f" It reads {times} times as many texts a second ({fast:,.0f} against {slow:,.0f})."
    if one["unlabelled"]:
        told += f" It also learned from {counted(one['unlabelled'], 'text', 'texts')} that the teacher alone labelled"
        told += f"; {one['near_test']:,} more were left out, as they are like test rows." if one["near_test"] else "."
    if one["knows_test"] == "unknown":
        told += " Whether the teacher has learned from test rows is not known: it keeps no marks of its texts."
    return told


def counted(n: int, one: str, many: str) -> str:
    """A number and its noun.

    Examples
    --------
    >>> counted(1, "row", "rows"), counted(2000, "row", "rows")
    ('1 row', '2,000 rows')
    """
    return f"{n:,} {one if n == 1 else many}"


def served(report: Report) -> str | None:
    """What a network answers by; None of a model that is none."""
    training = report.cost.get("training") or {}
    if "n_weights" not in training:
        return None
    said = training.get("onnx") or {"precision": "none"}
    if said["precision"] == "none":
        why = f" ({said['why']})" if "why" in said else ""
        return f"It answers by PyTorch; there is no ONNX graph of it{why}."
    known = f"It answers by ONNX Runtime in {said['precision']}, where that is installed."
    if "asked" not in said:
        return known
    texts = counted(said["texts"], "text", "texts")
    whose = "that was held back" if said["texts"] == 1 else "that were held back"
    of = f"{texts} {whose if said['held_back'] else 'it has learned from'}"
    kept = "within" if said["precision"] == said["asked"] else "beyond"
    return (
        f"{known} Of its answers on {of}, {100 * said['right']:.1f} % are right in fp32 and"
        f" {100 * said['right_int8']:.1f} % in int8, {kept} the margin of {100 * said['margin']:g} points;"
        f" {100 * said['changed']:.1f} % differ."
    )


def confusions(report: Report) -> list[tuple[int, float, str, str]]:
    """The pairs of classes mistaken for each other: rows, share of the true class, truth, said; most rows first.

    None where a text has several labels: one that is missed is not another that is said.
    """
    pairs = [
        (count, count / sum(row), truth, said)
        for truth, row in zip(report.classes, report.confusion, strict=not report.details.get("several_labels"))
        for said, count in zip(report.classes, row, strict=True)
        if count and said != truth
    ]
    return sorted(pairs, key=lambda pair: (-pair[0], pair[2:]))
