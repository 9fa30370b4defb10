#!/usr/bin/env python3
"""Peregrine's trainer against PyTorch: the same networks, images, batches and threads, in turn, in one run.

    ./peregrine bench train [--networks NAME ...] [--sides N ...] [--pairs N] [--device gpu:0] [--to FILE]

Three columns: Peregrine, in the environment that it is launched in; PyTorch as pip installs it; PyTorch given the
switches that make Peregrine fast (huge pages, jemalloc where this machine has it, a fused Adam). Each measurement is a
process of its own, and first trains for some seconds that do not count. Images per second are batch over the median
step, reading included on both sides; medians of all pairs, and the median of the pairs' ratios. Waiting and the
optimizer are shares of whole epochs. Memory is what the process held at most (VmHWM). The images are paintings of the
demo's gallery, four batches of them, that come again as often as an epoch takes. Takes some 30 minutes on two quiet
cores, six with --pairs 1; beside other work no figure means anything. Needs the larger Python (bench/python/setup.sh
torch, which this command runs).
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

from bench_balance import SIDE_ENVIRONMENT, Memory, of_service, paint, processor, say
from peregrine_client import ROOT, Json

CLASSES = {"Baroque": 0, "Cubism": 1, "Pop_Art": 2, "Ukiyo_e": 3}
# Empty where there is none; the options are those of Jemalloc.java.
JEMALLOC = subprocess.run(
    [ROOT / "deploy/jemalloc/setup.sh"], check=True, stdout=subprocess.PIPE, text=True
).stdout.strip()
ALLOCATOR = (
    {"LD_PRELOAD": JEMALLOC, "MALLOC_CONF": "oversize_threshold:0,narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:0"}
    if JEMALLOC
    else {}
)
SWITCHES = {"THP_MEM_ALLOC_ENABLE": "1"} | ALLOCATOR
# What ./peregrine starts the trainer with.
LAUNCHED = {"MALLOC_ARENA_MAX": "2", "OMP_WAIT_POLICY": "PASSIVE"} | ALLOCATOR


def draw(work: Path, side: int, count: int) -> Path:
    """A file of `count` paintings, equally many of each class."""
    folder = work / f"paintings-{side}"
    paint(folder, side, sizes={name: count // len(CLASSES) for name in CLASSES})
    files = [(file, label) for name, label in CLASSES.items() for file in sorted(folder.rglob(f"{name}/*.png"))]
    pixels = np.stack([np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file, _ in files])
    drawn = work / f"{side}.safetensors"
    save_file({"pixels": np.ascontiguousarray(pixels), "labels": np.array([label for _, label in files])}, drawn)
    shutil.rmtree(folder)
    return drawn


def measure(command: Iterable[object], environment: Mapping[str, str]) -> Json:
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with Memory(process.pid, "VmHWM") as watched:
        out, _ = process.communicate()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if process.returncode or not lines:
        raise SystemExit(f"ended with status {process.returncode}: {' '.join(map(str, command))}")
    return json.loads(lines[-1]) | {"peak": watched.peak}


def ours(work: Path, network: str, drawn: Path, given: argparse.Namespace, threads: int) -> Json:
    with tempfile.TemporaryDirectory(dir=work) as store:
        return measure(
            of_service(
                "trainer-service",
                "io.peregrine.trainer.run.TrainingSpeed",
                network,
                drawn,
                store,
                given.batch,
                given.batches,
                given.epochs,
                threads,
                given.warm_up,
                given.device,
                options=("-Xmx768m",),
            ),
            os.environ | LAUNCHED,
        )


def theirs(network: str, drawn: Path, given: argparse.Namespace, threads: int, switched: bool) -> Json:
    environment = {k: v for k, v in os.environ.items() if k not in {*SIDE_ENVIRONMENT, *SWITCHES}}
    environment["OMP_NUM_THREADS"] = str(threads)
    return measure(
        [
            sys.executable,
            ROOT / "bench/python/bench_torch.py",
            network,
            drawn,
            given.batch,
            given.batches,
            given.epochs,
            threads,
            given.warm_up,
            given.device,
            *(["fused"] if switched else []),
        ],
        environment | (SWITCHES if switched else {}),
    )


def rate(one: Json, batch: int) -> float:
    return batch / statistics.median(one["seconds"])


def share(one: Json, name: str) -> float:
    return one[name] / sum(one["seconds"])


def compare(
    work: Path, network: str, side: int, drawn: Path, given: argparse.Namespace, threads: int
) -> tuple[list[str], list[str]]:
    batch = given.batch
    mine, installed, switched = [], [], []
    for _ in range(given.pairs):
        mine.append(ours(work, network, drawn, given, threads))
        installed.append(theirs(network, drawn, given, threads, False))
        switched.append(theirs(network, drawn, given, threads, True))
        say(
            f"    {network} {side}: "
            + ", ".join(f"{rate(one[-1], batch):.1f}" for one in (mine, installed, switched))
            + " images/s"
        )
    ratio = lambda other: statistics.median(rate(m, batch) / rate(o, batch) for m, o in zip(mine, other))
    of = lambda side_: f"{statistics.median(rate(one, batch) for one in side_):.1f}"
    gb = lambda side_: f"{max(one['peak'] for one in side_) / 1e9:.2f}"
    percent = lambda side_, name: f"{statistics.median(share(one, name) for one in side_):.1%}"
    row = [
        f"{network}, {side}",
        of(mine),
        of(installed),
        of(switched),
        f"{ratio(installed):.2f}",
        f"{ratio(switched):.2f}",
        " / ".join(percent(one, "optimizer") for one in (mine, installed, switched)),
        percent(mine, "waited"),
        " / ".join(gb(one) for one in (mine, installed, switched)),
    ]
    curves = [
        f"{network}, {side}",
        *(" ".join(f"{loss:.4g}" for loss in one[0]["losses"]) for one in (mine, installed)),
    ]
    return row, curves


def table(head: list[str], rows: list[list[str]]) -> str:
    return (
        "\n".join(
            [
                "| " + " | ".join(head) + " |",
                "|" + " --- |" * len(head),
                *("| " + " | ".join(row) + " |" for row in rows),
            ]
        )
        + "\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./peregrine bench train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", default=["seed-cnn", "seed-autoencoder"], help="also resnet")
    parser.add_argument("--sides", nargs="+", type=int, default=[224, 416])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=10, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=2, help="of each measurement")
    parser.add_argument(
        "--warm-up", type=float, default=5, metavar="SECONDS", help="of each process, before it is measured"
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="cpu|gpu:N",
        help="what both compute on; a GPU needs engines with CUDA on both sides",
    )
    parser.add_argument("--to", type=Path, help="also write the tables as markdown to this file")
    given = parser.parse_args()
    threads = os.cpu_count() or 1
    began, load = time.monotonic(), os.getloadavg()[0]
    rows, curves = [], []
    with tempfile.TemporaryDirectory(prefix="peregrine-bench-train-") as folder:
        drawn = {side: draw(Path(folder), side, 4 * given.batch) for side in given.sides}
        for network in given.networks:
            for side in given.sides:
                row, losses = compare(Path(folder), network, side, drawn[side], given, threads)
                rows.append(row)
                curves.append(losses)
    allocated = "Peregrine and the switched PyTorch" if JEMALLOC else "none, for it is not here"
    text = (
        f"Taken by `./peregrine bench train` on {threads} cores ({processor()}) in {(time.monotonic() - began) / 60:.0f} minutes: "
        f"{given.epochs} epochs of {given.batches} batches of {given.batch} after {given.warm_up:g} s to warm up, medians of {given.pairs}; "
        f"device {given.device}; jemalloc for {allocated}. "
        f"Load of the machine before: {load:.1f}.\n\n"
        + table(
            [
                "network, side",
                "Peregrine, images/s",
                "PyTorch as installed",
                "PyTorch with the same switches",
                "times as installed",
                "times with switches",
                "optimizer's share of the three",
                "waiting for data",
                "peak memory of the three, GB",
            ],
            rows,
        )
        + "\nTraining loss by epoch, of other random draws:\n\n"
        + table(["network, side", "Peregrine", "PyTorch"], curves)
    )
    say("\n" + text)
    if given.to:
        given.to.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
