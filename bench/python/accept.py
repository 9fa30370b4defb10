#!/usr/bin/env python3
"""The acceptance of Peregrine's pipeline, line by line, as a table.

    ./peregrine accept [--python] [--only WORDS] [--to FILE]

What it runs, some 25 minutes on two cores: the demo; the tests behind each line, the slow ones too, in one Maven run;
the real images of wikiart6, where they are there; schemathesis against each service's OpenAPI, with a run behind it.
With --python also what needs PyTorch (5 GB, fetched once): a run's checkpoints in docs/networks.py, and `seed-cnn`
against PyTorch over five seeds (10 minutes more). --only takes the lines whose name has these words. Exit status 1: a
line does not hold.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_balance import Report, paint, processor, say
from peregrine_client import ROOT, Peregrine

IMAGES = Path(os.environ.get("PEREGRINE_IMAGES", ROOT.parent / "shared/images"))
SERVICES = ("ingest", "balance", "trainer", "cluster")

# A line and the tests behind it: CLASS, or CLASS#method for one of them.
TESTS = {
    "golden vectors: resize, random numbers, SMOTE, networks, k-means, PCA, measures": [
        "ResizeTest",
        "RandomStreamGoldenTest",
        "SmoteGoldenTest",
        "NetworksGoldenTest",
        "EncoderTest",
        "ReferenceTest",
        "PredictionsGoldenTest",
    ],
    "Python reads the artifacts and finds fit_resample's rows": ["PythonReaderTest"],
    "one painting's way, from folder to cluster": ["OnePaintingTest"],
    "each service killed once: the same bytes": ["KillTest"],
    "bad input harms nothing but itself; repeats, cancellation, two runs": ["BadInputTest"],
    "decode zoo: every file as expected": ["DecodeZooTest"],
    "TIFF, BMP and orientation notes: right pixels, or refused with a reason": [
        "TiffTest",
        "TiffRefusalTest",
        "BmpTest",
        "OrientationNotesTest",
    ],
    "scans of every size, in all three fits, and first frames: as Pillow has them": [
        "VariedSizeTest",
        "FirstFramesTest",
    ],
    "malformed files: no crash, no hang, no memory": ["MalformedFilesTest"],
    "a decoder that dies takes only its file with it": ["DecoderCrashTest"],
    "every name and special file, metadata.csv and metadata.jsonl": [
        "ListingTest",
        "AwkwardFoldersTest",
        "AwkwardNamesTest",
        "MetadataTest",
    ],
    "findings: copies, look-alikes, names that are easily confused": ["FindingsTest", "NearDuplicatesTest"],
    "one image more: only its class and split are decoded again": ["IngestFlowTest"],
    "a deleted run leaves nothing that no other needs; fsck finds what is wrong": [
        "PruneAndFsckTest",
        "GarbageCollectorTest",
        "RunEndsTest",
    ],
    "REST: charts, originals, 304s, every refusal a problem of its kind": [
        "RunProjectionTest",
        "ChartsTest",
        "ChartFormatTest",
        "OriginalsResourceTest",
        "ProblemsTest",
        "HttpMannersTest",
    ],
    "a thousand events, fifty bad ones; a bad one last, three restarts": ["ThousandEventsTest"],
    "AsyncAPI, OpenAPI and contracts are those of the code": ["AsyncApiTest", "ContractsPageTest", "OpenApiTest"],
    "broker and database restarted under load": ["InboxTest"],
}

# By test class: (method, whether it failed, whether it was skipped, seconds) of each test.
Results = dict[str, list[tuple[str, bool, bool, float]]]


class Skipped(Exception):
    """Why a line cannot be tried here."""


def run(*words: object, **options: Any) -> str:
    """A command's output; its end and its tail where it fails."""
    done = subprocess.run(
        [str(word) for word in words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if done.returncode:
        raise AssertionError(f"exit status {done.returncode}: {' / '.join(done.stdout.strip().splitlines()[-3:])}")
    return done.stdout


def maven(tests: list[str]) -> Results:
    """All these tests in one run; their results by class and method: (how many, failures, skipped, seconds)."""
    classes = sorted({test.split("#")[0] for test in tests})
    for reports in ROOT.glob("**/target/surefire-reports"):
        for old in reports.glob("TEST-*.xml"):
            old.unlink()
    log = ROOT / "target/accept-tests.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as out:
        subprocess.run(
            [
                "mvn",
                "-B",
                "package",
                "-fae",
                "-DexcludedGroups=",
                "-Dspotless.check.skip",
                "-Dsurefire.failIfNoSpecifiedTests=false",
                f"-Dtest={','.join(classes)}",
            ],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    results: Results = {}
    for report in ROOT.glob("**/target/surefire-reports/TEST-*.xml"):
        for case in xml.parse(report).getroot().iter("testcase"):
            name = case.attrib["classname"].split(".")[-1]
            bad = case.find("failure") is not None or case.find("error") is not None
            results.setdefault(name, []).append(
                (case.attrib["name"], bad, case.find("skipped") is not None, float(case.attrib["time"]))
            )
    return results


def tested(results: Results, tests: list[str]) -> str:
    cases = []
    for test in tests:
        name, _, method = test.partition("#")
        found = [case for case in results.get(name, []) if case[0].startswith(method)]
        if not found:
            raise AssertionError(f"{test} did not run; see target/accept-tests.log")
        cases += found
    failed = [case[0] for case in cases if case[1]]
    if failed:
        raise AssertionError(f"{len(failed)} of {len(cases)} tests failed: {', '.join(failed[:3])}")
    skipped = sum(case[2] for case in cases)
    words = f"{len(cases) - skipped} tests, {sum(case[3] for case in cases):.0f} s"
    if skipped == len(cases):
        raise Skipped(f"all {skipped} tests, because something that they need is missing")
    return words + (f", {skipped} SKIPPED" if skipped else "")


def demo() -> str:
    with tempfile.TemporaryDirectory() as data:
        began = time.monotonic()
        run(ROOT / "peregrine", "demo", "--data", data)
        took = time.monotonic() - began
    if took > 600:
        raise AssertionError(f"{took:.0f} s; 600 are allowed")
    return f"{took:.0f} s"


def wikiart6() -> str:
    folder = IMAGES / "wikiart6"
    if not folder.is_dir():
        raise Skipped(f"{folder} is not there")
    with tempfile.TemporaryDirectory() as data:
        began = time.monotonic()
        said = run(ROOT / "peregrine", "run", folder, "--side", 96, "--json", "--data", data)
        took = time.monotonic() - began
    # What the build may have to say comes before.
    result = json.loads(said[said.index("{") :])
    if (result["images"], result["refused"], len(result["clusters"])) != (1502, 0, 6):
        raise AssertionError(
            f"{result['images']} images, {result['refused']} refused, {len(result['clusters'])} clusters"
        )
    return f"1,502 images, none refused, 6 clusters, {took:.0f} s"


def schemathesis(peregrine: Peregrine, places: dict[str, str]) -> str:
    """Each service's OpenAPI against what it answers: a server error, or an answer that is not documented, is a failure."""
    command = ROOT / "bench/python/.venv-schemathesis/bin/schemathesis"
    counts, broken = [], []
    for service in SERVICES:
        address = peregrine.instance[service]
        log = ROOT / f"target/accept-{service}.log"
        log.parent.mkdir(exist_ok=True)
        # What random paths would never find: a run, and an image of it.
        settings = log.with_suffix(".toml")
        settings.write_text(
            "[parameters]\n" + "".join(f'"path.{name}" = {json.dumps(place)}\n' for name, place in places.items())
        )
        with log.open("w") as out:
            done = subprocess.run(
                [
                    command,
                    "--config-file",
                    settings,
                    "run",
                    f"{address}/q/openapi",
                    "--url",
                    address,
                    "--max-examples",
                    "50",
                    "--seed",
                    "7",
                    "--suppress-health-check",
                    "all",
                    "--header",
                    f"Authorization: Bearer {peregrine.key}",
                    "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                ],
                # Where it leaves notes of its own.
                cwd=log.parent,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        count = re.search(r"([\d,]+) generated", log.read_text())
        counts.append(f"{service} {count.group(1) if count else '?'}")
        if done.returncode:
            broken.append(f"{service} (target/{log.name})")
    if broken:
        raise AssertionError("not as documented: " + ", ".join(broken))
    return "requests: " + ", ".join(counts)


def networks(peregrine: Peregrine, run_name: str) -> str:
    """PyTorch's answers are the run's: see check_networks.py."""
    out = run(
        ROOT / "bench/python/.venv-torch/bin/python",
        ROOT / "bench/python/check_networks.py",
        *sorted((peregrine.data / "store/checkpoint").rglob("*.safetensors")),
        "--run",
        peregrine.run_address(run_name),
        "--store",
        peregrine.data / "store",
    )
    return "; ".join(line for line in out.splitlines() if "latents" in line or "test images" in line)


def seed_cnn() -> str:
    folder = IMAGES / "wikiart6"
    if not folder.is_dir():
        raise Skipped(f"{folder} is not there")
    out = run(
        ROOT / "bench/python/.venv-torch/bin/python",
        ROOT / "bench/python/seed_cnn_against_pytorch.py",
        folder,
        "--side",
        96,
    )
    return out.strip().splitlines()[-1].strip()


def small_run(work: Path) -> tuple[Peregrine, dict[str, str]]:
    """Peregrine with one finished run of a small gallery behind it, and what its addresses are asked for."""
    gallery = work / "gallery"
    paint(gallery, side=32, divisor=100)
    peregrine = Peregrine(work / "data", [work])
    spec = work / "spec.json"
    spec.write_text(
        json.dumps(
            {
                "image": {"side": 32},
                "balance": {"strategy": "auto"},
                "split": {"test": 0.2},
                "classifier": {"epochs": 1, "batchSize": 8},
                "autoencoder": {"epochs": 1, "batchSize": 8, "latent": 8},
            }
        )
    )
    try:
        return peregrine, finished(peregrine, gallery, spec)
    except BaseException:
        peregrine.down()
        raise


def finished(peregrine: Peregrine, gallery: Path, spec: Path) -> dict[str, str]:
    """A run to its end: its id and an image's."""
    name = peregrine.publish(gallery, spec)
    peregrine.wait_for(name, lambda run: run["state"] == "completed", poll_seconds=0.5, timeout_seconds=300)
    image = peregrine.get(f"{peregrine.run_address(name)}/images?limit=1")["items"][0]["imageId"]
    return {"run": name, "imageId": image}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="store_true", help="also what needs PyTorch")
    parser.add_argument("--only", default="", help="the lines whose name has these words")
    parser.add_argument("--to", type=Path, help="writes the table here, too")
    given = parser.parse_args()
    rows, broken = [], []

    def line(name: str, work: Callable[..., str], *words: Any) -> None:
        if given.only not in name:
            return
        say(f"    {name} ...")
        try:
            rows.append([name, "holds", work(*words)])
        except Skipped as why:
            rows.append([name, "NOT TRIED", str(why)])
        except (AssertionError, OSError, SystemExit, KeyError, ValueError, subprocess.CalledProcessError) as why:
            rows.append([name, "DOES NOT HOLD", str(why)])
            broken.append(name)

    line("the demo ends with its summary within ten minutes", demo)
    line("wikiart6: every image, six clusters", wikiart6)
    wanted = {name: tests for name, tests in TESTS.items() if given.only in name}
    if wanted:
        say(f"    the tests of {len(wanted)} lines ...")
        results = maven([test for tests in wanted.values() for test in tests])
        for name, tests in wanted.items():
            line(name, tested, results, tests)
    served = "schemathesis: every answer as documented, no server error"
    loaded = "checkpoints answer in PyTorch as here"
    if given.only in served or (given.python and given.only in loaded):
        with tempfile.TemporaryDirectory(prefix="peregrine-accept-") as work:
            peregrine, places = small_run(Path(work))
            try:
                if given.python:
                    line(loaded, networks, peregrine, places["run"])
                # Last: it asks for everything that is documented, also that the run be deleted.
                line(served, schemathesis, peregrine, places)
            finally:
                peregrine.down()
    if given.python:
        line("seed-cnn learns as PyTorch's, over five seeds", seed_cnn)

    report = Report()
    report.table(f"Acceptance, on {os.cpu_count()} cores of {processor()}", ["line", "", "shown by"], rows)
    if given.to:
        given.to.write_text("\n".join(report.parts))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
