"""JSON Lines to a saved model in scikit-learn: read, split, TF-IDF, logistic regression, score, joblib."""

import gzip
import json
import sys

import joblib
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from benches.rivals.sklearn_text import pipeline


def main(source: str, out: str, make: str) -> None:
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts, labels = [row["text"] for row in rows], [str(row["label"]) for row in rows]
    train_texts, test_texts, train_labels, test_labels = train_test_split(texts, labels, test_size=0.2, random_state=13)
    model = pipeline(make)
    model.fit(train_texts, train_labels)
    joblib.dump(model, out)
    print(json.dumps({"accuracy": accuracy_score(test_labels, model.predict(test_texts))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
