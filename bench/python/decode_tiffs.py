"""Draws TIFF files that other tools write: layouts, compressions, samples, colour spaces, orientations. `variants()`
yields each with the pixels that the TIFF 6.0 specification states, where the writer knows them."""

import io
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tifffile
from PIL import Image

WIDTH, HEIGHT = 37, 29
ORIENTATION, XMP = 274, 700


class Variant(NamedTuple):
    """A file, and its pixels u8 [height, width, 3] by its format's specification, or None."""

    name: str
    file: bytes
    truth: np.ndarray | None = None


def samples(count: int, bits: int = 8, seed: int = 0) -> np.ndarray:
    """Integers [height, width, count] below 2**bits, which differ from sample to sample and pixel to pixel."""
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:count].astype(np.int64)
    mixed = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31 + seed * 65537) * 2654435761
    return (mixed >> 13) % (1 << bits)


def eight(values: np.ndarray, bits: int) -> np.ndarray:
    """Integers of any number of bits as 8 bits, rounded."""
    return ((2 * 255 * values + (1 << bits) - 1) // (2 * ((1 << bits) - 1))).astype(np.uint8)


def over_white(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Pillow's `alpha_composite` over white."""
    rgba = np.concatenate([np.broadcast_to(values, (*values.shape[:2], 3)), alpha[..., None]], -1).astype(np.uint8)
    image = Image.fromarray(rgba)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))


def multiplied(values: np.ndarray) -> np.ndarray:
    """Pillow's way of colours that alpha is multiplied into, over white."""
    image = Image.frombytes("RGBa", values.shape[1::-1], values.astype(np.uint8).tobytes()).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))


def rgb(values: np.ndarray) -> np.ndarray:
    """Grey or colour as [height, width, 3]."""
    return np.broadcast_to(values[..., :3], (*values.shape[:2], 3)).astype(np.uint8)


def cmyk(values: np.ndarray) -> np.ndarray:
    """Pillow's CMYK to RGB."""
    return np.asarray(Image.fromarray(values.astype(np.uint8), "CMYK").convert("RGB"))


def written(data: np.ndarray, bits: int = 8, **options: Any) -> bytes:
    out = io.BytesIO()
    kind = options.pop("dtype", np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32)
    options.setdefault("metadata", None)
    tifffile.imwrite(
        out,
        np.ascontiguousarray(data.astype(kind)),
        bitspersample=bits if bits not in (8, 16, 32, 64) else None,
        byteorder=options.pop("order", "<"),
        bigtiff=options.pop("big", False),
        software=False,
        **options,
    )
    return out.getvalue()


LAYOUTS: dict[str, dict[str, Any]] = {
    "strip": {},
    "rows": {"rowsperstrip": 1},
    "strips-of-7": {"rowsperstrip": 7},
    "tiles": {"tile": (16, 16)},
    "tile-larger-than-image": {"tile": (48, 64)},
}
PACKED: dict[str, dict[str, Any]] = {
    "plain": {},
    "lzw": {"compression": "lzw"},
    "deflate": {"compression": "adobe_deflate"},
    "packbits": {"compression": "packbits"},
    "lzw-predictor": {"compression": "lzw", "predictor": True},
    "deflate-predictor": {"compression": "adobe_deflate", "predictor": True},
}
RARE = {
    "old-deflate": 32946,
    "zstd": 50000,
    "lzma": 34925,
    "webp": 50001,
    "jpeg2000": 34712,
    "lerc": 34887,
    "jpeg-xl": 50002,
    "png": 34933,
    "jpeg-xr": 22610,
}


def planes(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, -1, 0)


def layouts() -> Iterator[Variant]:
    """RGB and grey of 8 and 16 bits in every layout, compression, byte order and plane configuration."""
    for bits in 8, 16:
        colour, grey = samples(3, bits), samples(1, bits)
        for packing, packed in PACKED.items():
            for layout, laid in LAYOUTS.items():
                if packing == "packbits" and layout == "tile-larger-than-image":
                    continue
                order = "<" if (len(packing) + len(layout)) % 2 else ">"
                common: dict[str, Any] = {"bits": bits, "order": order, **packed, **laid}
                name = f"{bits}-bits-{packing}-{layout}-{'II' if order == '<' else 'MM'}"
                yield Variant(f"rgb-{name}", written(colour, photometric="rgb", **common), eight(colour, bits))
                yield Variant(
                    f"rgb-planes-{name}",
                    written(planes(colour), photometric="rgb", planarconfig="separate", **common),
                    eight(colour, bits),
                )
                if layout in ("strips-of-7", "tiles"):
                    yield Variant(
                        f"grey-{name}",
                        written(grey[..., 0], photometric="minisblack", **common),
                        rgb(eight(grey, bits)),
                    )
    for packing, number in RARE.items():
        try:
            file = written(samples(3), photometric="rgb", compression=number)
        except Exception:
            continue
        yield Variant(f"rgb-{packing}", file)


