#!/usr/bin/env python3
"""imbalanced-learn's side of bench_balance.py, in a process of its own: its memory is measured from outside.

    bench_imblearn.py TASK JSON     prints one JSON object: times in seconds, and whether Peregrine's rows are equal
"""

import json
import os
import resource
import sys
import time

began = time.monotonic()
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors

import check_balanced_set as check

IMPORTS = time.monotonic() - began


def timed(work):
    start = time.monotonic()
    return work(), time.monotonic() - start


def neighbours_alone(floats, labels, strategy, k):
    """What SMOTE asks of scikit-learn, class by class, and nothing else."""
    counts = dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True))))
    most = max(counts.values())
    majority = max(counts, key=counts.get)
    growing = [label for label in counts if (label in strategy and strategy[label] > counts[label]
                                             if isinstance(strategy, dict) else label != majority and counts[label] < most)]
    total = 0
    for label in growing:
        own = floats[labels == label]
        total += timed(lambda: NearestNeighbors(n_neighbors=k + 1).fit(own).kneighbors(own, return_distance=False))[1]
    return total


def rebuilt_equal(columns, train, pixels, expected, expected_labels, real):
    """Peregrine's rows, rebuilt in blocks, against the reference's, bit for bit."""
    order = np.argsort(columns["ordinal"])
    columns = {name: column[order] for name, column in columns.items()}
    if not np.array_equal(columns["ordinal"], np.arange(len(expected_labels))):
        return "the ordinals are not 0 to rows - 1"
    if not np.array_equal(columns["label"], expected_labels):
        return "the labels differ"
    base, neighbour = (np.searchsorted(train, columns[name]) for name in ("base", "neighbour"))
    for start in range(0, len(order), check.BLOCK_ROWS):
        block = slice(start, start + check.BLOCK_ROWS)
        from_here = pixels[base[block]].astype(np.float32)
        to_there = pixels[neighbour[block]].astype(np.float32)
        made = (from_here + columns["gap"][block, None] * (to_there - from_here)).astype(np.float32)
        if not np.array_equal(made.view(np.uint32), expected[block].view(np.uint32)):
            return f"rows from ordinal {start} on differ"
    return None


def fit_resample(given):
    if given.get("limit"):
        resource.setrlimit(resource.RLIMIT_AS, (given["limit"], given["limit"]))
    store = check.Store(given["store"])
    balance = given["balance"]
    train, pixels, labels, classes = check.read_train(store, given["manifest"]["tensors"]["uri"], given["manifest"]["json"]["uri"])
    strategy = check.sampling_strategy(balance["strategy"], labels, classes)
    try:
        floats = pixels.astype(np.float32)
        # Only what a user of fit_resample has: the bytes are read again to compare.
        del pixels
        alone = neighbours_alone(floats, labels, strategy, balance["neighbours"])
        smote = SMOTE(sampling_strategy=strategy, k_neighbors=balance["neighbours"], random_state=balance["seed"])
        (expected, expected_labels), took = timed(lambda: smote.fit_resample(floats, labels))
    except MemoryError as error:
        return {"failed": f"MemoryError: {error}", "imports": IMPORTS}
    answer = {"kneighbors": alone, "fit_resample": took, "imports": IMPORTS}
    if given.get("save"):
        def save():
            with open(given["save"], "wb") as file:
                np.save(file, expected)
                file.flush()
                os.fsync(file.fileno())
        answer["save"] = timed(save)[1]
        os.remove(given["save"])
    del floats, smote
    pixels = check.read_train(store, given["manifest"]["tensors"]["uri"], given["manifest"]["json"]["uri"])[1]
    columns, _ = check.read_shards(store, [ref["uri"] for ref in given["shards"]])
    why = rebuilt_equal(columns, train, pixels, expected, expected_labels, len(train))
    if why is None and given.get("export"):
        exported = np.load(given["export"] + "/X.npy", mmap_mode="r")
        for start in range(0, len(expected), check.BLOCK_ROWS):
            block = slice(start, start + check.BLOCK_ROWS)
            if not np.array_equal(exported[block].view(np.uint32), expected[block].view(np.uint32)):
                why = f"the exported rows from {start} on differ"
                break
        if why is None and not np.array_equal(np.load(given["export"] + "/y.npy"), expected_labels):
            why = "the exported labels differ"
    return answer | {"equal": why is None, "why": why}


if __name__ == "__main__":
    task, given = sys.argv[1], json.loads(sys.argv[2])
    answer = {"fit_resample": fit_resample}[task](given)
    print(json.dumps(answer))
