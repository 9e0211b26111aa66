"""What a teacher says of the texts that its students learn from: computed once, kept as the outputs of a step.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textmill.config import CandidateConfig, thread_count
from textmill.errors import ConfigError, DataError, NotInStore, TooManyRejected
from textmill.flow.handing import hand_out
from textmill.flow.learning import corpora_of, rows_of, side_of, tested_rows
from textmill.flow.project import Project
from textmill.flow.step import Work
from textmill.types import Ref, canonical_json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from textmill.models.targets import Targets

__all__ = ["Lesson", "Taught", "lesson_steps", "lessons_of", "sources_of", "taught", "teach"]

_REJECTED = "rejected_unlabelled.jsonl"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one teacher says of the training side, and of further texts.

    Attributes
    ----------
    step : that computes it
    teacher : as it was asked for
    trained : the step that trains it, where it is another model of the project
    ref : the version, where it is one of the store; an alias means what it means when the run is planned
    unlabelled : the source of further texts
    """

    step: str
    teacher: str
    trained: str | None
    ref: Ref | None
    unlabelled: str | None


def lessons_of(project: Project) -> dict[str, Lesson]:
    """The lesson of each training step that has a teacher; students that ask for the same share it.

    Raises
    ------
    ConfigError : if a teacher is neither a model of the project nor a version in the store
    """
    steps = {one.name: step for step, one in project.models.items()}
    made: dict[str, Lesson] = {}
    for step, name in lesson_steps(project).items():
        if name not in made:
            student = project.models[step]
            assert student.distil is not None
            trained = steps.get(student.distil.teacher)
            ref = None if trained else _registered(project, student)
            made[name] = Lesson(name, student.distil.teacher, trained, ref, student.distil.unlabelled)
    return {step: made[name] for step, name in lesson_steps(project).items()}


def lesson_steps(project: Project) -> dict[str, str]:
    """The step that asks its teacher for each training step that has one."""
    names: dict[tuple[str, str | None], str] = {}
    found = {}
    for step, one in project.models.items():
        if one.distil is not None:
            asked = (one.distil.teacher, one.distil.unlabelled)
            found[step] = names.setdefault(asked, f"teach-{len(names) + 1}" if names else "teach")
    return found


def _registered(project: Project, student: CandidateConfig) -> Ref:
    assert student.distil is not None
    asked = student.distil.teacher
    try:
        ref = project.store.ref(asked)
    except (NotInStore, DataError) as error:
        others = ", ".join(repr(one.name) for one in project.models.values() if one.name != student.name)
        also = f", and of this project's models there are {others}" if others else ""
        raise ConfigError([f"distil.teacher: {asked!r} is no version in the store: {error}{also}"]) from error
    if ref.kind != "model":
        raise ConfigError([f"distil.teacher: wanted a model, got {ref}"])
    return ref


def sources_of(project: Project, lesson: Lesson) -> dict[str, str]:
    """The sha256 of the teacher's version and of the files with further texts, by their place among them."""
    found = {}
    if lesson.ref is not None:
        found[str(lesson.ref)] = _digest(project.store.manifest(lesson.ref).files)
    if lesson.unlabelled is not None:
        from textmill.read.source import find_files
        from textmill.registry.erased import list_of

        for number, file in enumerate(find_files(lesson.unlabelled, project.folder, project.mill.read.format)):
            paths = (
                sorted(path for path in file.path.rglob("*") if path.is_file()) if file.path.is_dir() else [file.path]
            )
            found |= {f"unlabelled {number}.{place}": project.digests.of(path) for place, path in enumerate(paths)}
        erased = list_of(project.store, project.name)
        found |= {"erased": project.digests.of(erased)} if erased.exists() else {}
    return found


def _digest(files: Any) -> str:
    return hashlib.sha256(canonical_json(files)).hexdigest()