def depths() -> Iterator[Variant]:
    """Grey, palette and colour of every number of bits."""
    tags = lambda bits, colour: [
        (256, WIDTH),
        (257, HEIGHT),
        (258, *[bits] * (3 if colour == 2 else 1)),
        (259, 1),
        (262, colour),
        (277, 3 if colour == 2 else 1),
        (278, HEIGHT),
    ]
    for bits in range(1, 17):
        grey, colour = samples(1, bits), samples(3, bits)
        for order in "<>":
            name = f"{bits}-bits-{'II' if order == '<' else 'MM'}"
            grey_data = packed_bits(grey[..., 0], bits, order)
            yield Variant(f"grey-{name}", assembled(tags(bits, 1), grey_data, order), rgb(eight(grey, bits)))
            yield Variant(
                f"white-is-zero-{name}", assembled(tags(bits, 0), grey_data, order), 255 - rgb(eight(grey, bits))
            )
            yield Variant(
                f"rgb-{name}",
                assembled(tags(bits, 2), packed_bits(colour.reshape(HEIGHT, -1), bits, order), order),
                eight(colour, bits),
            )
        grey_data = grey[..., 0]
        if bits in (2, 4, 8, 16):
            table = np.resize(samples(3, 16).reshape(-1), 3 << bits).reshape(3, -1)
            truth = np.stack([table[c][grey_data] >> 8 for c in range(3)], -1).astype(np.uint8)
            for order in "<>":
                yield Variant(
                    f"palette-{bits}-bits-{'II' if order == '<' else 'MM'}",
                    assembled(
                        [
                            (256, WIDTH),
                            (257, HEIGHT),
                            (258, bits),
                            (259, 1),
                            (262, 3),
                            (277, 1),
                            (278, HEIGHT),
                            (320, *table.reshape(-1)),
                        ],
                        packed_bits(grey_data, bits, order),
                        order,
                    ),
                    truth,
                )
    for kind in "uint32", "int8", "int16", "int32", "float16", "float32", "float64", "uint64", "complex64":
        values = samples(1, 7)[..., 0]
        for count, data, photometric in ("grey", values, "minisblack"), ("rgb", samples(3, 7), "rgb"):
            yield Variant(f"{count}-{kind}", written(data, dtype=np.dtype(kind), photometric=photometric))
    yield Variant(
        "grey-float32-predictor",
        written(
            samples(1, 7)[..., 0],
            dtype=np.float32,
            photometric="minisblack",
            compression="adobe_deflate",
            predictor=True,
        ),
    )


