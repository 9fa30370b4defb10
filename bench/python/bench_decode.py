#!/usr/bin/env python3
"""943 odd image files, drawn by Pillow, tifffile and by hand, decoded by Peregrine and by Pillow.

    ./peregrine bench decode [--only WORD] [--to FILE] [--keep FOLDER]

Every file must give the pixels that Pillow gives; or be refused as IMAGE_UNSUPPORTED or, where Pillow does not read it
either, as NOT_AN_IMAGE or IMAGE_CORRUPT; or differ from Pillow in a way that docs/contracts.md lists (DIFFERENCES
below) and then have the pixels that its format's specification states. Takes ten seconds. Exit status 1: a file gives
other pixels, or is refused for the wrong reason.
"""

import argparse
import contextlib
import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import decode_images
import decode_tiffs
from bench_balance import of_service
from decode_tiffs import Variant
from peregrine_client import ROOT

# The differences from Pillow that docs/contracts.md lists under "Where a pack differs from Pillow", each with the files that
# may have it, and the greatest difference from the specification's pixels; None: from Pillow's.
DIFFERENCES = {
    "TIFF, PNG and grey PNM of 9 to 16 bits": (r"tiff-.*(9|1\d)-bits|png-type-.-16-bits|pnm-P[25]-(256|1000|65535)", 0),
    "TIFF of 3, 5, 6 and 7 bits, RGB below 8 bits": (r"tiff-(grey|white-is-zero|rgb)-[1-7]-bits", 0),
    "TIFF of RGB in planes with extra samples": (r"tiff-rgb-.*-planes", 0),
    "TIFF whose palette has only values below 256": (r"tiff-palette-of-8-bit-values", 0),
    "TIFF of YCbCr without compression": (r"tiff-(ycbcr-plain|pillow-YCbCr-None)", None),
    "PNG of grey with 2 or 4 bits and a transparent level": (r"png-type-0-[24]-bits.*-transparent", 0),
}
LEVELS_OF_YCBCR = 1


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without standard error, where libtiff says what it was built without and what is odd about a file."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def pillow(file: bytes) -> np.ndarray | None:
    """What Pillow makes of a file: upright, over white, 16 bits divided by 257. None: it does not read it."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
        if image.mode.startswith("I;16"):
            return np.repeat(((np.asarray(image).astype(int) + 128) // 257).astype(np.uint8)[..., None], 3, -1)
        if image.mode in ("I", "F"):
            # Pillow keeps 32 bits, and clips them when asked for RGB.
            return None
        frame = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    except Exception:
        return None
    return np.asarray(Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame).convert("RGB"))


def decoded(folder: Path, out: Path) -> dict[str, tuple[str, str, np.ndarray]]:
    """{name: (verdict, detail, pixels)} by Peregrine."""
    subprocess.run(
        of_service("ingest-service", "io.peregrine.ingest.format.DecodeFolder", folder, out),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    data, at, found = out.read_bytes(), 0, {}

    def text() -> str:
        nonlocal at
        (length,) = struct.unpack_from(">H", data, at)
        at += 2 + length
        return data[at - length : at].decode()

    while at < len(data):
        name, verdict, detail = text(), text(), text()
        width, height = struct.unpack_from(">ii", data, at)
        at += 8 + 3 * width * height
        found[name] = (
            verdict,
            detail,
            np.frombuffer(data, np.uint8, 3 * width * height, at - 3 * width * height).reshape(height, width, 3),
        )
    return found


def equal(one: np.ndarray, other: np.ndarray | None) -> bool:
    return other is not None and one.shape == other.shape and bool((one == other).all())


def near(one: np.ndarray, other: np.ndarray | None, levels: int) -> bool:
    return other is not None and one.shape == other.shape and int(np.abs(one.astype(int) - other).max()) <= levels


def judged(
    name: str, verdict: str, pixels: np.ndarray, theirs: np.ndarray | None, truth: np.ndarray | None
) -> tuple[str, bool]:
    """(outcome, whether it is allowed)"""
    if verdict == "IMAGE_UNSUPPORTED":
        return "refused as IMAGE_UNSUPPORTED", True
    if verdict != "ok":
        return f"refused as {verdict}", theirs is None or name.startswith("other-")
    if equal(pixels, theirs):
        return "equal to Pillow", True
    for difference, (names, levels) in DIFFERENCES.items():
        as_listed = near(pixels, theirs, LEVELS_OF_YCBCR) if levels is None else equal(pixels, truth)
        if as_listed and re.fullmatch(f"(?:{names}).*", name):
            return difference, True
    return "OTHER PIXELS", False


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./peregrine bench decode", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="WORD", help="only files with this word in their name")
    parser.add_argument("--to", type=Path, help="also write the table as markdown to this file")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the drawn files in this folder")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with quiet():
        files = {
            one.name: one for draw in (decode_tiffs, decode_images) for one in draw.variants() if given.only in one.name
        }
    with tempfile.TemporaryDirectory(prefix="peregrine-decode-") as work:
        folder = given.keep or Path(work) / "files"
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in files.items():
            (folder / name).write_bytes(one.file)
        ours = decoded(folder, Path(work) / "decoded")
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    contract = (ROOT / "docs/contracts.md").read_text()
    wrong = [f"docs/contracts.md does not list: {title}" for title in DIFFERENCES if f"| {title} |" not in contract]
    for name, one in files.items():
        verdict, detail, pixels = ours[name]
        with quiet():
            theirs = pillow(one.file)
        outcome, allowed = judged(name, verdict, pixels, theirs, one.truth)
        counts[name.split("-")[0], outcome] += 1
        if verdict == "IMAGE_UNSUPPORTED":
            reasons[detail.split(";")[0]] += 1
        if not allowed:
            wrong.append(f"{name}: {outcome} {detail}".rstrip())
    print(report(files, counts, reasons), *wrong, sep="\n")
    if given.to:
        given.to.write_text(report(files, counts, reasons))
    return 1 if wrong else 0


def report(files: dict[str, Variant], counts: Counter[tuple[str, str]], reasons: Counter[str]) -> str:
    kinds = sorted({kind for kind, _ in counts})
    outcomes = sorted(
        {outcome for _, outcome in counts}, key=lambda outcome: -sum(counts[kind, outcome] for kind in kinds)
    )
    lines = [
        f"{len(files):,} files against Pillow {Image.__version__}",
        "",
        "| | " + " | ".join(kinds) + " | all |",
        "| --- |" + " ---: |" * (len(kinds) + 1),
    ]
    for outcome in outcomes:
        cells = [counts[kind, outcome] for kind in kinds]
        lines.append(f"| {outcome} | " + " | ".join(str(cell or "") for cell in cells) + f" | {sum(cells)} |")
    lines += ["", "Refused by name:", ""]
    lines += [f"- {reason} ({count})" for reason, count in sorted(reasons.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
