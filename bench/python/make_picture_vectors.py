#!/usr/bin/env python3
"""Makes what ingest-service's tests compare our images with: what Pillow makes of the same files.

    bench/python/setup.sh torch
    bench/python/.venv-torch/bin/python bench/python/make_picture_vectors.py [VARIED-SIZE]

`first-frames.safetensors`: files that hold several images, or one on a larger canvas, as `NAME.file` u8 [n], and the
first of each over white as `NAME.rgb` u8 [height, width, 3]. `varied-size.csv`: of each image below the folder
VARIED-SIZE the SHA-256 of what a pack holds of it, u8 [3, SIDE, SIDE], in each fit.
"""

import csv
import hashlib
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from safetensors.numpy import save_file

RESOURCES = Path(__file__).resolve().parents[2] / "ingest-service/src/test/resources"
SIDE = 224
FITS = {
    "stretch": lambda image: image.resize((SIDE, SIDE), Image.BILINEAR),
    "cover": lambda image: ImageOps.fit(image, (SIDE, SIDE), Image.BILINEAR),
    "letterbox": lambda image: ImageOps.pad(image, (SIDE, SIDE), Image.BILINEAR),
}


def image(width: int, height: int, turn: int = 0) -> Image.Image:
    """An image whose every pixel differs from its neighbours'."""
    y, x = np.mgrid[0:height, 0:width] + turn
    return Image.fromarray(
        np.stack([(x * 7 + y * 13) % 256, (x * x + y) % 256, (x ^ y) * 5 % 256], -1).astype(np.uint8)
    )


def over_white(file: Path | io.BytesIO) -> np.ndarray:
    """The first frame as a Python user sees it: upright, alpha over white."""
    frame = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame).convert("RGB"))


