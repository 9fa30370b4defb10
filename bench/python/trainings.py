"""Trainings of a measurement: stratified folds of a folder of images, and networks trained on them by the pipeline
itself.

What bench_networks.py measures with.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from peregrine_client import Json, Peregrine, moment

SPLITS = ("train", "test", "validation", "val")
SUFFIXES = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif", ".jfif", ".jpe"}
SEED = 42


def images(folder: Path) -> list[tuple[str, str, Path]]:
    """Every image of a folder, those of its splits together: (class, a name of its own, file)."""
    roots = [folder / split for split in SPLITS if (folder / split).is_dir()] or [folder]
    return sorted(
        (path.relative_to(root).parts[0], "-".join(path.relative_to(folder).parts), path)
        for root in roots
        for path in root.glob("*/**/*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def lay_folds(given: argparse.Namespace) -> tuple[list[Path], int]:
    """Stratified folds as folders of links, named by what they hold: FOLD/{train,test}/<class>/."""
    found = images(given.folder)
    labels = [label for label, _, _ in found]
    few = [f"{label} ({labels.count(label)})" for label in sorted(set(labels)) if labels.count(label) < given.folds]
    if few or not found:
        raise SystemExit(
            f"{given.folds} folds need as many images of each class of {given.folder}; there are too few of "
            f"{', '.join(few) or 'everything'}"
        )
    listing = "".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n" for _, _, path in found)
    home = given.work / f"folds-{given.folds}-{hashlib.sha256(listing.encode()).hexdigest()[:12]}"
    if not home.is_dir():
        aside = home.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        cut = StratifiedKFold(given.folds, shuffle=True, random_state=SEED).split(labels, labels)
        for fold, (_, tested) in enumerate(cut, 1):
            sides = np.full(len(found), "train")
            sides[tested] = "test"
            for side, (label, name, path) in zip(sides, found):
                link = aside / str(fold) / side / label / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
        aside.rename(home)
    return [home / str(fold) for fold in range(1, given.folds + 1)], len(found)


class Trainings:
    """Trainings by the pipeline: how one ended is kept in a file, one that was begun is gone on with."""

    def __init__(self, peregrine: Peregrine, file: Path) -> None:
        self.peregrine, self.file = peregrine, file
        self.ended = dict(json.loads(line) for line in file.read_text().splitlines()) if file.exists() else {}

    def of(self, network: str, spec: Json) -> Json:
        key = f"{network}-{hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()}"
        if key not in self.ended:
            self.ended[key] = self.train(network, spec, key)
            with self.file.open("a") as out:
                out.write(json.dumps([key, self.ended[key]]) + "\n")
        return self.ended[key]

    def begin(self, spec: Json, key: str) -> str:
        """The run of a key: also one that an interrupted measurement left half-way."""
        return self.peregrine.publish_once(spec, key)

    def train(self, network: str, spec: Json, key: str) -> Json:
        asked = time.time()
        run = self.begin(spec, key)
        details = self.tested(network, run)
        history, test = details[network]["history"], details[network]["test"]
        ends = [moment(epoch["time"]) for epoch in history]
        # The classifier is trained first.
        began = moment(
            details["classifier"]["history"][-1]["time"]
            if network == "autoencoder"
            else self.peregrine.get(f"{self.peregrine.run_address(run, 'balance')}/balance")["balancedAt"]
        )
        return {
            "run": run,
            "epochs": len(ends),
            # Of a training that was interrupted nobody can tell.
            "seconds": None if moment(details["created"]) < asked else ends[-1] - began,
            "epochSeconds": statistics.median(end - before for before, end in zip([began, *ends], ends)),
            "validationLoss": history[-1]["measures"].get("validationLoss"),
            "accuracy": test.get("accuracy"),
            "balancedAccuracy": test.get("balancedAccuracy"),
            "tested": sum(map(sum, test.get("confusion", []))),
            "duplicates": details["duplicatesAcrossSplits"],
        }

    def tested(self, network: str, run: str) -> Json:
        """Waits until a run has tested a network, and cancels what is left of it."""
        details = self.peregrine.wait_for(run, lambda told: bool((told.get(network) or {}).get("test")))
        self.peregrine.cancel(run)
        return details
