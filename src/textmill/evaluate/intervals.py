"""Bootstrap: how far each score would move on another test side of the same size.

Rows of the test side are drawn with replacement, and every score is taken anew on each such resample. Two short cuts
give the same distribution as the plain loop, at a hundredth of its cost:

- scores that depend on decisions alone (accuracy, precision, recall, F1) need only how many drawn rows fell into each
  cell (truth, decision, baseline's decision): a multinomial draw;
- scores that depend on probabilities need how often each row was drawn: with the rows sorted by score once, ROC AUC
  and average precision are cumulative sums of those counts.

Everything is drawn from PCG64 generators seeded by the caller, in one thread and without BLAS: the same seed gives the
same bytes on any number of cores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate.metrics import (
    accuracy,
    balanced_accuracy,
    brier_of_rows,
    calibration_gaps,
    is_class,
    log_loss_of_rows,
    macro,
    matthews,
    precision_recall_f1,
    top_k_of_rows,
    weighted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "Draws",
    "Ranking",
    "difference_of_shares",
    "gap_interval",
    "interval",
    "raised_interval",
    "resample_decisions",
    "resample_probabilities",
    "resamples_within",
    "wilson",
]

_MOST_WORK = 2_000_000_000  # row visits; about ten seconds, above which fewer resamples are drawn
# scores that are means over rows; the third only of more than three classes
ROW_SCORES = {"log_loss": log_loss_of_rows, "brier": brier_of_rows, "top3": top_k_of_rows}
_FEWEST = 200  # an interval's ends are still percentiles of something


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Each score on each resample, NaN where a resample does not define it.

    Attributes
    ----------
    overall : metric -> float64 (resamples,)
    by_class : metric -> float64 (resamples, n_classes); precision, recall and f1
    noise : metric -> float64 (resamples,), of a sum of gaps, which chance alone makes larger: the sum of how far each
        gap of a resample lies from that of the rows
    raised : metrics whose resamples score better than the rows that they are drawn from: means of the average precision
        of several classes, as a rare class that is not drawn is no part of the mean, and one drawn twice is easier
    """

    overall: dict[str, NDArray[np.float64]]
    by_class: dict[str, NDArray[np.float64]]
    noise: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    raised: frozenset[str] = frozenset()


def interval(values: NDArray[np.float64], value: float, confidence: float) -> tuple[float, float]:
    """Percentile interval of a score's resamples, stretched where need be so that it holds the score itself.

    Parameters
    ----------
    values : (resamples,), NaN where undefined; those are passed over
    value : the score on all rows
    confidence : share of the resamples inside, such as 0.95

    Examples
    --------
    >>> interval(np.arange(101.0), 50.0, 0.5)
    (25.0, 75.0)
    """
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return value, value
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return min(float(low), value), max(float(high), value)


def gap_interval(
    values: NDArray[np.float64], noise: NDArray[np.float64], value: float, confidence: float
) -> tuple[float, float]:
    """The interval of a sum of gaps, such as the calibration error, between 0 and 1.

    Chance opens gaps where there are none, so the sum on the rows is too high, and those on resamples of them are so
    twice: their percentiles would never hold the 0 of probabilities that are right. The low end is the sum less what
    chance makes of it, as gaps cannot be further from the true ones than that (triangle inequality); the high end is
    that of the basic bootstrap (Davison and Hinkley, 1997), which takes off the resamples' excess.

    Parameters
    ----------
    values, noise : (resamples,), as in `Draws`
    value : the sum on all rows

    Examples
    --------
    >>> gap_interval(np.array([0.25, 0.75]), np.array([0.125, 0.125]), 0.5, 0.5)
    (0.375, 0.625)
    """
    tail = (1 - confidence) / 2
    low, high = value - float(np.quantile(noise, 1 - tail)), 2 * value - float(np.quantile(values, tail))
    return max(0.0, low), min(max(high, value), 1.0)


