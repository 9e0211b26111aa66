"""A model in MLflow: its run with settings, scores and files, and a pyfunc model with a signature.

MLflow loads the model through `_load_pyfunc` of this module, from the files of the version: nothing is pickled.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.errors import MissingExtra, StoreError
from textmill.registry.requirements import extras_of, requirements
from textmill.registry.store import Store
from textmill.types import Ref

if TYPE_CHECKING:
    import pandas as pd

    from textmill.models.text_model import TextModel

__all__ = ["log_model"]

_LONGEST = 500  # characters of a parameter; all settings are in settings.json
_BATCH = 100  # parameters at once, the most that a server takes


def log_model(store: Store, model: str | Ref, uri: str, *, experiment: str | None = None) -> str:
    """Log a version as a finished run of MLflow; the id of the run.

    The run has the settings as parameters (long ones only in ``settings.json``), the scores as metrics, what the
    version was made from as tags, its report and card, and the model below ``model``: ``runs:/ID/model`` loads it.

    Parameters
    ----------
    uri : of the tracking server, or of a local store such as ``sqlite:///mlflow.db``
    experiment : by default the name of the model

    Raises
    ------
    NotInStore, FormatError, CorruptError : if there is no such version, or it is not what was written
    MissingExtra : if MLflow is not installed
    StoreError : if MLflow refuses, or lacks a package for such a `uri`; a run that was begun is marked as failed
    """
    try:
        # it would tell its maker about each call
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import mlflow.pyfunc
        from mlflow import MlflowClient, MlflowException
        from mlflow.entities import Metric, Param
    except ImportError as error:
        raise MissingExtra("models log-mlflow", package="mlflow-skinny", extra="mlflow") from error
    manifest, folder = store.open(model)
    if not isinstance(manifest.config.get("read", {}).get("text", ""), str):
        raise StoreError("MLflow is given models of single texts, and this one is of pairs", where=str(manifest.ref))
    needed = requirements(extras_of(manifest.config, folder)) | {"pandas": metadata.version("pandas")}
    metrics = {name: float(value) for name, value in _flat(manifest.report).items() if isinstance(value, (int, float))}
    params = {name: said for name, value in _flat(manifest.config).items() if len(said := str(value)) <= _LONGEST}
    tags = {"mlflow.runName": f"{manifest.ref.name}@{manifest.ref.version}", "textmill.ref": str(manifest.ref)}
    tags |= {f"textmill.{name}": value for name, value in manifest.parents.items()}
    try:
        client = MlflowClient(tracking_uri=uri)
        name = experiment or manifest.ref.name
        known = client.get_experiment_by_name(name)
        run = client.create_run(known.experiment_id if known else client.create_experiment(name), tags=tags)
        try:
            now = run.info.start_time
            client.log_batch(run.info.run_id, metrics=[Metric(key, value, now, 0) for key, value in metrics.items()])
            every = [Param(key, said) for key, said in params.items()]
            for first in range(0, len(every), _BATCH):
                client.log_batch(run.info.run_id, params=every[first : first + _BATCH])
            client.log_dict(run.info.run_id, manifest.config, "settings.json")
            for file in ("report.json", "card.md"):
                if file in manifest.files:
                    client.log_artifact(run.info.run_id, str(folder / file))
            with tempfile.TemporaryDirectory() as place:
                target = Path(place) / "model"
                mlflow.pyfunc.save_model(
                    path=str(target),
                    loader_module=__name__,
                    data_path=str(folder),
                    signature=_signature(_load_pyfunc(str(folder)).model),
                    pip_requirements=[f"{key}=={version}" for key, version in needed.items()],
                )
                client.log_artifacts(run.info.run_id, str(target), "model")
        except BaseException:
            client.set_terminated(run.info.run_id, "FAILED")
            raise
        client.set_terminated(run.info.run_id)
    except MlflowException as error:
        raise StoreError(f"MLflow refuses: {error.message}", where=uri) from error
    except ImportError as error:  # of sqlalchemy, for a store in a database
        raise StoreError(f"MLflow lacks a package for it: {error}", where=uri) from error
    return str(run.info.run_id)


class _Answering:
    """What MLflow calls: texts in a frame or a list, answers in a frame."""

    def __init__(self, model: TextModel) -> None:
        self.model = model

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """The columns ``label``, ``score`` and ``score_CLASS`` for the texts of the column ``text``, else the first."""
        import pandas as pd

        texts = model_input
        if isinstance(texts, pd.DataFrame):
            texts = texts["text"] if "text" in texts.columns else texts.iloc[:, 0]
        found = self.model.predict([str(text) for text in texts])
        columns: dict[str, Any] = {"label": found.labels, "score": found.confidence}
        columns |= {f"score_{name}": found.scores[:, place] for place, name in enumerate(found.classes)}
        return pd.DataFrame(columns)


def _load_pyfunc(path: str) -> _Answering:
    """What MLflow calls to load the model."""
    from textmill.models.saved import load_model

    return _Answering(load_model(path))


def _signature(model: TextModel) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    scores = [ColSpec(DataType.float, name) for name in ("score", *(f"score_{name}" for name in model.classes))]
    # an answer may be left open
    label = ColSpec(DataType.string, "label", required=False)
    return ModelSignature(Schema([ColSpec(DataType.string, "text")]), Schema([label, *scores]))


def _flat(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= _flat(inner, f"{path}{name}.") if isinstance(inner, Mapping) else {f"{path}{name}": inner}
    return found
