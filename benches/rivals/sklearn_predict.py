"""A CSV file of texts to a CSV file with labels and probabilities, by a saved scikit-learn pipeline."""

import json
import sys
import time

import joblib
import pandas as pd


def main(model: str, source: str, out: str) -> None:
    pipeline = joblib.load(model)
    started = time.perf_counter()
    table = pd.read_csv(source, keep_default_na=False)
    scores = pipeline.predict_proba(table["text"])
    table["label"] = pipeline.classes_[scores.argmax(axis=1)]
    table["score"] = scores.max(axis=1)
    for i, label in enumerate(pipeline.classes_):
        table[f"score_{label}"] = scores[:, i]
    table.to_csv(out, index=False)
    print(json.dumps({"work": time.perf_counter() - started}))


if __name__ == "__main__":
    main(*sys.argv[1:])