def raised_interval(values: NDArray[np.float64], value: float, confidence: float) -> tuple[float, float]:
    """The interval of a score between 0 and 1 whose resamples score too well.

    What they gain on the rows that they are drawn from, those rows have gained on the texts that they are drawn from:
    the basic bootstrap (Davison and Hinkley, 1997) takes it off. Stretched where need be, as `interval`.

    Examples
    --------
    >>> raised_interval(np.array([0.5, 0.625, 0.75]), 0.5, 0.5)
    (0.3125, 0.5)
    """
    low, high = interval(values, value, confidence)
    return max(0.0, 2 * value - high), min(2 * value - low, 1.0)


def wilson(share: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share of `n` rows (Wilson, 1927), which has a width even where the share is 0 or 1.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(1.0, 10)]
    [0.722, 1.0]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    # rounding must not leave the share itself out
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def difference_of_shares(
    share: float, n: int, other: float, n_other: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of the difference of two shares of different rows (Newcombe, 1998, method 10).

    Examples
    --------
    >>> [round(end, 4) for end in difference_of_shares(56 / 70, 70, 48 / 80, 80)]
    [0.0524, 0.3339]
    """
    (low, high), (other_low, other_high) = wilson(share, n, confidence), wilson(other, n_other, confidence)
    gap = share - other
    return (
        gap - ((share - low) ** 2 + (other_high - other) ** 2) ** 0.5,
        gap + ((high - share) ** 2 + (other - other_low) ** 2) ** 0.5,
    )


def resample_decisions(
    truth: NDArray[np.int64],
    decisions: tuple[NDArray[np.int64], ...],
    *,
    n_classes: int,
    positive: int | None,
    resamples: int,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    stratify: bool = False,
) -> list[Draws]:
    """Scores of decisions on resampled rows, one `Draws` for each decider, drawn together.

    Parameters
    ----------
    truth : (n,), class numbers
    decisions : for each decider (n,), class numbers
    positive : the class that precision, recall and f1 are about, None for their macro means
    clusters : (n,), from 0 on: rows of one are drawn together
    stratify : whether each resample has as many rows of each class as `truth`; with clusters, which hold rows of
        several, it cannot
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 1])))
    code = truth.copy()
    for decided in decisions:
        code = code * n_classes + decided
    cells, of_row, counts = np.unique(code, return_inverse=True, return_counts=True)
    if clusters is not None:
        drawn = _drawn_clusters(rng, clusters, of_row, len(cells), resamples)  # (resamples, n_cells)
    elif stratify:
        true_of = cells // n_classes ** len(decisions)  # rising
        first = np.flatnonzero(np.append(True, true_of[1:] != true_of[:-1]))
        within = np.split(counts, first[1:])  # the cells of each class
        drawn = np.concatenate([rng.multinomial(c.sum(), c / c.sum(), size=resamples) for c in within], axis=1)
    else:
        drawn = rng.multinomial(len(truth), counts / len(truth), size=resamples)
    given = []
    for _ in decisions:
        given.append(cells % n_classes)
        cells = cells // n_classes
    true = _sums(drawn, cells, n_classes)
    found = []
    for decided in reversed(given):
        right = _sums(drawn * (decided == cells), cells, n_classes)
        predicted = _sums(drawn, decided, n_classes)
        # the mean is over the classes of the whole test side: were a rare one that was not drawn left out instead of
        # counted as 0, resamples would score better than the side they are drawn from
        seen = np.zeros(n_classes, dtype=np.bool_)
        seen[truth], seen[decided] = True, True
        found.append(_decision_draws(right, predicted, true, positive, seen))
    return found


