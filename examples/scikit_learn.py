"""textmill's estimators in scikit-learn: Pipeline, GridSearchCV, and a score beside scikit-learn's own classes.

Run it with: python examples/scikit_learn.py  (needs the extra: pip install 'textmill[estimators]')
"""

import csv
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer as TheirVectorizer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline

from textmill.features import TfidfVectorizer
from textmill.models import LogisticRegression

with open(Path(__file__).parent / "disaster" / "messages.csv", encoding="utf-8", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["label"] and row["text"].strip()]
texts = [row["text"] for row in rows]
labels = [row["label"] for row in rows]
train, test, train_labels, test_labels = train_test_split(texts, labels, test_size=0.2, random_state=13)

# The names of the parameters are scikit-learn's; `clean` and `map` are textmill's own
pipeline = Pipeline([("features", TfidfVectorizer(sublinear_tf=True)), ("model", LogisticRegression())])
search = GridSearchCV(
    pipeline,
    {"features__ngram_range": [(1, 1), (1, 2)], "features__map": ["none", "porter"], "model__C": [1.0, 10.0]},
    scoring="f1_macro",
    cv=3,
)
search.fit(train, train_labels)
print("chosen:", search.best_params_)
print(f"macro F1 on the test side: {search.score(test, test_labels):.2f}")

# The same settings give the same matrix as scikit-learn's own class
ours = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(train)
theirs = TheirVectorizer(ngram_range=(1, 2)).fit_transform(train)
print(f"{ours.shape[0]} rows, {ours.shape[1]} features; largest difference {abs(ours - theirs).max():.0e}")
