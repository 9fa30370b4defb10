#!/usr/bin/env python3
"""Peregrine's networks against the report's, on real images, by the pipeline itself.

    ./peregrine bench networks [PART ...] [--work FOLDER] [--to FILE]

Parts, and what each takes on two cores:
    classifiers   train and test together in stratified folds, several seeds: each classifier's balanced accuracy, and what the
                  later ones have more than the first, paired, with 95 % intervals by Student's t (wikiart6 at side 128: 2 hours)
    autoencoders  what each autoencoder leaves of validation images after the time that the first one takes (20 minutes)
    memory        300 epochs of each network on a small gallery: the trainer's resident memory, third by third (10 minutes)
    short         a tiny gallery, one epoch: every image is tested once, and what was begun is gone on with; other
                  figures mean nothing (a minute; what `verify` runs)
Without a part: classifiers and autoencoders.

Every training is one of a run of its own, one at a time; the run is cancelled once the network in question has been
tested. With --work all of it stays there, and the same words once more go on with what was interrupted. Exit status 1:
a line does not hold.
"""

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import stats

from bench_balance import Memory, Report, paint, processor, say
from peregrine_client import ROOT, Json, Peregrine, moment
from trainings import SEED, Trainings, lay_folds

# A statement, whether it holds, and by which figures.
Line = tuple[str, bool, str]
# What is not measured takes as little as it may.
LEAST = {"classifier": {"preset": "seed-cnn", "epochs": 1}, "autoencoder": {"epochs": 1, "latent": 8}}
LONGEST, SMALLER, STEADY = 360, 0.5, 0.02


def spec(folder: Path, given: argparse.Namespace, seed: int, **rooms: Json) -> Json:
    return (
        {"dataset": given.folder.name, "uri": folder.as_uri(), "image": {"side": given.side}, "balance": {"seed": seed}}
        | LEAST
        | rooms
    )


def preset(name: str, seed: int, epochs: int | None) -> Json:
    """A network by its own defaults, but for what is said."""
    return {"preset": name, "seed": seed} | ({"epochs": epochs} if epochs else {})


def seeds(given: argparse.Namespace) -> range:
    return range(SEED, SEED + given.seeds)


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Mean and half the width of its 95 % interval by Student's t."""
    n = len(values)
    return np.mean(values), stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n) if n > 1 else math.nan


def points(values: Sequence[float] | np.ndarray) -> str:
    mean, half = mean_interval(values)
    return f"{100 * mean:+.1f} points ({100 * (mean - half):+.1f} to {100 * (mean + half):+.1f})"


def seconds(trainings: Iterable[Json]) -> list[float]:
    """Of those that were not interrupted."""
    return [one["seconds"] for one in trainings if one["seconds"] is not None] or [math.nan]


def lasted(time: float) -> str:
    return "interrupted" if math.isnan(time) else f"{time:.0f} s"


def classifiers(report: Report, trainings: Trainings, given: argparse.Namespace) -> list[Line]:
    folds, count = lay_folds(given)
    done = {name: np.empty((given.folds, given.seeds), dtype=object) for name in given.presets}
    for i, fold in enumerate(folds):
        for j, seed in enumerate(seeds(given)):
            for name in given.presets:
                one = done[name][i, j] = trainings.of(
                    "classifier", spec(fold, given, seed, classifier=preset(name, seed, given.epochs))
                )
                say(
                    f"    fold {i + 1}, seed {seed}, {name}: balanced accuracy {one['balancedAccuracy']:.1%}, {lasted(seconds([one])[0])}"
                )

    def measured(name: str, which: str) -> np.ndarray:
        return np.array([[one[which] for one in fold] for fold in done[name]])

    first, *others = given.presets
    rows, lines = [], []
    tested = {tuple(measured(name, "tested").sum(axis=0)) for name in given.presets}
    lines.append(("every image is tested once with each seed", tested == {(count,) * given.seeds}, f"{count:,} images"))
    for name in given.presets:
        balanced, times = measured(name, "balancedAccuracy"), seconds(done[name].ravel())
        more = balanced - measured(first, "balancedAccuracy")
        # Trainings of one fold are tested on the same images: the fold is the unit.
        rows.append(
            [
                f"`{name}`",
                f"{balanced.mean():.1%}",
                f"{measured(name, 'accuracy').mean():.1%}",
                *(["", ""] if name == first else [points(more.mean(axis=1)), points(more.ravel())]),
                done[name][0, 0]["epochs"],
                lasted(statistics.median(times)),
                lasted(max(times)),
            ]
        )
        if name in others:
            mean, half = mean_interval(more.mean(axis=1))
            lines.append(
                (
                    f"`{name}` has more balanced accuracy than `{first}`: the interval over the folds is above 0",
                    mean - half > 0,
                    points(more.mean(axis=1)),
                )
            )
            lines.append(
                (
                    f"a training of `{name}` takes at most {LONGEST // 60} minutes",
                    max(times) <= LONGEST,
                    f"the longest {lasted(max(times))}, at side {given.side} on {os.cpu_count()} cores",
                )
            )
    report.table(
        f"Classifiers on {given.folder.name}, {count:,} images in {given.folds} stratified folds, seeds {SEED} to {SEED + given.seeds - 1}, side {given.side}",
        [
            "preset",
            "balanced accuracy",
            "accuracy",
            f"more than `{first}` (95 %, over the folds)",
            "the same over the trainings, as if independent",
            "epochs",
            "a training",
            "the longest",
        ],
        rows,
        f"Train and test together; each image is tested in one fold. {measured(first, 'duplicates')[:, 0].sum()} times a fold's train and "
        "test hold the same bytes.",
    )
    report.table(
        "Balanced accuracy by fold, means of the seeds",
        ["fold", "tested", *(f"`{name}`" for name in given.presets)],
        [
            [
                i + 1,
                done[first][i, 0]["tested"],
                *(f"{measured(name, 'balancedAccuracy')[i].mean():.1%}" for name in given.presets),
            ]
            for i in range(given.folds)
        ],
    )
    return lines