def _drawn_clusters(
    rng: np.random.Generator, clusters: NDArray[np.int64], cells: NDArray[np.int64], n_cells: int, resamples: int
) -> NDArray[np.int64]:
    """How often rows of each cell are drawn when whole clusters are: (resamples, n_cells)."""
    n = int(clusters.max()) + 1
    pairs, counts = np.unique(clusters * n_cells + cells, return_counts=True)
    of_cluster, of_cell = pairs // n_cells, pairs % n_cells
    drawn = np.empty((resamples, n_cells), np.int64)
    for b in range(resamples):
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        drawn[b] = np.bincount(of_cell, weights=counts * times[of_cluster], minlength=n_cells)
    return drawn


def _sums(drawn: NDArray[np.int64], groups: NDArray[np.int64], n_groups: int) -> NDArray[np.int64]:
    # columns of one group added up: (resamples, n_cells) -> (resamples, n_groups)
    out = np.zeros((len(drawn), n_groups), dtype=np.int64)
    order = np.argsort(groups, kind="stable")
    there, starts = np.unique(groups[order], return_index=True)
    out[:, there] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return out


def _decision_draws(
    right: NDArray[np.int64],
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    positive: int | None,
    seen: NDArray[np.bool_],
) -> Draws:
    by_class = dict(zip(("precision", "recall", "f1"), precision_recall_f1(right, predicted, true), strict=True))
    overall = {"accuracy": accuracy(right.sum(axis=1), true.sum(axis=1))}
    for name, values in by_class.items():
        overall[name] = macro(values, seen) if positive is None else values[:, positive]
    overall["f1_macro"] = macro(by_class["f1"], seen)
    overall["f1_weighted"] = weighted(by_class["f1"], true)
    overall["balanced_accuracy"] = balanced_accuracy(right, true)
    overall["mcc"] = matthews(right, predicted, true)
    return Draws(overall, by_class)