def teach(project: Project, lesson: Lesson, work: Work) -> dict[str, Any]:
    """Ask the teacher: its outputs for the training side, then for the unlabelled texts.

    A teacher that has learned from test rows would pass on what the test is to find out: it is refused. Unlabelled
    texts that are equal or nearly equal to test rows are left out.

    Raises
    ------
    DataError : if it has, if its classes are others, or if none of the unlabelled texts is left
    """
    import numpy as np

    from textmill.models import load_model
    from textmill.read.seen import FILE as SEEN
    from textmill.read.seen import mark, seen_by

    corpus, _ = corpora_of(work)
    side, tested, threads = side_of(work), tested_rows(work)["text"], thread_count(work.threads)
    if lesson.ref is not None:
        manifest, folder = project.store.open(lesson.ref)
        name, digest = str(lesson.ref), _digest(manifest.files)
        seen = seen_by(folder, tested, threads=threads)
        if seen is not None:
            # a text that is on both sides of this project's own split is told as a leak, whoever learned from it
            own = np.load(work.file("split", "marks.npy"), allow_pickle=False)[side != 1]
            seen &= ~np.isin(mark(tested, threads=threads), own)
            if seen.any():
                raise DataError(
                    f"the teacher {name} has learned from {int(seen.sum()):,} of the {len(tested):,} test rows, and"
                    " would pass on what the test is to find out",
                    wanted="a teacher that knows none of them",
                    hint="Train it with the split and the seed of this project, or test on other rows.",
                )
    else:
        assert lesson.trained is not None
        files = work.outputs[lesson.trained].files
        name = lesson.teacher
        digest = _digest({path: file.sha256 for path, file in files.items() if path.startswith("model/")})
        folder, seen = work.tree(lesson.trained, "model/"), np.zeros(0, bool)
    teacher = load_model(folder)
    rows = rows_of(corpus, side, 0, "text", "label")
    classes = _targets(project, rows["label"].to_pylist()).classes
    if teacher.several != project.mill.project.multi_label or teacher.classes != classes:
        raise DataError(
            f"the teacher {name} and its student do not tell the same classes apart",
            wanted=", ".join(map(repr, classes)),
            got=("several labels a text of " if teacher.several else "") + ", ".join(map(repr, teacher.classes)),
        )
    if teacher.pairs != (len(project.mill.read.texts) == 2):
        kinds = ("single texts", "pairs of texts")
        raise DataError(
            f"the teacher {name} and its student do not read the same",
            wanted=f"a teacher of {kinds[not teacher.pairs]}",
            got=f"one of {kinds[teacher.pairs]}",
        )
    work.progress(0, None, "asking the teacher")
    said = [teacher.outputs(rows["text"], threads=threads)]
    marks = [np.load(folder / SEEN, allow_pickle=False)] if (folder / SEEN).exists() else []
    told: dict[str, Any] = {"near_test": 0, "unlabelled": 0}
    if lesson.unlabelled is not None:
        texts, kept = _unlabelled(project, lesson, work, tested)
        np.save(work.folder / "kept.npy", kept, allow_pickle=False)
        told = {"near_test": int((~kept).sum()), "unlabelled": int(kept.sum())}
        said.append(teacher.outputs(_those(texts, kept), threads=threads))
        marks.append(mark(_those(texts, kept), threads=threads))
    np.save(work.folder / "outputs.npy", np.concatenate(said).astype(np.float32), allow_pickle=False)
    np.save(work.folder / "marks.npy", np.unique(np.concatenate([np.zeros(0, np.uint32), *marks])), allow_pickle=False)
    return {"teacher": name, "digest": digest, "knows_test": "unknown" if seen is None else "no", **told}


def _those(texts: pa.ChunkedArray, kept: NDArray[np.bool_]) -> pa.ChunkedArray:
    import pyarrow as pa

    return texts if kept.all() else texts.filter(pa.array(kept))