def extras() -> Iterator[Variant]:
    """Samples beyond the colours: unspecified, alpha already multiplied, alpha."""
    kinds = {"unspecified": 0, "multiplied": 1, "alpha": 2}
    for bits in 8, 16:
        values = samples(4, bits)
        small = eight(values, bits).astype(int)
        for kind, code in kinds.items():
            data = values.copy()
            if code == 1:
                data[..., :3] = data[..., :3] * data[..., 3:] // ((1 << bits) - 1)
                truth = multiplied(eight(data, bits))
            else:
                truth = over_white(small[..., :3], small[..., 3]) if code == 2 else rgb(small)
            for packing in "plain", "lzw", "deflate-predictor":
                common: dict[str, Any] = {"bits": bits, "photometric": "rgb", "extrasamples": [code], **PACKED[packing]}
                yield Variant(f"rgb-{kind}-{bits}-bits-{packing}", written(data, **common), truth)
                yield Variant(
                    f"rgb-{kind}-{bits}-bits-{packing}-planes",
                    written(planes(data), planarconfig="separate", **common),
                    truth,
                )
            yield Variant(
                f"rgb-{kind}-{bits}-bits-tiles-MM",
                written(data, bits=bits, photometric="rgb", extrasamples=[code], tile=(16, 16), order=">"),
                truth,
            )
            grey = data[..., [0, 3]]
            grey_truth = (
                multiplied(eight(grey, bits)[..., [0, 0, 0, 1]])
                if code == 1
                else (over_white(small[..., :1], small[..., 3]) if code == 2 else rgb(small[..., :1]))
            )
            for packing in "plain", "deflate":
                yield Variant(
                    f"grey-{kind}-{bits}-bits-{packing}",
                    written(
                        grey,
                        bits=bits,
                        photometric="minisblack",
                        extrasamples=[code],
                        planarconfig="contig",
                        **PACKED[packing],
                    ),
                    grey_truth,
                )
            five = np.concatenate([data, samples(1, bits, 9)], -1)
            yield Variant(
                f"rgb-{kind}-and-unspecified-{bits}-bits",
                written(five, bits=bits, photometric="rgb", extrasamples=[code, 0]),
                truth,
            )
            yield Variant(
                f"cmyk-{kind}-{bits}-bits",
                written(
                    np.concatenate([values, samples(1, bits, 5)], -1),
                    bits=bits,
                    photometric="separated",
                    extrasamples=[code],
                ),
                None if code else cmyk(small),
            )
        yield Variant(
            f"rgb-nir-zero-{bits}-bits",
            written(values * [1, 1, 1, 0], bits=bits, photometric="rgb", extrasamples=[0]),
            rgb(small),
        )
        yield Variant(f"cmyk-{bits}-bits", written(values, bits=bits, photometric="separated"), cmyk(small))
        yield Variant(
            f"cmyk-{bits}-bits-lzw-tiles",
            written(values, bits=bits, photometric="separated", compression="lzw", tile=(16, 16)),
            cmyk(small),
        )
        yield Variant(
            f"cmyk-{bits}-bits-planes",
            written(planes(values), bits=bits, photometric="separated", planarconfig="separate"),
            cmyk(small),
        )
    yield Variant(
        "rgb-4-samples-without-extrasamples",
        without(written(samples(4), photometric="rgb", extrasamples=[2]), 338),
        over_white(samples(4)[..., :3], samples(4)[..., 3]),
    )
    yield Variant(
        "rgb-4-samples-corel",
        changed(written(samples(4), photometric="rgb", extrasamples=[2]), 338, 999),
        over_white(samples(4)[..., :3], samples(4)[..., 3]),
    )
    yield Variant("inks-6", written(samples(6), photometric="separated", extrasamples=[0, 0]))


