#!/usr/bin/env python3
"""Rebuilds a balanced set from Peregrine's artifacts and finds it equal to imbalanced-learn's, bit for bit.

Reads with numpy and safetensors alone. The reference is SMOTE(...).fit_resample(X.astype(float32), y) on the same
pixels, in imbalanced-learn; the shuffle is numpy.random.RandomState(seed).permutation.

    check_balanced_set.py --spec RUN_JSON STORE MANIFEST_TENSORS MANIFEST_JSON SHARD...
    check_balanced_set.py --strategy auto --neighbours 5 --seed 42 STORE MANIFEST_TENSORS MANIFEST_JSON SHARD...

What was asked for comes from the run's specification or from the command line. A strategy is what the specification
takes: none, auto, minority, "not minority", all, a ratio such as 0.75, {"atLeast": 200}, {"counts": {"Cubism": 600}}.

Every artifact is a file or a reference into the store (store:shard/3f/3fab...); shards stand in the order of
dataset.balanced. Exit status: 0 equal, 1 not equal, 2 wrong usage.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from safetensors import safe_open
from safetensors.numpy import load_file
from sklearn.neighbors import NearestNeighbors

import peregrine_client
from peregrine_client import Json

SHARD_ROWS = 4096
TRAIN = 1
ADAPTIVE_MOST = 5
# Rows compared at a time: the whole set as floats may be large.
BLOCK_ROWS = 256


class NotEqual(Exception):
    """What was found instead of what the reference has."""


def must(holds: object, message: str) -> None:
    if not holds:
        raise NotEqual(message)


class Store(peregrine_client.Store):
    """A store whose artifacts are hashed when they are read."""

    def path(self, name: str) -> Path:
        """A file, or an artifact of the store whose content must hash to its name."""
        path = super().path(name)
        if not name.startswith(peregrine_client.STORE_SCHEME):
            return path
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        must(digest == path.stem, f"{name} hashes to {digest}")
        return path


def read_train(store: Store, tensors_name: str, json_name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """The train split in row order: manifest rows [n], pixels u8 [n, 3 * side * side], labels [n], class names."""
    tensors = store.tensors(tensors_name)
    beside = store.json(json_name)
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
        pack = store.tensors(beside["packs"][number]["uri"])["pixels"]
        must(pack.dtype == np.uint8 and pack.shape[1:] == (3, side, side), f"pack {number} is {pack.shape}")
        here = tensors["pack"][train] == number
        pixels[here] = pack[tensors["index"][train][here]].reshape(-1, 3 * side * side)
    return train, pixels, tensors["label"][train], beside["classes"]


def read_shards(store: Store, names: list[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The five columns of all shards, one behind the other, and their common header."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("base", "neighbour", "gap", "label", "ordinal")}
    headers = []
    size = SHARD_ROWS
    for place, name in enumerate(names):
        path = store.path(name)
        with safe_open(path, "np") as file:
            headers.append(file.metadata())
        shard = load_file(path)
        must(set(shard) == set(columns), f"shard {place} has the tensors {sorted(shard)}")
        length = len(shard["base"])
        full = place + 1 < len(names)
        if place == 0 and full:
            size = length
        # Larger sets have larger shards: 4,096 rows, doubled.
        doubled = size >= SHARD_ROWS and size & (size - 1) == 0
        must(length == size and doubled if full else 0 < length <= size, f"shard {place} has {length} rows")
        for column in columns:
            kind = np.float64 if column == "gap" else np.int64
            must(shard[column].dtype == kind and shard[column].shape == (length,), f"{column} of shard {place}")
            columns[column].append(shard[column])
    must(all(header == headers[0] for header in headers), "the shards' headers differ")
    return {name: np.concatenate(parts) for name, parts in columns.items()}, headers[0]


def sampling_strategy(strategy: Any, labels: np.ndarray, classes: list[str]) -> Any:
    """The specification's strategy in imbalanced-learn's terms; None: no synthetic rows."""
    if strategy == "none":
        return None
    if not isinstance(strategy, dict):
        return strategy
    present = dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True))))
    if "atLeast" in strategy:
        return {label: max(count, strategy["atLeast"]) for label, count in present.items()}
    return {classes.index(name): count for name, count in strategy["counts"].items()}


def strategy_of(text: str) -> Any:
    """A strategy from the command line: a ratio or an object is JSON, anything else a name."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def asked_for(given: argparse.Namespace, store: Store) -> Json:
    """The specification's 'balance', from the run's specification or from the command line."""
    if given.spec is None:
        return {"strategy": given.strategy, "neighbours": given.neighbours, "seed": given.seed}
    return store.json(given.spec)["balance"]


