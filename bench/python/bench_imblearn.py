#!/usr/bin/env python3
"""imbalanced-learn's side of bench_balance.py, in a process of its own: its memory is measured from outside.

bench_imblearn.py TASK JSON     prints one JSON object: times in seconds, and whether Peregrine's rows are equal
"""

import json
import os
import resource
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

began = time.monotonic()
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors

import check_balanced_set as check
from peregrine_client import Json

IMPORTS = time.monotonic() - began


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.monotonic()
    return work(), time.monotonic() - start


def settle(most: int = 6 << 30) -> None:
    """Has the machine lay hands on its free memory.

    A virtual machine gets its pages from its host when they are first written, several times slower than a page that it
    has: the side that is measured first would pay for both.
    """
    with open("/proc/meminfo") as lines:
        free = next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    touch = "import mmap; size = %d; m = mmap.mmap(-1, size)\nfor at in range(0, size, 4096): m[at] = 1"
    subprocess.run([sys.executable, "-c", touch % (min(most, free // 2) // 4096 * 4096)], check=True)


def nearest(own: np.ndarray, k: int) -> np.ndarray:
    return NearestNeighbors(n_neighbors=k + 1).fit(own).kneighbors(own, return_distance=False)


def neighbours_alone(floats: np.ndarray, labels: np.ndarray, strategy: Any, k: int) -> float:
    """What SMOTE asks of scikit-learn, class by class, and nothing else."""
    counts = dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True))))
    most = max(counts.values())
    majority = max(counts, key=counts.__getitem__)
    growing = [
        label
        for label in counts
        if (
            label in strategy and strategy[label] > counts[label]
            if isinstance(strategy, dict)
            else label != majority and counts[label] < most
        )
    ]
    total = 0.0
    for label in growing:
        own = floats[labels == label]
        total += timed(partial(nearest, own, k))[1]
    return total


def rebuilt_equal(
    columns: dict[str, np.ndarray],
    train: np.ndarray,
    pixels: np.ndarray,
    expected: np.ndarray,
    expected_labels: np.ndarray,
    real: int,
) -> str | None:
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


def fit_resample(given: Json) -> Json:
    if given.get("limit"):
        resource.setrlimit(resource.RLIMIT_AS, (given["limit"], given["limit"]))
    store = check.Store(given["store"])
    balance = given["balance"]
    train, pixels, labels, classes = check.read_train(
        store, given["manifest"]["tensors"]["uri"], given["manifest"]["json"]["uri"]
    )
    strategy = check.sampling_strategy(balance["strategy"], labels, classes)
    try:
        floats = pixels.astype(np.float32)
        # Only what a user of fit_resample has: the bytes are read again to compare.
        del pixels
        settle()
        alone = neighbours_alone(floats, labels, strategy, balance["neighbours"])
        smote = SMOTE(sampling_strategy=strategy, k_neighbors=balance["neighbours"], random_state=balance["seed"])
        settle()
        (expected, expected_labels), took = timed(lambda: smote.fit_resample(floats, labels))  # noqa: F821 (deleted later)
    except MemoryError as error:
        return {"failed": f"MemoryError: {error}", "imports": IMPORTS}
    answer = {"kneighbors": alone, "fit_resample": took, "imports": IMPORTS}
    if given.get("save"):

        def save() -> None:
            with open(given["save"], "wb") as file:
                np.save(file, expected)
                file.flush()
                os.fsync(file.fileno())

        settle()
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


def sampled_neighbours(given: Json) -> Json:
    """Where no reference can run: recipes drawn at random, each one's neighbour among the base's exact k nearest.

    Distances are summed in float64, in which they are exact: 3 * side * side * 255 ** 2 is below 2 ** 53.
    """
    store = check.Store(given["store"])
    train, pixels, labels, _ = check.read_train(
        store, given["manifest"]["tensors"]["uri"], given["manifest"]["json"]["uri"]
    )
    columns, _ = check.read_shards(store, [ref["uri"] for ref in given["shards"]])
    made = np.flatnonzero(columns["base"] != columns["neighbour"])
    k = given["balance"]["neighbours"]
    for recipe in np.random.default_rng(given["seed"]).choice(made, given["recipes"], replace=False):
        base, neighbour = (np.searchsorted(train, columns[name][recipe]) for name in ("base", "neighbour"))
        own = np.flatnonzero(labels == labels[base])
        here = pixels[base].astype(np.float64)
        distances = np.array([np.square(pixels[row] - here).sum() for row in own])
        to_neighbour = distances[own == neighbour]
        nearer = np.count_nonzero(distances[own != base] < to_neighbour)
        if labels[neighbour] != labels[base] or nearer >= k:
            return {
                "equal": False,
                "why": f"row {train[neighbour]} is not one of the {k} nearest of {train[base]}: {nearer} are nearer",
            }
    return {"equal": True, "recipes": given["recipes"], "made": len(made)}


def png(path: str, pixels: np.ndarray) -> None:
    """u8 [height, width, 3], without a library for images."""
    height, width, _ = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
        )


def uint8(given: Json) -> Json:
    """The same call on float32 and on uint8 images: where they differ, and three rows of images."""
    store = check.Store(given["store"])
    balance = given["balance"]
    train, pixels, labels, _ = check.read_train(
        store, given["manifest"]["tensors"]["uri"], given["manifest"]["json"]["uri"]
    )
    smote = SMOTE(
        sampling_strategy=balance["strategy"], k_neighbors=balance["neighbours"], random_state=balance["seed"]
    )
    right, right_labels = smote.fit_resample(pixels.astype(np.float32), labels)
    wrong, _ = smote.fit_resample(pixels, labels)
    columns, _ = check.read_shards(store, [ref["uri"] for ref in given["shards"]])
    why = rebuilt_equal(columns, train, pixels, right, right_labels, len(train))
    order = np.argsort(columns["ordinal"])
    base, neighbour = (np.searchsorted(train, columns[name][order]) for name in ("base", "neighbour"))
    made = slice(len(train), None)
    darker = pixels[neighbour[made]] < pixels[base[made]]
    wrapped = np.abs(wrong[made].astype(np.float32) - right[made]) > 2
    side = round((pixels.shape[1] / 3) ** 0.5)
    as_image = lambda row: np.clip(np.rint(row), 0, 255).astype(np.uint8).reshape(3, side, side).transpose(1, 2, 0)
    gaps = columns["gap"][order][made]
    # Three images with a gap near a half, of three classes: there a blend is most of both.
    chosen: list[int] = []
    seen = set()
    for i in np.argsort(np.abs(gaps - 0.5)):
        if right_labels[made][i] not in seen and len(chosen) < 3:
            seen.add(right_labels[made][i])
            chosen.append(len(train) + i)
    rows = [
        np.concatenate([as_image(x) for x in (pixels[base[i]], right[i], wrong[i], pixels[neighbour[i]])], axis=1)
        for i in chosen
    ]
    png(given["image"], np.concatenate(rows))
    return {
        "values": int(darker.size),
        "darker": int(darker.sum()),
        "wrapped": int(wrapped.sum()),
        "equal": why is None,
        "why": why,
        "image": given["image"],
    }


if __name__ == "__main__":
    task, given = sys.argv[1], json.loads(sys.argv[2])
    answer = {"fit_resample": fit_resample, "neighbours": sampled_neighbours, "uint8": uint8}[task](given)
    print(json.dumps(answer))