def _unlabelled(
    project: Project, lesson: Lesson, work: Work, tested: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, NDArray[np.bool_]]:
    """Texts of a source without labels, and which of them are unlike every test row."""
    import numpy as np
    import pyarrow as pa

    from textmill.read import Corpus, read_corpus
    from textmill.read.row_hashes import person_of, write_hashes
    from textmill.read.seen import mark
    from textmill.read.similar import similar_groups
    from textmill.registry.erased import erased_of

    assert lesson.unlabelled is not None
    threads = thread_count(work.threads)
    config = replace(project.mill.read, source=lesson.unlabelled, test=None, id=None)
    (work.folder / "rejected").mkdir()
    rejected = work.folder / "rejected" / _REJECTED
    try:
        corpus = read_corpus(
            config,
            project.folder,
            out=work.folder / "unlabelled.arrow",
            rejected=rejected,
            rejected_as=project.folder / _REJECTED,
            labelled=False,
            erased=erased_of(project.store, project.name),
            progress=partial(work.progress, note=lesson.unlabelled),
        )
    except TooManyRejected:
        if rejected.exists():  # the sentence says that they can be looked at
            hand_out(rejected, project.folder / _REJECTED, project.store.disk)
        raise
    id = "id" if corpus.facts["format"] == "folder" else None
    write_hashes(work.folder / "dataset", corpus, person_of(config.person, id), threads=threads)  # for who erases
    texts = corpus.table()["text"]
    work.progress(0, None, "looking for texts like those of the test side")
    test = Corpus("the test rows", "", pa.table({"text": tested}), {})
    groups = similar_groups([corpus, test], similarity=project.mill.split.similarity, threads=threads)
    kept = ~np.isin(groups[: len(texts)], groups[len(texts) :])
    # without links, case and punctuation: also texts in which there is no word
    kept &= ~np.isin(mark(texts, threads=threads), mark(tested, threads=threads))
    if not kept.any():
        raise DataError("each of the unlabelled texts is equal or nearly equal to a test row", where=lesson.unlabelled)
    return texts, kept


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What a student learns from besides the labelled texts.

    Attributes
    ----------
    texts : the unlabelled ones, in Arrow arrays
    labels : what the teacher says of those
    soft : float32 (n_texts, n_outputs), what each output should say of the labelled texts and of those
    marks : uint32, of the texts that the student learns from by way of its teacher, and of the unlabelled ones
    facts : of the teacher, for who asks where the student comes from
    """

    texts: Sequence[pa.Array]
    labels: list[str]
    soft: NDArray[np.float32]
    marks: NDArray[np.uint32]
    facts: dict[str, Any]


def taught(project: Project, asked: CandidateConfig, work: Work, labels: Sequence[str]) -> Taught:
    """What the teacher of a model has to say to it.

    Parameters
    ----------
    asked : a model with a teacher
    labels : of the texts of the training side
    """
    import numpy as np

    from textmill.models.logistic import probabilities, sigmoid
    from textmill.read import Corpus
    from textmill.types import joined

    assert asked.distil is not None
    lesson = next(name for step, name in lesson_steps(project).items() if project.models[step].name == asked.name)
    several = project.mill.project.multi_label
    outputs = np.load(work.file(lesson, "outputs.npy"), allow_pickle=False).astype(np.float64)
    scores = (sigmoid if several else probabilities)(outputs / asked.distil.temperature)
    targets = _targets(project, labels)
    n = len(targets)
    soft = scores.astype(np.float32)
    soft[:n] = np.float32(1 - asked.distil.weight) * targets.truth + np.float32(asked.distil.weight) * soft[:n]
    texts: Sequence[pa.Array] = ()
    if asked.distil.unlabelled is not None:
        table = Corpus.load(work.file(lesson, "unlabelled.arrow")).table()
        kept = np.load(work.file(lesson, "kept.npy"), allow_pickle=False)
        texts = _those(table["text"], kept).chunks
    names = targets.classes
    if several:
        more = [joined(name for name, there in zip(names, row, strict=True) if there) for row in scores[n:] > 0.5]
    else:
        codes = (scores[n:, 0] > 0.5).astype(int) if targets.n_outputs == 1 else scores[n:].argmax(axis=1)
        more = [names[code] for code in codes.tolist()]
    marks = np.load(work.file(lesson, "marks.npy"), allow_pickle=False)
    facts = {key: work.value(lesson, key) for key in ("teacher", "digest", "knows_test", "near_test", "unlabelled")}
    return Taught(texts, more, np.clip(soft, 0, 1), marks, facts)


def _targets(project: Project, labels: Sequence[str]) -> Targets:
    from textmill.models.targets import Targets

    return Targets.of_sets(labels) if project.mill.project.multi_label else Targets.of_labels(labels)
