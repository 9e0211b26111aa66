"""`textmill models log-mlflow`, against a real store of MLflow in a process of its own."""

import json
import subprocess
import sys

import pytest

# MLflow warns of much that is not ours, and keeps what it was told for the whole process
LOAD = """
import json, sys
import pandas as pd
import mlflow
uri, where = sys.argv[1:]
mlflow.set_tracking_uri(uri)
model = mlflow.pyfunc.load_model(where)
texts = ["fire in the street", "a lovely picnic"]
said = [model.predict(pd.DataFrame({"text": texts})), model._model_impl.predict(texts)]
run = mlflow.get_run(where.split("/")[1])
files = [file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)]
deep = [file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, "model/data/1")]
print(json.dumps({
    "said": [frame.to_dict("list") for frame in said],
    "signature": str(model.metadata.signature),
    "status": run.info.status,
    "name": run.info.run_name,
    "metrics": run.data.metrics,
    "params": run.data.params,
    "tags": run.data.tags,
    "files": files,
    "deep": deep,
}))
"""


@pytest.mark.slow
def test_a_version_is_a_run_with_a_model_that_answers_as_it_did_here(project, textmill, tmp_path):
    pytest.importorskip("pandas")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    main = [sys.executable, "-c", "from textmill.cli import main; main()"]
    command = [*main, "models", "log-mlflow", "alarm", "--uri", uri, "--store", "alarm", "--json"]
    logged = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    where = json.loads(logged.stdout)
    assert where["model"] == "model/alarm@1"
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, uri, where["uri"]], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    found = json.loads(loaded.stdout)
    texts = ["fire in the street", "a lovely picnic"]
    here = json.loads(textmill("predict", "alarm", *texts, "--json", "--store", "alarm").stdout)["predictions"]
    for said in found["said"]:
        assert said["label"] == [one["label"] for one in here]
        for name, score in here[0]["scores"].items():
            assert said[f"score_{name}"][0] == pytest.approx(score, abs=1e-6)
    assert "'text': string (required)" in found["signature"]
    assert "'score_bad': float" in found["signature"]
    assert (found["status"], found["name"]) == ("FINISHED", "alarm@1")
    assert 0 < found["metrics"]["accuracy"] <= 1
    assert found["params"]["model.C"] == "5.0"
    assert found["tags"]["textmill.dataset"] == "dataset/alarm@1"
    assert {"report.json", "card.md", "settings.json", "model"} <= set(found["files"])
    assert "model/data/1/weights.npy" in found["deep"]
    assert not [name for name in found["deep"] if name.endswith((".pkl", ".pickle"))]
    refused = subprocess.run([*command[:-1], "--uri", "nowhere://x"], cwd=tmp_path, check=False, capture_output=True)
    assert refused.returncode == 1
    assert b"Error: nowhere://x: MLflow refuses: " in refused.stderr


def test_without_mlflow_the_extra_is_named(project, textmill, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", None)
    done = textmill("models", "log-mlflow", "alarm", "--uri", "sqlite:///x.db", "--store", "alarm")
    assert done.exit_code == 1
    assert "needs the package 'mlflow-skinny'. Install it with: pip install 'textmill[mlflow]'" in done.stderr
