"""JSON Lines to a saved model in scikit-learn: read, split, TF-IDF, logistic regression, score, joblib."""

import gzip
import json
import sys

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline


def main(source: str, out: str) -> None:
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    train_texts, test_texts, train_labels, test_labels = train_test_split(texts, labels, test_size=0.2, random_state=13)
    # textmill's defaults as far as scikit-learn has them: no cleaning, no stems
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=3.0, max_iter=1000)
    )
    pipeline.fit(train_texts, train_labels)
    joblib.dump(pipeline, out)
    print(json.dumps({"accuracy": accuracy_score(test_labels, pipeline.predict(test_texts))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
