"""What texts are learned towards: one class each, or as many labels as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textmill.errors import DataError, LabelError
from textmill.models.logistic import balanced_labels, balanced_weights
from textmill.types import joined, memberships, parted

__all__ = ["Targets"]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The labels of texts as numbers. Made by `of_labels` or `of_sets`.

    Attributes
    ----------
    classes : names, sorted
    codes : int64 (n_texts,), the class of each text; None where a text may have several
    members : bool (n_texts, n_classes), which labels each text has; None where each has one
    soft : float32 (n_texts, n_outputs), from 0 to 1: what each output should say in the place of the 0 or 1 of the
        labels; None where the labels are all that is known
    """

    classes: tuple[str, ...]
    codes: NDArray[np.int64] | None
    members: NDArray[np.bool_] | None
    soft: NDArray[np.float32] | None = None

    @classmethod
    def of_labels(cls, labels: Sequence[str]) -> Targets:
        """One label a text.

        Raises
        ------
        LabelError : if a label is missing, or there are fewer than two classes

        Examples
        --------
        >>> Targets.of_labels(["b", "a", "b"]).codes.tolist()
        [1, 0, 1]
        """
        names = _label_names(labels)
        classes = tuple(sorted(set(names)))
        if len(classes) < 2:
            raise LabelError(
                "there is nothing to tell apart",
                wanted="two classes or more",
                got=f"only {classes[0]!r}" if classes else "no labelled text",
            )
        code = {name: i for i, name in enumerate(classes)}
        return cls(classes, np.array([code[name] for name in names], np.int64), None)

    @classmethod
    def of_sets(cls, labels: Sequence[str | Sequence[str]]) -> Targets:
        """Several labels a text, or none: in a list, or joined by `textmill.types.joined`.

        Raises
        ------
        LabelError : if no text has a label
        DataError : if a label cannot be joined with others

        Examples
        --------
        >>> Targets.of_sets([["b", "a"], [], "b"]).members.astype(int).tolist()
        [[1, 1], [0, 0], [0, 1]]
        """
        sets = [one if isinstance(one, str) else joined(one) for one in labels]
        classes = tuple(sorted({name for one in set(sets) for name in parted(one)}))
        if not classes:
            raise LabelError("no text has a label", wanted="a label for some of them")
        return cls(classes, None, memberships(sets, classes))

    def softened(self, soft: NDArray[np.float32] | None) -> Targets:
        """The same labels, with what each output should say.

        Raises
        ------
        DataError : if these are not numbers from 0 to 1 for each text and output

        Examples
        --------
        >>> Targets.of_labels(["b", "a"]).softened(np.array([[0.75], [0.25]], np.float32)).truth.ravel().tolist()
        [0.75, 0.25]
        """
        if soft is None:
            return self
        wanted = (len(self), self.n_outputs)
        if soft.shape != wanted:
            raise DataError("what a teacher says does not fit", wanted=f"numbers {wanted}", got=str(soft.shape))
        if not bool(((soft >= 0) & (soft <= 1)).all()):
            raise DataError("what a teacher says is no probability", wanted="numbers from 0 to 1")
        return replace(self, soft=np.asarray(soft, np.float32))

    def __len__(self) -> int:
        found = self.members if self.codes is None else self.codes
        assert found is not None
        return len(found)

    def check_number(self, n_texts: int) -> None:
        """There is one for each text.

        Raises
        ------
        LabelError : if not
        """
        if n_texts != len(self):
            raise LabelError("texts and labels differ in number", wanted=f"{n_texts} labels", got=str(len(self)))

    @property
    def several(self) -> bool:
        """Whether a text may have several labels."""
        return self.codes is None

    @property
    def n_outputs(self) -> int:
        """Outputs of a model: one a label; for one label of two classes one, else one a class."""
        return 1 if not self.several and len(self.classes) == 2 else len(self.classes)

    @property
    def apart(self) -> bool:
        """Whether each output is a yes or no of its own; else all share one probability."""
        return self.several or self.n_outputs == 1

    @property
    def balanced(self) -> NDArray[np.float64]:
        """What each text counts under ``class_weight = "balanced"``: float64 (n_texts, 1), or (n_texts, n_labels).

        Every class counts as much as any other; of several labels, each of which is a yes or no of its own, the texts
        that have it as much as those that have it not.

        Examples
        --------
        >>> Targets.of_labels(["a", "a", "b"]).balanced.ravel().tolist()
        [0.75, 0.75, 1.5]
        """
        if self.members is not None:
            return balanced_labels(self.members)
        assert self.codes is not None
        return balanced_weights(self.codes, len(self.classes))[:, None]

    @property
    def truth(self) -> NDArray[np.float32]:
        """What each output should say, 0 or 1 unless it is `soft`: float32 (n_texts, n_outputs).

        Examples
        --------
        >>> Targets.of_labels(["b", "a", "b"]).truth.ravel().tolist()
        [1.0, 0.0, 1.0]
        """
        if self.soft is not None:
            return self.soft
        if self.members is not None:
            return self.members.astype(np.float32)
        assert self.codes is not None
        columns = np.arange(len(self.classes)) if self.n_outputs > 1 else np.ones(1)
        found: NDArray[np.float32] = (self.codes[:, None] == columns).astype(np.float32)
        return found


def _label_names(labels: Sequence[str]) -> list[str]:
    names = []
    for i, label in enumerate(labels):
        plain = label.as_py() if hasattr(label, "as_py") else label  # what an Arrow array hands out
        if plain is None or plain != plain:  # a missing label is None in lists and NaN in pandas
            raise LabelError(f"label {i} is missing")
        names.append(str(plain))
    return names
