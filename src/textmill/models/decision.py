"""From probabilities to an answer: calibrated, held against a threshold or the costs, or left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textmill.config import DecideConfig, from_mapping
from textmill.errors import ConfigError, DataError
from textmill.models.calibration import Calibration
from textmill.models.positive import positive_class
from textmill.models.thresholds import choose_threshold
from textmill.types import Prediction

__all__ = ["Decision", "check_classes", "cost_matrix"]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """How the probabilities of a model become answers; a part of the model.

    Attributes
    ----------
    classes : names, in the order of the columns
    config : what was asked for
    calibration : of the probabilities, before anything else
    positive, threshold : the class whose probability is held against the threshold; None where there is none
    facts : what it rests on: ``rows`` of the fold, ``threshold`` with its precision, recall, rows and interval

    Examples
    --------
    >>> scores = np.array([[0.2, 0.8], [0.6, 0.4]])
    >>> careful = Decision(("ham", "spam"), DecideConfig(costs={"ham": {"spam": 9}}, unsure_below=0.15))
    >>> careful.of(scores).labels  # calling ham spam costs 9: that spam is likely is not enough
    ['ham', 'ham']
    >>> Decision(("ham", "spam"), DecideConfig(unsure_below=0.7)).of(scores).labels
    ['spam', None]
    """

    classes: tuple[str, ...]
    config: DecideConfig
    calibration: Calibration = field(default_factory=Calibration)
    positive: int | None = None
    threshold: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def fit(cls, config: DecideConfig, prediction: Prediction, truth: Sequence[str]) -> Self:
        """Learn calibration and threshold.

        Parameters
        ----------
        prediction : on rows that the model did not learn from, not calibrated
        truth : their labels

        Raises
        ------
        ConfigError : if a class is named that does not exist, or a threshold is asked for more than two classes
        DataError : if the rows are too few, or no threshold gives what is wanted
        """
        classes = prediction.classes
        check_classes(config, classes)
        codes = prediction.numbered(truth)
        scores = prediction.scores.astype(np.float64)
        facts: dict[str, Any] = {"rows": len(codes)} if config.needs_fold else {}
        threshold, place = None, None
        try:
            calibration = Calibration.fit(config.calibrate, scores, codes)
            wanted = config.wanted()
            if wanted is not None and wanted[0] != "f1":
                shares = [truth.count(name) / len(truth) for name in classes]
                place = classes.index(config.positive or positive_class(classes, shares)[0])
                # as they come out of predict, which gives float32
                said = calibration.apply(scores)[:, place].astype(np.float32)
                found = choose_threshold(codes == place, said, wanted[0], wanted[1])
                threshold = found.value
                facts["threshold"] = {"positive": classes[place], "wanted": config.threshold} | asdict(found)
        except DataError as error:
            hint = error.hint or "Hold back more rows with decide.fold, or ask for less."
            raise DataError(error.what, where="[decide]", wanted=error.wanted, got=error.got, hint=hint) from error
        if config.calibrate != "none":
            facts["calibration"] = config.calibrate
        if config.calibrate == "temperature":
            facts["temperature"] = calibration.temperature
        return cls(classes, config, calibration, place, threshold, facts)

    def of(self, scores: NDArray[np.float64]) -> Prediction:
        """Calibrated probabilities and the answers.

        Parameters
        ----------
        scores : (n, n_classes), probabilities as the model gives them

        Returns
        -------
        Prediction; ``unsure`` only where some answers may be left open
        """
        p = self.calibration.apply(np.asarray(scores, np.float64)).astype(np.float32)
        chosen: NDArray[np.int64] | None = None
        if self.config.costs is not None:
            # the answer that is expected to cost least (Elkan, The Foundations of Cost-Sensitive Learning, 2001)
            chosen = (p @ cost_matrix(self.config.costs, self.classes).astype(np.float32)).argmin(axis=1)
        elif self.threshold is not None and self.positive is not None:
            chosen = np.where(p[:, self.positive] >= np.float32(self.threshold), self.positive, 1 - self.positive)
        unsure: NDArray[np.bool_] | None = None
        if self.config.unsure_below > 0:
            sure = p.max(axis=1) if chosen is None else p[np.arange(len(p)), chosen]
            unsure = sure < np.float32(self.config.unsure_below)
        return Prediction(self.classes, p, chosen, unsure)

    def told(self) -> list[str]:
        """What makes an answer of probabilities, a line each."""
        said = []
        if self.config.calibrate != "none":
            said.append(f"calibrated ({self.config.calibrate})")
        if self.threshold is not None and self.positive is not None:
            said.append(f"{self.classes[self.positive]!r} is said from {self.threshold:.3f} on")
        if self.config.costs is not None:
            said.append("the answer is the one that is expected to cost least")
        if self.config.unsure_below > 0:
            said.append(f"no answer where its probability is below {self.config.unsure_below:g}")
        return said

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "config": asdict(self.config),
            "calibration": self.calibration.to_json(),
            "positive": self.positive,
            "threshold": self.threshold,
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], classes: tuple[str, ...]) -> Self:
        """Back from `to_json`.

        Raises
        ------
        ValueError, KeyError, TypeError, ConfigError : if the values do not fit together
        """
        config = from_mapping(DecideConfig, value["config"])
        check_classes(config, classes)
        positive, threshold = value["positive"], value["threshold"]
        if (positive is None) != (threshold is None) or positive not in (None, 0, 1):
            raise ValueError("the threshold does not fit together")
        calibration = Calibration.from_json(value["calibration"], len(classes))
        return cls(
            classes, config, calibration, positive, None if threshold is None else float(threshold), value["facts"]
        )


def cost_matrix(costs: Mapping[str, Mapping[str, float]], classes: Sequence[str]) -> NDArray[np.float64]:
    """What each answer costs: float64 (n_classes, n_classes), rows are the truth, columns the answer.

    Examples
    --------
    >>> cost_matrix({"ham": {"spam": 9}}, ["ham", "spam"]).tolist()
    [[0.0, 9.0], [1.0, 0.0]]
    """
    found = 1.0 - np.eye(len(classes))
    for i, truth in enumerate(classes):
        for j, said in enumerate(classes):
            found[i, j] = costs.get(truth, {}).get(said, found[i, j])
    return found


def check_classes(config: DecideConfig, classes: Sequence[str], *, where: str | None = None) -> None:
    """What ``[decide]`` says fits the classes there are.

    Raises
    ------
    ConfigError : if it names a class that does not exist, or a threshold is to tell more than two apart
    """
    faults = [
        f"decide.{key}: no class is called {name!r}; known: {', '.join(classes)}"
        for key, name in _named(config)
        if name not in classes
    ]
    if config.wanted() == ("f1", 0.0):
        faults.append(
            "decide.threshold: 'f1' is for several labels a text; wanted 'precision >= ...' or 'recall >= ...'"
        )
    elif config.threshold is not None and len(classes) != 2:
        faults.append(
            f"decide.threshold: it tells two classes apart, and there are {len(classes)}; decide.costs works for all"
        )
    if faults:
        raise ConfigError(faults, where=where)


def _named(config: DecideConfig) -> list[tuple[str, str]]:
    named = [("positive", config.positive)] if config.positive is not None else []
    for truth, row in (config.costs or {}).items():
        named += [("costs", truth), *((f"costs.{truth}", said) for said in row)]
    return named
