#!/usr/bin/env python3
"""Rebuilds a balanced set from Peregrine's artefacts and finds it equal to imbalanced-learn's, bit for bit.

Reads with numpy and safetensors alone. The reference is SMOTE(...).fit_resample(X.astype(float32), y) on the same
pixels, in imbalanced-learn; the shuffle is numpy.random.RandomState(seed).permutation.

    check_balanced_set.py --spec RUN_JSON STORE MANIFEST_TENSORS MANIFEST_JSON SHARD...
    check_balanced_set.py --strategy auto --neighbours 5 --seed 42 STORE MANIFEST_TENSORS MANIFEST_JSON SHARD...

What was asked for comes from the run's specification or from the command line. A strategy is what the specification
takes: none, auto, minority, "not minority", all, a ratio such as 0.75, {"atLeast": 200}, {"counts": {"Cubism": 600}}.

Every artefact is a file or a reference into the store (store:shard/3f/3fab...); shards stand in the order of
dataset.balanced. Exit status: 0 equal, 1 not equal, 2 wrong usage.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from imblearn.over_sampling import SMOTE
from safetensors import safe_open
from safetensors.numpy import load_file

SHARD_ROWS = 4096
TRAIN = 1
# Rows compared at a time: the whole set as floats may be large.
BLOCK_ROWS = 256


class NotEqual(Exception):
    """What was found instead of what the reference has."""


def must(holds, message):
    if not holds:
        raise NotEqual(message)


class Store:
    def __init__(self, root):
        self.root = Path(root)

    def path(self, name):
        """A file, or an artefact of the store whose content must hash to its name."""
        if not name.startswith("store:"):
            return Path(name)
        path = self.root / name.removeprefix("store:")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        must(digest == path.stem, f"{name} hashes to {digest}")
        return path


def read_train(store, tensors_name, json_name):
    """The train split in row order: manifest rows [n], pixels u8 [n, 3 * side * side], labels [n], class names."""
    tensors = load_file(store.path(tensors_name))
    beside = json.loads(store.path(json_name).read_text(encoding="utf-8"))
    rows = len(beside["rows"])
    must(np.array_equal(tensors["row"], np.arange(rows)), "the manifest's rows are not 0, 1, 2, ...")
    for name in ("label", "split", "pack", "index"):
        must(tensors[name].shape == (rows,), f"the manifest's {name} has shape {tensors[name].shape}, not ({rows},)")
    refused = np.array([row.get("reason") is not None for row in beside["rows"]], dtype=bool)
    must(np.array_equal(refused, tensors["pack"] < 0), "manifest.json and its tensors disagree on what was refused")

    train = np.flatnonzero((tensors["split"] == TRAIN) & (tensors["pack"] >= 0))
    side = beside["side"]
    pixels = np.empty((len(train), 3 * side * side), dtype=np.uint8)
    for number in np.unique(tensors["pack"][train]):
        pack = load_file(store.path(beside["packs"][number]["uri"]))["pixels"]
        must(pack.dtype == np.uint8 and pack.shape[1:] == (3, side, side), f"pack {number} is {pack.shape}")
        here = tensors["pack"][train] == number
        pixels[here] = pack[tensors["index"][train][here]].reshape(-1, 3 * side * side)
    return train, pixels, tensors["label"][train], beside["classes"]


def read_shards(store, names):
    """The five columns of all shards, one behind the other, and their common header."""
    columns = {name: [] for name in ("base", "neighbour", "gap", "label", "ordinal")}
    headers = []
    for place, name in enumerate(names):
        path = store.path(name)
        with safe_open(path, "np") as file:
            headers.append(file.metadata())
        shard = load_file(path)
        must(set(shard) == set(columns), f"shard {place} has the tensors {sorted(shard)}")
        length = len(shard["base"])
        full = place + 1 < len(names)
        must(length == SHARD_ROWS if full else 0 < length <= SHARD_ROWS, f"shard {place} has {length} rows")
        for column in columns:
            kind = np.float64 if column == "gap" else np.int64
            must(shard[column].dtype == kind and shard[column].shape == (length,), f"{column} of shard {place}")
            columns[column].append(shard[column])
    must(all(header == headers[0] for header in headers), "the shards' headers differ")
    return {name: np.concatenate(parts) for name, parts in columns.items()}, headers[0]


def sampling_strategy(strategy, labels, classes):
    """The specification's strategy in imbalanced-learn's terms; None: no synthetic rows."""
    if strategy == "none":
        return None
    if not isinstance(strategy, dict):
        return strategy
    present = dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True))))
    if "atLeast" in strategy:
        return {label: max(count, strategy["atLeast"]) for label, count in present.items()}
    return {classes.index(name): count for name, count in strategy["counts"].items()}


def strategy_of(text):
    """A strategy from the command line: a ratio or an object is JSON, anything else a name."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def asked_for(given, store):
    """Strategy, neighbours and seed, from the run's specification or from the command line."""
    if given.spec is None:
        return given.strategy, given.neighbours, given.seed
    balance = json.loads(store.path(given.spec).read_text(encoding="utf-8"))["balance"]
    return balance["strategy"], balance["neighbours"], balance["seed"]


