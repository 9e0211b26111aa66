"""textmill from Python: run a project, ask the model it made, and learn from lists without any project.

Run it with: python examples/python_api.py
"""

from pathlib import Path

import textmill

# The same as `textmill run examples/disaster`: done once, and a second run finds everything in its place
result = textmill.run_project(Path(__file__).parent / "disaster")
f1 = result.report.metrics["f1"]
print(f"{result.manifest.ref}: F1 {f1.value:.2f} ({f1.low:.2f} to {f1.high:.2f})")

# Any version of the store, its files checked against their sha256, then loaded: JSON and arrays, no code
manifest, folder = result.store.open("disaster")
model = textmill.TextClassifier.load(folder)
texts = ["Forest fire near La Ronge Sask. Canada", "The weather is awesome"]
prediction = model.predict(texts)  # scores: float32 (n_texts, n_classes)
for text, label, scores in zip(texts, prediction.labels, prediction.scores, strict=True):
    print(f"{label:<8}  {scores.max():.2f}  {text}")

# What each word adds to the log-odds: exact, because the model is linear
why = model.explain("Forest fire near La Ronge Sask. Canada")
print(why.label, [(pull.term, round(pull.value, 2)) for pull in why.pulls[:3]])

# Without a project: texts and labels in, a classifier out
labels = ["spam", "ham"] * 4
mails = ["win a free prize now", "see you at lunch", "free money, win now", "lunch moved to noon"] * 2
print(textmill.TextClassifier.fit(mails, labels).predict(["a free lunch", "win a prize"]).labels)