def saved(format: str, first: Image.Image, *others: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    first.save(out, format, save_all=bool(others), append_images=others, **options)
    return out.getvalue()


def lzw(indices: Iterable[int], bits: int, grow_full_table: bool = True) -> bytes:
    """GIF's compression. With a full table it begins anew, or goes on with what it has, as some writers do."""
    clear = 1 << bits
    packed = count = 0
    table: dict[tuple[int, ...], int] = {(i,): i for i in range(clear)}
    size = bits + 1

    def put(code: int) -> None:
        nonlocal packed, count
        packed |= code << count
        count += size

    put(clear)
    word: tuple[int, ...] = ()
    for index in indices:
        longer = (*word, index)
        if longer in table:
            word = longer
            continue
        put(table[word])
        if len(table) + 2 < 4096:
            table[longer] = len(table) + 2
            size += len(table) + 2 > 1 << size and size < 12
        elif grow_full_table:
            put(clear)
            size, table = bits + 1, {(i,): i for i in range(clear)}
        word = (index,)
    put(table[word])
    put(clear + 1)
    return packed.to_bytes((count + 7) // 8, "little")


def blocks(data: bytes) -> bytes:
    return b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def gif(
    canvas: tuple[int, int],
    frame: tuple[int, int, int, int],
    indices: Iterable[int],
    screen: bytes = b"",
    local: bytes = b"",
    transparent: int | None = None,
    interlaced: bool = False,
    version: bytes = b"GIF89a",
    bits: int = 3,
    before: bytes = b"",
    **compression: bool,
) -> bytes:
    """A GIF of one frame, at (left, top, width, height)."""
    words = lambda *values: b"".join(value.to_bytes(2, "little") for value in values)
    flags = lambda palette: 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    control = b"" if transparent is None else bytes([0x21, 0xF9, 4, 1, 0, 0, transparent, 0])
    return (
        version
        + words(*canvas)
        + bytes([flags(screen), 2, 0])
        + screen
        + before
        + control
        + b","
        + words(*frame)
        + bytes([flags(local) | interlaced * 0x40])
        + local
        + bytes([bits])
        + blocks(lzw(indices, bits, **compression))
        + b";"
    )


def gifs() -> Iterator[tuple[str, bytes]]:
    draw = np.random.default_rng(7)
    colours = lambda count: draw.integers(0, 256, 3 * count).astype(np.uint8).tobytes()
    eight, full = colours(8), colours(256)
    noise = lambda count, below=8: draw.integers(0, below, count).tolist()
    notes = b"\x21\xfe" + blocks(b"made for a test") + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    yield "one-palette-87a", gif((19, 11), (0, 0, 19, 11), noise(209), screen=eight, version=b"GIF87a")
    yield "own-palette-before-the-screens", gif((9, 7), (0, 0, 9, 7), noise(63), screen=eight, local=colours(8))
    yield "own-palette-alone", gif((9, 7), (0, 0, 9, 7), noise(63), local=colours(8))
    yield "two-colours", gif((21, 5), (0, 0, 21, 5), noise(105, 2), screen=colours(2), bits=2)
    yield "all-256-colours", gif((90, 70), (0, 0, 90, 70), noise(6300, 256), screen=full, bits=8)
    yield "table-full-and-kept", gif((90, 70), (0, 0, 90, 70), noise(6300), screen=eight, grow_full_table=False)
    yield "long-runs", gif((150, 90), (0, 0, 150, 90), [5] * 9000 + [6] * 4500, screen=eight)
    for height in 1, 2, 3, 5, 8, 17:
        yield (
            f"interlaced-{height}-rows",
            gif((5, height), (0, 0, 5, height), noise(5 * height), screen=eight, interlaced=True),
        )
    yield "see-through", gif((19, 11), (0, 0, 19, 11), noise(209), screen=eight, transparent=3)
    yield "see-through-behind-notes", gif((8, 8), (0, 0, 8, 8), noise(64), screen=eight, transparent=0, before=notes)
    yield "smaller-than-canvas", gif((16, 12), (3, 4, 9, 5), noise(45), screen=eight)
    yield "smaller-and-see-through", gif((16, 12), (3, 4, 9, 5), noise(45), screen=eight, transparent=2)
    yield "smaller-and-interlaced", gif((16, 12), (1, 0, 9, 11), noise(99), local=eight, interlaced=True)
    yield "larger-than-canvas", gif((4, 3), (2, 1, 9, 5), noise(45), screen=eight)
    yield "no-palette", gif((9, 7), (0, 0, 9, 7), noise(63))
    yield "greys-in-their-order", gif((9, 7), (0, 0, 9, 7), noise(63), screen=bytes(i // 3 for i in range(12)))
    yield "colours-beyond-the-palette", gif((9, 7), (0, 0, 9, 7), noise(63), screen=colours(4))
    yield "animated", saved("GIF", image(40, 31), image(40, 31, 9), image(40, 31, 5), duration=40, loop=0)
    see_through = image(40, 31).convert("RGBA")
    see_through.putalpha(Image.fromarray((np.indices((31, 40)).sum(0) % 3 * 127).astype(np.uint8)))
    yield "animated-and-see-through", saved("GIF", see_through, image(40, 31, 9).convert("RGBA"), disposal=2)


def webps() -> Iterator[tuple[str, bytes]]:
    alpha = image(40, 31).convert("RGBA")
    alpha.putalpha(Image.fromarray(np.asarray(image(40, 31, 3))[..., 0]))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, options in ("lossy", {"quality": 80}), ("lossless", {"lossless": True}):
        yield f"{name}", saved("WEBP", image(40, 31), image(40, 31, 9), **options)
        yield f"{name}-with-alpha", saved("WEBP", alpha, image(40, 31).convert("RGBA"), exact=True, **options)
        yield f"{name}-on-its-side", saved("WEBP", image(40, 31), image(40, 31, 9), exif=exif, **options)
        still = saved("WEBP", alpha, exact=True, **options)
        # A still's chunks are a frame's; behind VP8X's, where there is one.
        chunks = still[30:] if still[12:16] == b"VP8X" else still[12:]
        three = lambda value: value.to_bytes(3, "little")
        chunk = lambda kind, data: kind + len(data).to_bytes(4, "little") + data
        frame = three(6 // 2) + three(4 // 2) + three(39) + three(30) + three(100) + b"\0" + chunks
        body = (
            b"WEBP"
            + chunk(b"VP8X", bytes([0x12, 0, 0, 0]) + three(69) + three(49))
            + chunk(b"ANIM", b"\x10\x20\x30\xff\0\0")
            + chunk(b"ANMF", frame)
            + chunk(b"ANMF", frame)
        )
        yield f"{name}-smaller-than-canvas", b"RIFF" + len(body).to_bytes(4, "little") + body


def tiffs() -> Iterator[tuple[str, bytes]]:
    side = Image.Exif()
    side[0x0112] = 6
    for mode, compression, options in [
        ("RGB", None, {}),
        ("RGB", "tiff_lzw", {"exif": side}),
        ("RGB", "jpeg", {}),
        ("L", "packbits", {}),
        ("P", "tiff_adobe_deflate", {}),
        ("1", "group4", {}),
        ("CMYK", "tiff_lzw", {}),
        ("RGBA", "tiff_lzw", {}),
    ]:
        pages = [image(37, 29).convert(mode), image(50, 20, 7).convert(mode)]
        yield f"{mode}-{compression}".lower(), saved("TIFF", *pages, compression=compression, **options)


def first_frames() -> None:
    tensors = {}
    for kind, files in ("gif", gifs()), ("webp", webps()), ("tiff", tiffs()):
        for name, file in files:
            tensors[f"{kind}-{name}.file"] = np.frombuffer(file, np.uint8)
            tensors[f"{kind}-{name}.rgb"] = over_white(io.BytesIO(file))
    RESOURCES.mkdir(exist_ok=True)
    save_file(tensors, RESOURCES / "first-frames.safetensors")


def varied_size(folder: Path) -> None:
    with open(RESOURCES / "varied-size.csv", "w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["path", *FITS])
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            whole = Image.fromarray(over_white(path))
            packed = [np.asarray(fit(whole)).transpose(2, 0, 1).tobytes() for fit in FITS.values()]
            rows.writerow([path.relative_to(folder).as_posix(), *(hashlib.sha256(one).hexdigest() for one in packed)])


if __name__ == "__main__":
    first_frames()
    if len(sys.argv) > 1:
        varied_size(Path(sys.argv[1]))