def reference(pixels, labels, strategy, neighbours, seed):
    # float32, as imbalanced-learn keeps the type that it is given: uint8 would wrap around.
    floats = pixels.astype(np.float32)
    if strategy is None:
        return floats, labels
    smote = SMOTE(sampling_strategy=strategy, k_neighbors=neighbours, random_state=seed)
    return smote.fit_resample(floats, labels)


def compare(columns, header, train, pixels, expected, expected_labels, seed):
    rows = len(columns["ordinal"])
    must(rows == len(expected_labels), f"{rows} rows; the reference has {len(expected_labels)}")
    order = np.random.RandomState(seed).permutation(rows)
    must(np.array_equal(columns["ordinal"], order), f"the shuffle is not RandomState({seed}).permutation({rows})")

    place = np.empty(rows, dtype=np.int64)
    place[columns["ordinal"]] = np.arange(rows)
    columns = {name: column[place] for name, column in columns.items()}
    must(np.array_equal(columns["label"], expected_labels), "the labels differ from the reference's")
    real = len(train)
    must(np.array_equal(columns["base"][:real], train), "the real rows are not the train split in row order")
    must(np.array_equal(columns["neighbour"][:real], train), "a real row has another neighbour than itself")
    must(not columns["gap"][:real].any(), "a real row has a gap")

    base = np.searchsorted(train, columns["base"])
    neighbour = np.searchsorted(train, columns["neighbour"])
    must(np.array_equal(train[base.clip(max=real - 1)], columns["base"]), "a base is no row of the train split")
    must(np.array_equal(train[neighbour.clip(max=real - 1)], columns["neighbour"]), "a neighbour is no training row")
    different = []
    for start in range(0, rows, BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        from_here = pixels[base[block]].astype(np.float32)
        to_there = pixels[neighbour[block]].astype(np.float32)
        rebuilt = (from_here + columns["gap"][block, None] * (to_there - from_here)).astype(np.float32)
        same = (rebuilt.view(np.uint32) == expected[block].view(np.uint32)).all(axis=1)
        different.extend((start + np.flatnonzero(~same)).tolist())
    ties = int(header["tied_rows"])
    hint = f"; {ties} pictures have tied neighbours, whose order is arbitrary in the reference" if ties else ""
    must(not different, f"{len(different)} of {rows} rows differ, the first at ordinal {different[:1]}{hint}")
    return rows, rows - real


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", help="the run's run.json; or say --strategy, --neighbours and --seed")
    parser.add_argument("--strategy", type=strategy_of, help="a name, a ratio or a JSON object")
    parser.add_argument("--neighbours", type=int, help="SMOTE's k")
    parser.add_argument("--seed", type=int, help="of the recipes and of the shuffle, 0 to 4294967295")
    parser.add_argument("store", help="the store's folder")
    parser.add_argument("manifest_tensors", help="the manifest's .safetensors")
    parser.add_argument("manifest_json", help="the manifest's .json")
    parser.add_argument("shards", nargs="+", help="recipe shards, in the order of dataset.balanced")
    given = parser.parse_args()
    by_hand = [given.strategy, given.neighbours, given.seed]
    if None in by_hand if given.spec is None else by_hand != [None] * 3:
        parser.error("give either --spec, or all of --strategy, --neighbours and --seed")
    store = Store(given.store)
    try:
        strategy, neighbours, seed = asked_for(given, store)
        train, pixels, labels, classes = read_train(store, given.manifest_tensors, given.manifest_json)
        columns, header = read_shards(store, given.shards)
        said = {"seed": header["seed"], "neighbours": header["neighbours"]}
        must(said == {"seed": str(seed), "neighbours": str(neighbours)}, f"the shards' header says {said}")
        strategy = sampling_strategy(strategy, labels, classes)
        expected, expected_labels = reference(pixels, labels, strategy, neighbours, seed)
        rows, synthetic = compare(columns, header, train, pixels, expected, expected_labels, seed)
    except NotEqual as difference:
        print(f"not equal: {difference}", file=sys.stderr)
        return 1
    print(f"equal, bit for bit: {rows} rows, {synthetic} of them synthetic, {pixels.shape[1]} values each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
