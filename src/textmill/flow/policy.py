"""What ``[policy]`` asks of a version before an alias may point to it, and what the version has to show for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.config import EvaluateConfig, PolicyConfig, from_mapping, load_policy
from textmill.config.bounds import bound, keeps, metric_bound
from textmill.errors import ConfigError, DataError, NotInStore, StoreError
from textmill.flow.step import Work
from textmill.registry.objects import is_sha256

if TYPE_CHECKING:
    from textmill.models.text_model import TextModel
    from textmill.registry import Finished, Store
    from textmill.types import Manifest, Ref, Report

__all__ = ["POLICY", "Check", "Version", "checks", "policy_of"]

POLICY = "policy.toml"  # in the store: a policy of the whole store, in the place of those of the projects
_ROUNDS = 8  # how often the probe set is gone through, so that a percentile means something


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was asked of a version.

    Attributes
    ----------
    name : the key of ``[policy]``, or ``parity``
    holds : whether the version has it
    said : what was found, and what was wanted
    """

    name: str
    holds: bool
    said: str


class Version:
    """A version of a model with what the checks look at, each read when it is first asked for."""

    def __init__(self, store: Store, ref: Ref) -> None:
        self.store, self.ref = store, ref
        self.manifest, self.folder = store.open(ref)

    @cached_property
    def model(self) -> TextModel:
        """The model itself."""
        from textmill.models import load_model

        return load_model(self.folder)

    @cached_property
    def report(self) -> Report | None:
        """What was measured before it was registered; None if it was not registered by a run."""
        from textmill.types import Report

        path = self.folder / "report.json"
        return Report.from_json(json.loads(path.read_bytes())) if path.exists() else None

    def setting(self, table: str, key: str) -> Any:
        """A setting of the run that made it; None where there is none."""
        return (self.manifest.config.get(table) or {}).get(key)


def policy_of(store: Store, manifest: Manifest) -> PolicyConfig:
    """The policy that a version is held to: that of the store, else that of the project file that it was made from.

    Raises
    ------
    ConfigError : if it is at fault
    """
    from textmill.evaluate.gate import check_policy_metrics

    path = store.settings_file(POLICY)
    where = str(path)
    found = load_policy(path)
    try:
        if found is None:
            where = f"{manifest.ref}, [policy]"
            found = from_mapping(PolicyConfig, manifest.config.get("policy") or {})
        check_policy_metrics(found)
    except ConfigError as error:
        raise ConfigError(error.faults, where=error.where or where) from error
    return found


def checks(policy: PolicyConfig, version: Version, current: Ref | None) -> Iterator[Check]:
    """Ask all that a policy wants, the cheap things first.

    Parameters
    ----------
    current : where the alias points now
    """
    for said in policy.scores:
        yield _score(policy, version, said)
    asked: dict[str, Callable[[], Check]] = {
        "leaked": lambda: _leaked(policy, version),
        "personal": lambda: _personal(policy, version),
        "licences": lambda: _licence(policy, version),
        "card": lambda: _card(version),
        "approvals": lambda: _approvals(policy, version),
        "against_current": lambda: _against(policy, version, current),
        "p95_ms": lambda: _latency(policy, version),
    }
    for key, ask in asked.items():
        if getattr(policy, key):
            yield ask()
    yield _parity(policy, version)


def _score(policy: PolicyConfig, version: Version, said: str) -> Check:
    wanted = metric_bound(said)
    assert wanted is not None  # as the settings were checked
    metric, sign, number = wanted
    score = version.report and version.report.metrics.get(metric)
    if not score:
        return Check("scores", False, f"{metric} was not measured, wanted {sign} {number:g}")
    ends = [score.low, score.high] if policy.scores_by == "interval" else [score.value]
    by = "all of it " if policy.scores_by == "interval" else ""
    told = f"{metric} is {score.value:.4g} ({score.low:.4g} to {score.high:.4g}), wanted {by}{sign} {number:g}"
    return Check("scores", all(keeps(end, sign, number) for end in ends), told)


def _share(name: str, said: str | None, share: float | None, of: str) -> Check:
    wanted = bound(said)
    assert wanted is not None
    sign, number = wanted
    if share is None:
        return Check(name, False, f"it was not measured how many {of}, wanted {sign} {100 * number:g} %")
    return Check(name, keeps(share, sign, number), f"{100 * share:.3g} % {of}, wanted {sign} {100 * number:g} %")


def _leaked(policy: PolicyConfig, version: Version) -> Check:
    share = ((version.report.leaks if version.report else {}).get("similar") or {}).get("share")
    return _share("leaked", policy.leaked, share, "of the test rows are equal or nearly equal to a training text")


def _personal(policy: PolicyConfig, version: Version) -> Check:
    data = version.report.data if version.report else {}
    looked_at = data.get("personal_of")
    # a text may hold more than one kind: at most so many, never fewer
    share = min(1.0, sum(data["personal"].values()) / looked_at) if looked_at else None
    return _share("personal", policy.personal, share, "of the texts looked at seem to hold personal data")


