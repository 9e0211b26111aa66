"""Losses for MLflow. Imports mlflow."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

# it would tell its maker about each call
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric

from textmill.errors import StoreError

__all__ = ["MLflow"]

_BATCH = 500  # metrics at once; a server takes a thousand


class MLflow:
    """A run in MLflow, with losses as metrics over the steps; a training that goes on goes on in its run.

    Parameters
    ----------
    uri : of the tracking server, or of a local store such as ``sqlite:///mlflow.db``
    experiment : name
    about : ``name`` of the run, and ``key`` of the training by which it is found again
    """

    def __init__(self, uri: str, experiment: str, about: Mapping[str, str]) -> None:
        self._uri, self._experiment, self._about = uri, experiment, about
        self._waiting: list[Metric] = []
        self._run = ""

    def begin(self, step: int, epoch: int) -> None:
        """See `Watch`. MLflow keeps what was told; of a step that is done again the newest value counts.

        Raises
        ------
        StoreError : if MLflow refuses
        """
        try:
            self._client = MlflowClient(tracking_uri=self._uri)
            known = self._client.get_experiment_by_name(self._experiment)
            where = known.experiment_id if known else self._client.create_experiment(self._experiment)
            key = self._about["key"]
            found = self._client.search_runs([where], f"tags.`textmill.key` = '{key}'") if step else []
            tags = {"mlflow.runName": self._about["name"], "textmill.key": key}
            self._run = (found[0] if found else self._client.create_run(where, tags=tags)).info.run_id
        except (MlflowException, ImportError, OSError) as error:
            raise self._refused(error) from error

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`."""
        self._add("step", {name: value for name, value in values.items() if name != "epoch"}, step)

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """See `Watch`."""
        self._add("epoch", values, step)
        self._flush()

    def close(self, *, failed: bool) -> None:
        """Write what is left, and say how it ended."""
        if self._run:
            self._flush()
            self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")

    def _add(self, what: str, values: Mapping[str, float], step: int) -> None:
        now = int(1000 * time.time())
        self._waiting += [Metric(f"{what}_{name}", float(value), now, step) for name, value in values.items()]
        if len(self._waiting) > _BATCH:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            for first in range(0, len(waiting), _BATCH):
                self._client.log_batch(self._run, metrics=waiting[first : first + _BATCH])
        except (MlflowException, OSError) as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> StoreError:
        said = str(error).strip().splitlines()
        return StoreError(f"MLflow refuses: {said[0] if said else type(error).__name__}", where=self._uri)