def autoencoders(report: Report, trainings: Trainings, given: argparse.Namespace) -> list[Line]:
    folds, _ = lay_folds(given)

    def train(name: str, seed: int, epochs: int | None) -> Json:
        one = trainings.of(
            "autoencoder",
            spec(folds[0], given, seed, split={"validation": 0.2}, autoencoder=preset(name, seed, epochs)),
        )
        say(
            f"    seed {seed}, {name}: {one['epochs']} epochs, validation {one['validationLoss']:.1f}, {lasted(seconds([one])[0])}"
        )
        return one

    first, *others = given.autoencoders
    reference = [train(first, seed, given.epochs) for seed in seeds(given)]
    usual = reference[0]["epochs"] * statistics.median(one["epochSeconds"] for one in reference)
    done = {first: reference}
    lines = []
    for name in others:
        epochs = max(1, int(usual / train(name, SEED, 3)["epochSeconds"]))
        done[name] = [train(name, seed, epochs) for seed in seeds(given)]
        ratios = [a["validationLoss"] / b["validationLoss"] for a, b in zip(done[name], reference)]
        lines.append(
            (
                f"`{name}` leaves at most half of the error of `{first}` after the same time",
                statistics.mean(ratios) <= SMALLER,
                f"{statistics.mean(ratios):.2f} of it, {min(ratios):.2f} to {max(ratios):.2f}",
            )
        )
    error = lambda name: [one["validationLoss"] for one in done[name]]
    report.table(
        f"Autoencoders on {given.folder.name}, seeds {SEED} to {SEED + given.seeds - 1}, side {given.side}",
        ["preset", "mean squared error, values of 0 to 255", "its root", "epochs", "a training"],
        [
            [
                f"`{name}`",
                f"{statistics.mean(error(name)):.1f} ({min(error(name)):.1f} to {max(error(name)):.1f})",
                f"{math.sqrt(statistics.mean(error(name))):.1f}",
                done[name][0]["epochs"],
                lasted(statistics.median(seconds(done[name]))),
            ]
            for name in done
        ],
        "Of validation images, a fifth of the first fold's training images. The later ones train for as many epochs as fit into the first one's time.",
    )
    return lines