def entries(file: bytes) -> tuple[str, list[tuple[int, int]]]:
    """(offset, tag) of each entry of the first directory of a classic TIFF."""
    order = "<" if file[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", file, 4)
    (count,) = struct.unpack_from(order + "H", file, first)
    return order, [
        (first + 2 + 12 * i, *struct.unpack_from(order + "H", file, first + 2 + 12 * i)) for i in range(count)
    ]


def without(file: bytes, tag: int) -> bytes:
    """The same with a tag renamed to a private one that no reader knows, and out of order, as some writers have it."""
    order, found = entries(file)
    at = next(at for at, number in found if number == tag)
    return file[:at] + struct.pack(order + "H", 65000) + file[at + 2 :]


def changed(file: bytes, tag: int, value: int) -> bytes:
    """The same with another 16-bit value in a tag."""
    order, found = entries(file)
    at = next(at for at, number in found if number == tag)
    return file[: at + 8] + struct.pack(order + "H", value) + file[at + 10 :]


def colours() -> Iterator[Variant]:
    """Colour spaces, JPEG, fax, and old JPEG."""
    picture = samples(3).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(picture).resize((5, 4)).resize((WIDTH, HEIGHT), Image.BICUBIC))
    for subsampling in (1, 1), (2, 1), (2, 2), (4, 1):
        for layout in ("strip", "tiles") if subsampling[0] < 4 else ("strip",):
            yield Variant(
                f"jpeg-ycbcr-{subsampling[0]}x{subsampling[1]}-{layout}",
                written(smooth, photometric="ycbcr", compression="jpeg", subsampling=subsampling, **LAYOUTS[layout]),
            )
    yield Variant(
        "jpeg-rgb", written(smooth, photometric="rgb", compression="jpeg", compressionargs={"outcolorspace": "rgb"})
    )
    yield Variant(
        "jpeg-rgb-planes", written(planes(smooth), photometric="rgb", planarconfig="separate", compression="jpeg")
    )
    yield Variant("jpeg-grey", written(smooth[..., 0], photometric="minisblack", compression="jpeg"))
    yield Variant(
        "jpeg-cmyk", written(np.concatenate([smooth, smooth[..., :1]], -1), photometric="separated", compression="jpeg")
    )
    four = np.concatenate([smooth, smooth[..., 1:2]], -1)
    for layout in "rows", "strips-of-7", "tiles", "tile-larger-than-image":
        # A strip of JPEG has a multiple of eight rows.
        laid = {"rowsperstrip": 8} if layout in ("rows", "strips-of-7") else LAYOUTS[layout]
        order = ">" if layout in ("rows", "tiles") else "<"
        yield Variant(
            f"jpeg-cmyk-{layout}", written(four, photometric="separated", compression="jpeg", order=order, **laid)
        )
    for code in 0, 1, 2:
        yield Variant(f"jpeg-rgb-extra-{code}", changed(pillow(Image.fromarray(four), compression="jpeg"), 338, code))
    yield Variant("ycbcr-plain", written(picture, photometric="ycbcr", subsampling=(1, 1)))
    for photometric in "cielab", "icclab", "itulab", "cfa", "linear_raw", "mask":
        data = picture if photometric.endswith("lab") else picture[..., 0]
        try:
            yield Variant(f"colours-{photometric}", written(data, photometric=photometric))
        except Exception:
            continue
    for number in 0, 4, 8, 32844, 32845, 99:
        yield Variant(
            f"grey-with-colours-{number}",
            changed(written(picture[..., 0], photometric="minisblack"), 262, number),
        )
    small = samples(3, 8).reshape(-1)[:768].reshape(3, 256)
    yield Variant(
        "palette-of-8-bit-values",
        assembled(
            [
                (256, WIDTH),
                (257, HEIGHT),
                (258, 8),
                (259, 1),
                (262, 3),
                (277, 1),
                (278, HEIGHT),
                (320, *small.reshape(-1)),
            ],
            packed_bits(picture[..., 0], 8, "<"),
        ),
        np.stack([plane[picture[..., 0]] for plane in small], -1).astype(np.uint8),
    )
    yield Variant("grey-without-colours", without(written(picture[..., 0], photometric="minisblack"), 262))
    yield Variant("rgb-without-strip-bytes", without(written(picture, photometric="rgb"), 279), picture)
    yield Variant("rgb-without-rows-a-strip", without(written(picture, photometric="rgb"), 278), picture)
    yield Variant("rgb-without-planes", written(picture, photometric="rgb"), picture)
    yield Variant(
        "grey-void-format", written(picture[..., 0], photometric="minisblack", extratags=[(339, 3, 1, 4, False)])
    )
    black = Image.fromarray(samples(1, 1)[..., 0].astype(np.uint8) * 255).convert("1")
    for compression in "group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw", "tiff_adobe_deflate", None:
        yield Variant(
            f"fax-{compression}", pillow(black, compression=compression), rgb(np.asarray(black)[..., None] * 255)
        )
        for tag, value in (262, 0), (266, 2):
            try:
                yield Variant(
                    f"fax-{compression}-tag-{tag}-{value}",
                    pillow(black, compression=compression, tiffinfo={tag: value}),
                )
            except Exception:
                continue
    for mode in "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LA", "LAB", "I;16", "I", "F", "PA", "RGBX":
        for compression in None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma", "webp":
            try:
                file = pillow(Image.fromarray(picture).convert(mode), compression=compression)
            except Exception:
                continue
            yield Variant(f"pillow-{mode}-{compression}", file)
    jpeg = io.BytesIO()
    Image.fromarray(smooth).save(jpeg, "JPEG", subsampling=2)
    yield Variant("old-jpeg", old_jpeg(jpeg.getvalue()))


def pillow(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "TIFF", **options)
    return out.getvalue()


def assembled(tags: list[tuple], data: bytes, order: str = "<") -> bytes:
    """A TIFF of one strip from (tag, 16-bit value ...) and its data; `DATA` and `BYTES` are where they lie and how many."""
    tags = sorted([*tags, (273, None), (279, None)])
    end = 8 + 2 + 12 * len(tags) + 4
    at, tail, directory = end, b"", b""
    for _, *values in tags:
        if values == [None]:
            continue
        if len(values) > 2:
            tail += struct.pack(f"{order}{len(values)}H", *values)
    offsets = {273: end + len(tail), 279: len(data), 513: end + len(tail), 514: len(data)}
    for number, *values in tags:
        directory += struct.pack(order + "HH", number, 4 if values == [None] else 3) + struct.pack(
            order + "I", len(values)
        )
        if values == [None]:
            directory += struct.pack(order + "I", offsets[number])
        elif len(values) > 2:
            directory += struct.pack(order + "I", at)
            at += 2 * len(values)
        else:
            directory += struct.pack(f"{order}2H", *[*values, 0][:2])
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "IH", 8, len(tags)) + directory + bytes(4) + tail + data