class Ranking:
    """Rows sorted by the score of each class, so that ROC AUC and average precision of any resample are sums.

    Parameters
    ----------
    truth : (n,), class numbers; or bool (n, n_classes), what each row is
    scores : (n, n_classes)
    columns : the classes to rank for, one against the rest; those without a true row are left out
    """

    def __init__(self, truth: NDArray[Any], scores: NDArray[Any], columns: tuple[int, ...]) -> None:
        self.n = n = len(truth)
        self.columns = tuple(k for k in columns if bool(is_class(truth, k).any()))
        self.flat = bool((scores == scores[0]).all())
        self._orders = np.empty((len(self.columns), n), dtype=np.int64)
        # all classes lie one after the other in flat arrays: row i of class c at c * n + i
        at, start, end, last = [], [], [], []
        hits_before = 0
        for c, k in enumerate(self.columns):
            order = np.argsort(-scores[:, k], kind="stable")
            ranked = scores[order, k]
            first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
            group = np.cumsum(first) - 1
            edges = np.append(np.flatnonzero(first), n)
            hits = np.flatnonzero(is_class(truth[order], k))
            at.append(hits + c * n)
            start.append(edges[group[hits]] + c * n)
            end.append(edges[group[hits] + 1] + c * n)
            # for each positive, the last positive with the same score
            last.append(np.searchsorted(group[hits], group[hits], side="right") - 1 + hits_before)
            hits_before += len(hits)
            self._orders[c] = order
        self._firsts = np.cumsum([0] + [len(part) for part in at])[:-1]
        self._at, self._start, self._end, self._last = (
            np.concatenate(parts) if parts else np.empty(0, dtype=np.int64) for parts in (at, start, end, last)
        )
        self._owner = np.repeat(np.arange(len(at)), [len(part) for part in at])
        self._untied = bool((self._end == self._start + 1).all())
        self._in_order = False
        self._cut()

    def _cut(self) -> None:
        # sums are wanted at the edges of the positives only: with many classes these are few, and adding up whole
        # stretches is several times faster than a running sum over every row
        cuts = np.unique(np.concatenate((self._start, self._end, np.arange(len(self.columns) + 1) * self.n)))
        self._cuts = cuts[:-1] if len(cuts) * 8 < len(self.columns) * self.n else None
        if self._cuts is not None:
            self._start, self._end = np.searchsorted(cuts, self._start), np.searchsorted(cuts, self._end)

    def sort_rows(self, order: NDArray[np.int64]) -> None:
        """Take it that counts will come in another order of rows: ``counts[i]`` is that of row ``order[i]``."""
        place = np.empty(self.n, dtype=np.int64)
        place[order] = np.arange(self.n)
        self._orders = place[self._orders]
        self._in_order = len(self.columns) == 1 and bool((self._orders[0] == np.arange(self.n)).all())

    def first_order(self) -> NDArray[np.int64]:
        """The rows by falling score of the first class, int64 (n,)."""
        return self._orders[0] if self.columns else np.arange(self.n)

    def scores(self, counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Average precision and ROC AUC of each of `columns`, where row i counts ``counts[i]`` times.

        Parameters
        ----------
        counts : int64 (n,)

        Returns
        -------
        average precision and ROC AUC, float64, NaN where no row, or for ROC AUC every row, is of the class; and the
        rows of each class, int64
        """
        n = int(counts.sum())
        drawn = counts if self._in_order else counts.take(self._orders).reshape(-1)
        weight = drawn.take(self._at)
        per_class = np.add.reduceat(weight, self._firsts)
        if self.flat:
            return self._flat_scores(per_class, n)
        running = np.empty((len(drawn) if self._cuts is None else len(self._cuts)) + 1, dtype=np.int64)
        running[0] = 0
        np.cumsum(drawn if self._cuts is None else np.add.reduceat(drawn, self._cuts), out=running[1:])
        above = running.take(self._start)
        through = above + weight if self._untied else running.take(self._end)
        hits = np.cumsum(weight)
        if not self._untied:
            hits = hits.take(self._last)
        if len(self.columns) > 1:
            above, through = above - self._owner * n, through - self._owner * n
            hits = hits - (np.cumsum(per_class) - per_class)[self._owner]
        # a group nobody drew has nought through it, and nought weight: dividing by one keeps it nought
        gain = np.add.reduceat(weight * (hits / np.maximum(through, 1)), self._firsts)
        # twice the rows below each positive, ties halved; pairs of positives are taken out again
        pairs = np.add.reduceat(weight * (2 * n - through - above), self._firsts) - per_class * per_class
        others = n - per_class
        undefined = np.full(len(per_class), np.nan)
        precision = np.divide(gain, per_class, out=undefined.copy(), where=per_class > 0)
        area = np.divide(pairs / 2, per_class * others, out=undefined, where=(per_class > 0) & (others > 0))
        return precision, area, per_class

    def _flat_scores(
        self, per_class: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        # every row has the same scores: the class's share, and one half
        there = per_class > 0
        return (
            np.where(there, per_class / n, np.nan),
            np.where(there & (per_class < n), 0.5, np.nan),
            per_class,
        )


def resample_probabilities(
    truth: NDArray[np.int64],
    scores: tuple[NDArray[Any], ...],
    *,
    columns: tuple[int, ...],
    resamples: int,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
    stratify: bool = False,
) -> list[Draws]:
    """Scores of probabilities on resampled rows, one `Draws` for each predictor, drawn together.

    Parameters
    ----------
    truth : (n,), class numbers
    scores : for each predictor (n, n_classes)
    columns : the classes ROC AUC and average precision are averaged over
    clusters, stratify : as in `resample_decisions`
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 2])))
    rankings = [Ranking(truth, part, columns) for part in scores]
    order = rankings[0].first_order().copy()
    for ranking in rankings:
        ranking.sort_rows(order)
    # (scores of rows * predictors, n): all losses of the rows, so that one pass weighs them
    of_rows = dict(ROW_SCORES) if scores[0].shape[1] > 3 else {k: v for k, v in ROW_SCORES.items() if k != "top3"}
    losses = np.stack([rows(truth, part)[order] for part in scores for rows in of_rows.values()])
    means = np.empty((resamples, len(losses)))
    positive = columns[0] if len(columns) == 1 else None
    gaps = [_Gaps(truth[order], part[order], positive) for part in scores]
    off = np.empty((resamples, len(scores), 2))
    draw = _row_draws(rng, truth[order], None if clusters is None else clusters[order], stratify)
    ranked = np.full((resamples, len(scores), 2), np.nan)
    for b in range(resamples):
        counts = draw()
        drawn, n_drawn = counts.astype(np.float64), int(counts.sum())
        # einsum, unlike a matrix product, does not depend on BLAS and its threads
        means[b] = np.einsum("kn,n->k", losses, drawn) / n_drawn
        for i, ranking in enumerate(rankings):
            off[b, i] = gaps[i].sums(drawn, n_drawn)
            if ranking.columns:
                for j, values in enumerate(ranking.scores(counts)[:2]):
                    ranked[b, i, j] = _known_mean(values)
    return [
        Draws(
            {name: means[:, len(of_rows) * i + j] for j, name in enumerate(of_rows)}
            | {
                "average_precision": ranked[:, i, 0],
                "roc_auc": ranked[:, i, 1],
                "calibration_error": off[:, i, 0],
            },
            {},
            {"calibration_error": off[:, i, 1]},
            frozenset({"average_precision"} if len(columns) > 1 else ()),
        )
        for i in range(len(scores))
    ]