def growing(strategy: Any, labels: np.ndarray) -> dict[int, int]:
    """By class in label order how many rows SMOTE makes: imbalanced-learn's own reading of the strategy."""
    smote = SMOTE(sampling_strategy=strategy)
    from imblearn.utils import check_sampling_strategy

    return check_sampling_strategy(smote.sampling_strategy, labels, "over-sampling")


def evenly(floats: np.ndarray, labels: np.ndarray, label: int, count: int, k: int, seed: int) -> np.ndarray:
    """The paper's quota: each row is a base equally often, what is left over goes to the first of a permutation."""
    own = floats[labels == label]
    nearest = NearestNeighbors(n_neighbors=k + 1).fit(own).kneighbors(own, return_distance=False)[:, 1:]
    state = np.random.RandomState(seed)
    rounds = count // len(own)
    left_over = count - rounds * len(own)
    last = state.permutation(len(own))[:left_over] if left_over else np.empty(0, dtype=int)
    base = np.concatenate([np.tile(np.arange(len(own)), rounds), last])
    rank = state.randint(0, k, size=count)
    gap = state.uniform(size=count)[:, None]
    return (own[base] + gap * (own[nearest[base, rank]] - own[base])).astype(np.float32)


def smote(floats: np.ndarray, labels: np.ndarray, strategy: Any, balance: Json) -> tuple[np.ndarray, np.ndarray]:
    seed, asked = balance["seed"], balance["neighbours"]
    if asked != "adaptive" and balance.get("baseSampling", "random") == "random":
        return SMOTE(sampling_strategy=strategy, k_neighbors=asked, random_state=seed).fit_resample(floats, labels)
    rows, made_labels = [floats], [labels]
    for label, count in growing(strategy, labels).items():
        if count == 0:
            continue
        real = int((labels == label).sum())
        k = min(ADAPTIVE_MOST, real - 1) if asked == "adaptive" else asked
        if balance.get("baseSampling", "random") == "even":
            rows.append(evenly(floats, labels, label, count, k, seed))
        else:
            # Each class begins the stream anew, so classes may be asked for one by one.
            one = SMOTE(sampling_strategy={label: real + count}, k_neighbors=k, random_state=seed)
            rows.append(one.fit_resample(floats, labels)[0][len(labels) :])
        made_labels.append(np.full(count, label))
    return np.concatenate(rows), np.concatenate(made_labels)