def _licence(policy: PolicyConfig, version: Version) -> Check:
    said = str(version.setting("project", "data_licence") or "").strip()
    allowed = ", ".join(policy.licences)
    if not said:
        return Check("licences", False, f"[project] data_licence says nothing, wanted one of {allowed}")
    holds = said.casefold() in {one.strip().casefold() for one in policy.licences}
    return Check("licences", holds, f"data_licence is {said!r}, wanted one of {allowed}")


def _card(version: Version) -> Check:
    missing = [key for key in ("intended_use", "data_licence") if not version.setting("project", key)]
    if not (version.folder / "card.md").exists():
        return Check("card", False, "there is no model card")
    if missing:
        return Check("card", False, f"the model card lacks what [project] {' and '.join(missing)} would say")
    return Check("card", True, "the model card is complete")


def _approvals(policy: PolicyConfig, version: Version) -> Check:
    found = {
        str(line.facts["by"]).strip().casefold(): str(line.facts["by"])
        for line in version.store.audit.lines()
        if line.event == "approve" and line.facts["ref"] == str(version.ref)
    }
    told = f"approved by {', '.join(found.values())}" if found else "nobody has approved it"
    people = "1 person" if policy.approvals == 1 else f"{policy.approvals} people"
    return Check("approvals", len(found) >= policy.approvals, f"{told}, wanted {people}")


def _against(policy: PolicyConfig, version: Version, current: Ref | None) -> Check:
    name = "against_current"
    if current is None:
        return Check(name, True, "the alias points nowhere yet, so there is nothing to compare with")
    try:
        outcome, sentence = _compared(version, Version(version.store, current))
    except (DataError, StoreError) as error:
        return Check(name, False, f"it cannot be compared with {current.name}@{current.version}: {error}")
    wanted = ("better",) if policy.against_current == "better" else ("better", "same")
    asked = "better" if policy.against_current == "better" else "not worse"
    return Check(name, outcome in wanted, f"{sentence}; wanted {asked}")


def _compared(version: Version, current: Version) -> tuple[str, str]:
    """``better``, ``worse`` or ``same``, and the sentence that says so, on the test rows that neither learned from."""
    import pyarrow as pa

    from textmill.evaluate import compare
    from textmill.read.seen import unseen_by

    rows = _tested(version)
    both = {f"{one.ref.name}@{one.ref.version}": one for one in (current, version)}
    unseen = unseen_by({name: one.folder for name, one in both.items()}, rows["text"])
    if unseen.unknown:
        raise DataError(f"it is not known what {' and '.join(unseen.unknown)} learned from")
    if not unseen.rows.any():
        raise DataError(f"these are test rows that {' and '.join(unseen.learned)} learned from")
    rows = rows.filter(pa.array(unseen.rows))
    found = compare(
        rows["label"].to_pylist(),
        {name: one.model.predict(rows["text"]) for name, one in both.items()},
        config=from_mapping(EvaluateConfig, version.manifest.config.get("evaluate") or {}),
        seed=int(version.setting("project", "seed") or 0),
        positive=version.setting("decide", "positive"),
    )
    other = found["others"][0]
    return other["outcome"], f"{other['sentence'].rstrip('.')}, on {rows.num_rows:,} rows"


def _tested(version: Version) -> Any:
    """The rows that a version was tested on, from the finished steps of its run."""
    from textmill.flow.learning import tested_rows

    run = version.manifest.parents.get("run", "")
    registered = version.store.finished(run) if is_sha256(run) else None
    kept = registered.values if registered else {}
    outputs: dict[str, Finished] = {
        step: found
        for step in ("read", "split")
        if is_sha256(kept.get(step)) and (found := version.store.finished(kept[step])) is not None
    }
    if len(outputs) < 2:
        raise NotInStore(
            "the rows that it was tested on are no longer in the store", hint="Run its project again with --force."
        )

    def file(step: str, name: str) -> Path:
        return version.store.object(outputs[step].files[name].sha256, verify=True)

    return tested_rows(Work(version.folder, "", {}, None, file, file, outputs, lambda *_, **__: None))


def _latency(policy: PolicyConfig, version: Version) -> Check:
    import pyarrow as pa

    from textmill.evaluate.probe import probe_texts
    from textmill.evaluate.speed import timed

    wanted = bound(policy.p95_ms)
    assert wanted is not None
    sign, number = wanted
    texts = pa.chunked_array([pa.array(probe_texts(version.model) * _ROUNDS, pa.large_string())])
    found = timed(version.model, texts, threads=1)["p95_ms"]
    said = f"95 of 100 texts of the probe set take {found:.3g} ms at most, wanted {sign} {number:g} ms"
    return Check("p95_ms", keeps(found, sign, number), said)


def _parity(policy: PolicyConfig, version: Version) -> Check:
    from textmill.flow.parity import check_parity

    asked = (version.store, version.ref, version.folder, version.model, policy.airflow)
    broken, compared, left_out = check_parity(*asked)
    if broken:
        return Check("parity", False, "; ".join(broken))
    *most, last = compared
    where = f"{', '.join(most)} and {last}" if most else last
    told = f"token ids and scores of the probe set are those of training {where}"
    return Check("parity", True, "; ".join([told, *left_out]))