def packed_bits(values: np.ndarray, bits: int, order: str) -> bytes:
    """Rows of samples, the first in the highest bits, each row from a whole byte."""
    if bits in (8, 16):
        return values.astype(order + ("u2" if bits == 16 else "u1")).tobytes()
    digits = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(digits.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def old_jpeg(jpeg: bytes) -> bytes:
    """Compression 6 as Wang's imaging wrote it: a whole JPEG between two tags."""
    return assembled(
        [
            (256, WIDTH),
            (257, HEIGHT),
            (258, 8, 8, 8),
            (259, 6),
            (262, 6),
            (277, 3),
            (278, HEIGHT),
            (284, 1),
            (513, None),
            (514, None),
            (530, 2, 2),
        ],
        jpeg,
    )


def files() -> Iterator[Variant]:
    """Orientation, notes, pages and containers."""
    picture = samples(3).astype(np.uint8)
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {0}>{1}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    notes = lambda number, value: (
        number,
        "B" if number == XMP else "H",
        len(value) if number == XMP else 1,
        value,
        True,
    )
    for layout in "strip", "tiles":
        for orientation in range(10):
            yield Variant(
                f"orientation-{orientation}-{layout}",
                written(picture, photometric="rgb", extratags=[notes(ORIENTATION, orientation)], **LAYOUTS[layout]),
            )
    for packing in "lzw", "deflate-predictor":
        yield Variant(
            f"orientation-6-{packing}",
            written(picture, photometric="rgb", extratags=[notes(ORIENTATION, 6)], **PACKED[packing]),
        )
        yield Variant(
            f"orientation-8-{packing}-MM",
            written(picture, photometric="rgb", order=">", extratags=[notes(ORIENTATION, 8)], **PACKED[packing]),
        )
    for orientation in range(1, 10):
        text = packet.format(f'tiff:Orientation="{orientation}"', "").encode()
        yield Variant(f"xmp-{orientation}", written(picture, photometric="rgb", extratags=[notes(XMP, text)]))
    text = packet.format("", "<tiff:Orientation>6</tiff:Orientation>").encode()
    yield Variant("xmp-element", written(picture, photometric="rgb", extratags=[notes(XMP, text)]))
    for orientation in 1, 3, 9:
        yield Variant(
            f"xmp-behind-orientation-{orientation}",
            written(picture, photometric="rgb", extratags=[notes(ORIENTATION, orientation), notes(XMP, text)]),
        )
    for kind in "I", "B", "h":
        yield Variant(
            f"orientation-type-{kind}", written(picture, photometric="rgb", extratags=[(ORIENTATION, kind, 1, 6, True)])
        )
    for bits in 8, 16:
        yield Variant(f"big-tiff-{bits}-bits", written(samples(3, bits), bits=bits, photometric="rgb", big=True))
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        for page in range(3):
            writer.write(np.roll(picture, page, 0), photometric="rgb", metadata=None, software=False)
    yield Variant("three-pages", pages.getvalue(), picture)
    yield Variant("reduced-image-first", written(picture, photometric="rgb", subfiletype=1), picture)
    yield Variant(
        "deflate-with-trailing-zeros",
        written(picture, photometric="rgb", compression="adobe_deflate") + bytes(50),
        picture,
    )
    yield Variant("subfiles", subfiles(picture), picture)
    yield Variant("one-pixel", written(picture[:1, :1], photometric="rgb"), picture[:1, :1])
    yield Variant("one-column", written(picture[:, :1], photometric="rgb", compression="lzw"), picture[:, :1])
    yield Variant(
        "zlib-level-0",
        written(picture, photometric="rgb", compression="adobe_deflate", compressionargs={"level": 0}),
        picture,
    )


def subfiles(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(picture, photometric="rgb", metadata=None, software=False, subifds=1)
        writer.write(picture[::2, ::2], photometric="rgb", metadata=None, software=False, subfiletype=1)
    return out.getvalue()


def variants() -> Iterator[Variant]:
    for draw in layouts, depths, extras, colours, files:
        for one in draw():
            yield one._replace(name=f"tiff-{one.name}")
