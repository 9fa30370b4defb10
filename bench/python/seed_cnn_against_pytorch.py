#!/usr/bin/env python3
"""Trains seed-cnn with Peregrine and with PyTorch on the same pixels, and compares where both end.

    bench/python/.venv-torch/bin/python bench/python/seed_cnn_against_pytorch.py FOLDER [--side 96] [--epochs 10] [--seeds 5]

Peregrine is brought up over a data folder of its own and given one run for each seed, without balancing; PyTorch trains
on the packs that those runs made. Random draws differ between the two, so what must agree is the mean over the seeds:
of the last epoch's training loss, and of the balanced accuracy on the test images. Exit status: 0 if each pair of means
differs by less than two standard errors of their difference, 1 if not.
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from peregrine_client import Json, Peregrine, Store

TEST, TRAIN = 0, 1
BATCH = 32
LEARNING_RATE = 0.01

# Pixels u8 [n, 3, side, side] and labels i64 [n].
Split = tuple[torch.Tensor, torch.Tensor]


class SeedCnn(nn.Module):
    """The report's classifier, as its script wrote it."""

    def __init__(self, side: int, classes: int) -> None:
        super().__init__()
        layers, size, channels = [], side, 3
        for out in (16, 32, 64):
            layers += [
                nn.Conv2d(channels, out, 2, padding=2),
                nn.BatchNorm2d(out),
                nn.ReLU(),
                nn.MaxPool2d(4, padding=2),
            ]
            size, channels = (size + 3 + 4 - 4) // 4 + 1, out
        self.features = nn.Sequential(*layers)
        self.linear1 = nn.Linear(channels * size * size, 300)
        self.dropout = nn.Dropout(0.1)
        self.linear2 = nn.Linear(300, classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = torch.flatten(self.features(pixels), 1)
        return torch.log_softmax(self.linear2(torch.relu(self.dropout(self.linear1(x)))), dim=1)


def train_with_peregrine(given: argparse.Namespace, data: Path) -> tuple[list[tuple[float, float]], Json]:
    """One run for each seed: (last training loss, balanced accuracy) [seeds], and the runs' manifest."""
    spec = data / "spec.json"
    results: list[tuple[float, float]] = []
    manifest: Json = {}
    peregrine = Peregrine(data, [given.folder.resolve()])
    try:
        for seed in range(given.seeds):
            spec.write_text(
                json.dumps(
                    {
                        "classifier": {
                            "preset": "seed-cnn",
                            "epochs": given.epochs,
                            "batchSize": BATCH,
                            "learningRate": LEARNING_RATE,
                            "seed": seed,
                        },
                        # Of no interest here, and a run has one.
                        "autoencoder": {"epochs": 1, "latent": 20},
                    }
                )
            )
            summary = json.loads(
                peregrine.command(
                    *("run", given.folder, "--data", data, "--spec", spec, "--side", given.side),
                    *("--strategy", "none", "--json"),
                )
            )
            run = peregrine.get(peregrine.run_address(summary["run"]))
            loss = run["classifier"]["history"][-1]["measures"]["loss"]
            results.append((loss, run["classifier"]["test"]["balancedAccuracy"]))
            print(
                f"peregrine  seed {seed}  loss {results[-1][0]:.4f}  balanced accuracy {results[-1][1]:.4f}", flush=True
            )
            manifest = run["manifest"]
    finally:
        peregrine.down()
    return results, manifest


def read_split(store: Store, manifest: Json, split: int) -> Split:
    """Pixels u8 [n, 3, side, side] and labels i64 [n] of a split, in row order."""
    tensors = store.tensors(manifest["tensors"]["uri"])
    packs = [store.tensors(pack["uri"])["pixels"] for pack in store.json(manifest["json"]["uri"])["packs"]]
    rows = np.flatnonzero((tensors["split"] == split) & (tensors["pack"] >= 0))
    pixels = np.stack([packs[tensors["pack"][row]][tensors["index"][row]] for row in rows])
    return torch.from_numpy(pixels), torch.from_numpy(tensors["label"][rows])


def train_with_pytorch(seed: int, epochs: int, train: Split, test: Split) -> tuple[float, float]:
    """One training: (last training loss, balanced accuracy)."""
    torch.manual_seed(seed)
    pixels, labels = train
    classes = int(max(labels.max(), test[1].max())) + 1
    network = SeedCnn(pixels.shape[-1], classes)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.nll_loss(network(pixels[rows].float()), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(part.float()).argmax(1) for part in test[0].split(BATCH)])
    recall = [(found[test[1] == label] == label).double().mean().item() for label in test[1].unique()]
    return total / len(labels), sum(recall) / len(recall)


def compare(name: str, ours: np.ndarray, theirs: np.ndarray) -> bool:
    error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    apart = ours.mean() - theirs.mean()
    agree = abs(apart) < 2 * error
    print(
        f"{name:18} peregrine {ours.mean():.4f} ± {ours.std(ddof=1):.4f}  pytorch {theirs.mean():.4f} ± "
        f"{theirs.std(ddof=1):.4f}  apart {apart:+.4f} = {apart / error:+.2f} standard errors"
        f"  {'agree' if agree else 'DIFFER'}"
    )
    return agree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="labelled images with train/ and test/")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5, help="0 to one below; at least 2")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peregrine-seed-cnn-") as folder:
        data = Path(folder)
        ours, manifest = train_with_peregrine(given, data)
        train, test = (read_split(Store(data / "store"), manifest, split) for split in (TRAIN, TEST))
    print(f"{len(train[1])} images to learn from, {len(test[1])} to test", flush=True)
    theirs = []
    for seed in range(given.seeds):
        theirs.append(train_with_pytorch(seed, given.epochs, train, test))
        print(f"pytorch    seed {seed}  loss {theirs[-1][0]:.4f}  balanced accuracy {theirs[-1][1]:.4f}", flush=True)
    agree = [
        compare(name, np.array([o[i] for o in ours]), np.array([t[i] for t in theirs]))
        for i, name in enumerate(("training loss", "balanced accuracy"))
    ]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
