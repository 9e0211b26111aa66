"""Peak memory of vectorising, against scikit-learn's. A room of its own: the kernel counts what a process had before it
became another program, so the one that starts these has to be small."""

from __future__ import annotations

from benches.measure import Row, data_dir, process, program, rival


def rows() -> list[Row]:
    source = str(data_dir() / "imdb" / "train.jsonl.gz")
    ours, theirs = process(program("vectorize", source)), process(rival("sklearn_vectorize", source))
    for key in ("values", "total"):
        assert abs(ours.said[key] / theirs.said[key] - 1) < 1e-6, (ours.said, theirs.said)
    share = ours.peak / theirs.peak
    above = (ours.peak - ours.said["before"]) / (theirs.peak - theirs.said["before"])
    matrix = ours.said["values"] * 8 / 2**20
    return [
        Row(
            "peak memory of TF-IDF, 1-2-grams, IMDB train from its file to the matrix",
            "one third of scikit-learn",
            f"{share:.2f} of it ({ours.peak:.0f} MiB against {theirs.peak:.0f} MiB; without what the interpreter and"
            f" the imports take {above:.2f})",
            share <= 1 / 3,
            f"whole processes, texts read line by line in both; the matrix itself is {matrix:.0f} MiB in both",
        )
    ]