def _row_draws(
    rng: np.random.Generator, truth: NDArray[np.int64], clusters: NDArray[np.int64] | None, stratify: bool
) -> Callable[[], NDArray[np.int64]]:
    """What draws a resample: how often each row is in it, int64 (n,)."""
    n = len(truth)
    if clusters is not None:
        n_clusters = int(clusters.max()) + 1
        return lambda: np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters)[clusters]
    if not stratify:
        return lambda: np.bincount(rng.integers(0, n, n), minlength=n)
    by_class = np.argsort(truth, kind="stable")
    classes = truth[by_class]
    first, rows = np.searchsorted(classes, classes), np.bincount(truth)[classes]  # of the class of each row
    return lambda: np.bincount(by_class[first + rng.integers(0, rows)], minlength=n)


class _Gaps:
    """Rows sorted by the bins of the reliability diagram, so that the gaps of any resample are sums."""

    def __init__(self, truth: NDArray[np.int64], scores: NDArray[Any], positive: int | None) -> None:
        bins, said, came = calibration_gaps(truth, scores, positive)
        order = np.argsort(bins, kind="stable")
        # rows by falling score are in order of the bins already, only the other way round
        self._order = None if bool((bins[:-1] >= bins[1:]).all()) else order
        if self._order is not None:
            bins, said, came = bins[order], said[order], came[order]
        self._starts = np.flatnonzero(np.append(True, bins[1:] != bins[:-1]))
        self._gaps = said - came
        self._own = np.add.reduceat(self._gaps, self._starts) / len(truth)

    def sums(self, drawn: NDArray[np.float64], n: int) -> tuple[float, float]:
        """Where row i counts ``drawn[i]`` times, `n` in all: the sum of the gaps, and of how far they moved."""
        weights = drawn if self._order is None else drawn.take(self._order)
        gaps = np.add.reduceat(self._gaps * weights, self._starts) / n
        return float(np.abs(gaps).sum()), float(np.abs(gaps - self._own).sum())


def _known_mean(values: NDArray[np.float64]) -> float:
    known = values[values == values]
    return float(known.sum() / len(known)) if len(known) else float("nan")


def resamples_within(wanted: int, n_rows: int, n_columns: int) -> int:
    """How many resamples of the rows are drawn: `wanted`, or fewer where that would take minutes.

    Examples
    --------
    >>> resamples_within(1000, 25_000, 1), resamples_within(1000, 5_000_000, 1)
    (1000, 400)
    """
    return max(min(wanted, _FEWEST), min(wanted, _MOST_WORK // max(n_rows * n_columns, 1)))