def memory(report: Report, trainings: Trainings, given: argparse.Namespace, epochs: int = 300) -> list[Line]:
    folder = given.work / "memory"
    paint(folder, 64, sizes={"Baroque": 64, "Cubism": 64, "Pop_Art": 64, "Ukiyo_e": 64})
    rows, lines = [], []
    for pair in zip(given.presets, given.autoencoders):
        rooms = {network: preset(name, SEED, epochs) for network, name in zip(LEAST, pair)}
        run = trainings.begin(
            {"dataset": "memory", "uri": folder.as_uri(), "image": {"side": 64}, "balance": {"strategy": "none"}}
            | rooms,
            str(uuid.uuid4()),
        )
        with Memory(trainings.peregrine.pid("trainer-service"), "VmRSS") as watched:
            details = trainings.tested("autoencoder", run)
        for network, name in zip(LEAST, pair):
            ends = [moment(epoch["time"]) for epoch in details[network]["history"]]
            bounds = [ends[0], ends[len(ends) // 3 - 1], ends[2 * len(ends) // 3 - 1], ends[-1]]
            thirds = [statistics.mean(size for at, size in watched.samples if a < at <= b) for a, b in pairwise(bounds)]
            more = thirds[2] / thirds[1] - 1
            rows.append([f"`{name}`", len(ends), *(f"{size / 1e6:.1f} MB" for size in thirds), f"{more:+.2%}"])
            lines.append(
                (
                    f"`{name}`: resident memory of the last third within {STEADY:.0%} of the second",
                    abs(more) <= STEADY,
                    f"{more:+.2%}",
                )
            )
    report.table(
        f"The trainer's resident memory over {epochs} epochs of 256 images at side 64",
        ["preset", "epochs", "first third", "second", "last", "last to second"],
        rows,
        "One process for all of them, in this order; means of samples every 50 ms.",
    )
    return lines


def short(report: Report, trainings: Trainings, given: argparse.Namespace) -> list[Line]:
    folder = given.work / "short"
    paint(folder, 32, sizes={"Baroque": 24, "Cubism": 16, "Pop_Art": 16, "Ukiyo_e": 16})
    tiny = argparse.Namespace(**vars(given) | {"folder": folder, "side": 32, "folds": 2, "seeds": 1, "epochs": 1})
    once, *_ = classifiers(report, trainings, tiny)
    # The same one twice: what is tried is the measurement.
    autoencoders(report, trainings, argparse.Namespace(**vars(tiny) | {"autoencoders": given.autoencoders[:1] * 2}))
    one = spec(lay_folds(tiny)[0][0], tiny, SEED, classifier=preset(given.presets[0], SEED, 1))
    before = trainings.of("classifier", one)
    again = Trainings(trainings.peregrine, given.work / "again.jsonl").of("classifier", one)
    return [
        once,
        (
            "what was begun is gone on with: the same run, the same figures",
            again == before | {"seconds": None},
            before["run"],
        ),
    ]


PARTS = {"classifiers": classifiers, "autoencoders": autoencoders, "memory": memory, "short": short}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./peregrine bench networks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT.parent / "shared/images/wikiart6",
        help="labelled images, with or without splits",
    )
    parser.add_argument(
        "--presets",
        nargs="+",
        default=["seed-cnn", "resnet"],
        metavar="NAME",
        help="classifiers, the one to beat first",
    )
    parser.add_argument(
        "--autoencoders",
        nargs="+",
        default=["seed-autoencoder", "resnet-autoencoder"],
        metavar="NAME",
        help="autoencoders, the one to beat first",
    )
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--epochs", type=int, help="of every training that time does not limit (default: each preset's own)"
    )
    parser.add_argument("--work", type=Path, help="folder for everything, to go on from (default: a temporary one)")
    parser.add_argument("--to", type=Path, help="also write the tables as markdown to this file")
    given = parser.parse_args()
    parts = given.parts or ["classifiers", "autoencoders"]
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    given.folder = given.folder.resolve()
    if {"classifiers", "autoencoders"} & set(parts) and not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}; name one with --folder")
    kept = given.work is not None
    given.work = (given.work or Path(tempfile.mkdtemp(prefix="peregrine-networks-"))).resolve()
    given.work.mkdir(parents=True, exist_ok=True)
    report, lines = Report(), []
    peregrine = Peregrine(given.work / "data", [given.work, *([given.folder] if given.folder.is_dir() else [])])
    try:
        for part in parts:
            say(f"== {part}")
            lines += PARTS[part](report, Trainings(peregrine, given.work / "trainings.jsonl"), given)
    except BaseException:
        say(f"Ended early; trainings and the services' logs are kept in {given.work}.")
        raise
    finally:
        peregrine.down()
    report.table(
        "What it shows",
        ["line", "", ""],
        [[line, "holds" if holds else "DOES NOT HOLD", words] for line, holds, words in lines],
    )
    if not kept:
        shutil.rmtree(given.work)
    if given.to:
        given.to.write_text(
            f"Taken by `./peregrine bench networks {' '.join(parts)}` on {os.cpu_count()} cores ({processor()}).\n\n"
            + "\n".join(report.parts)
        )
    return 0 if all(holds for _, holds, _ in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