def reference(
    pixels: np.ndarray, labels: np.ndarray, strategy: Any, balance: Json
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Rows and labels, and for methods that only pick the picks: places in the train split [rows]."""
    # float32, as imbalanced-learn keeps the type that it is given: uint8 would wrap around.
    floats = pixels.astype(np.float32)
    method, seed = balance.get("method", "smote"), balance["seed"]
    if method == "class-weights" or strategy is None:
        picks = np.arange(len(labels))
    elif method == "smote":
        return *smote(floats, labels, strategy, balance), None
    else:
        sampler = {"random-over": RandomOverSampler, "random-under": RandomUnderSampler}[method]
        drawn = sampler(sampling_strategy=strategy, random_state=seed)
        drawn.fit_resample(floats, labels)
        picks = drawn.sample_indices_
    return floats[picks], labels[picks], picks


def compare(
    columns: dict[str, np.ndarray],
    header: dict[str, str],
    train: np.ndarray,
    pixels: np.ndarray,
    expected: np.ndarray,
    expected_labels: np.ndarray,
    picks: np.ndarray | None,
    seed: int,
) -> tuple[int, int]:
    rows = len(columns["ordinal"])
    must(rows == len(expected_labels), f"{rows} rows; the reference has {len(expected_labels)}")
    order = np.random.RandomState(seed).permutation(rows)
    must(np.array_equal(columns["ordinal"], order), f"the shuffle is not RandomState({seed}).permutation({rows})")

    place = np.empty(rows, dtype=np.int64)
    place[columns["ordinal"]] = np.arange(rows)
    columns = {name: column[place] for name, column in columns.items()}
    must(np.array_equal(columns["label"], expected_labels), "the labels differ from the reference's")
    real = len(train)
    if picks is not None:
        must(np.array_equal(columns["base"], train[picks]), "other images are picked than the reference picks")
        must(np.array_equal(columns["neighbour"], columns["base"]), "a picked row has another neighbour than itself")
        must(not columns["gap"].any(), "a picked row has a gap")
        return rows, max(0, rows - real)
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
    hint = f"; {ties} images have tied neighbours, whose order is arbitrary in the reference" if ties else ""
    must(not different, f"{len(different)} of {rows} rows differ, the first at ordinal {different[:1]}{hint}")
    return rows, rows - real


def check(
    store: Store, balance: Json, manifest_tensors: str, manifest_json: str, shards: list[str]
) -> tuple[int, int, int]:
    """Compares one balanced set.

    Returns rows and how many of them were made; raises NotEqual."""
    train, pixels, labels, classes = read_train(store, manifest_tensors, manifest_json)
    columns, header = read_shards(store, shards)
    said = {"seed": header["seed"], "neighbours": header["neighbours"]}
    asked = {"seed": str(balance["seed"]), "neighbours": str(balance["neighbours"])}
    must(said == asked, f"the shards' header says {said}")
    strategy = sampling_strategy(balance["strategy"], labels, classes)
    expected, expected_labels, picks = reference(pixels, labels, strategy, balance)
    return *compare(columns, header, train, pixels, expected, expected_labels, picks, balance["seed"]), pixels.shape[1]


def check_cases(store: Store, file: Path) -> None:
    """Many sets of one store: each line a JSON object {spec, tensors, json, shards, tied}.

    A set with ties may differ, and is only counted."""
    equal = tied = made = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        case = json.loads(line)
        balance = store.json(case["spec"])["balance"]
        try:
            made += check(store, balance, case["tensors"], case["json"], case["shards"])[1]
            equal += 1
        except NotEqual as difference:
            if not case["tied"]:
                raise NotEqual(f"case {number}, {json.dumps(balance)}: {difference}") from difference
            tied += 1
    print(f"equal, bit for bit: {equal} cases, {made} synthetic rows; {tied} with ties differ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", help="the run's run.json; or say --strategy, --neighbours and --seed")
    parser.add_argument("--cases", type=Path, help="a file of many cases in place of manifest and shards")
    parser.add_argument("--strategy", type=strategy_of, help="a name, a ratio or a JSON object")
    parser.add_argument("--neighbours", type=int, help="SMOTE's k")
    parser.add_argument("--seed", type=int, help="of the recipes and of the shuffle, 0 to 4294967295")
    parser.add_argument("store", help="the store's folder")
    parser.add_argument("manifest_tensors", nargs="?", help="the manifest's .safetensors")
    parser.add_argument("manifest_json", nargs="?", help="the manifest's .json")
    parser.add_argument("shards", nargs="*", help="recipe shards, in the order of dataset.balanced")
    given = parser.parse_args()
    by_hand = [given.strategy, given.neighbours, given.seed]
    store = Store(given.store)
    try:
        if given.cases:
            check_cases(store, given.cases)
            return 0
        if None in by_hand if given.spec is None else by_hand != [None] * 3:
            parser.error("give either --spec, or all of --strategy, --neighbours and --seed")
        if not given.shards:
            parser.error("name the manifest's two files and the shards")
        balance = asked_for(given, store)
        rows, made, values = check(store, balance, given.manifest_tensors, given.manifest_json, given.shards)
    except NotEqual as difference:
        print(f"not equal: {difference}", file=sys.stderr)
        return 1
    print(f"equal, bit for bit: {rows} rows, {made} of them synthetic, {values} values each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
