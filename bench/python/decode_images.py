"""Draws images of every format but TIFF in unusual forms, and files that are only recognized: see decode_tiffs.py."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from decode_tiffs import HEIGHT, WIDTH, Variant, eight, over_white, samples
from make_picture_vectors import gifs, webps

PICTURE = samples(3).astype(np.uint8)
SMOOTH = np.asarray(Image.fromarray(PICTURE).resize((5, 4)).resize((WIDTH, HEIGHT), Image.BICUBIC))
ATTRIBUTE = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{}"/></rdf:RDF></x:xmpmeta>"""
ELEMENT = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><tiff:Orientation>{}</tiff:Orientation>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def saved(format: str, image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def exif(orientation: int | None, order: str = "<", kind: int = 3) -> bytes:
    """An EXIF note with an orientation of any type; None for a note without one."""
    magic = b"II*\0" if order == "<" else b"MM\0*"
    tag = 271 if orientation is None else 274
    value = struct.pack(
        order + ("HH" if kind in (3, 8) else "I"), *((orientation or 1, 0) if kind in (3, 8) else (orientation or 1,))
    )
    return b"Exif\0\0" + magic + struct.pack(order + "IHHHI", 8, 1, tag, kind, 1) + value + bytes(4)


def notes() -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """(name, EXIF or None, XMP or None) in every mixture whose order of precedence differs between readers."""
    for orientation in range(10):
        yield f"exif-{orientation}", exif(orientation), None
        yield f"xmp-{orientation}", None, ATTRIBUTE.format(orientation).encode()
    yield "exif-big-endian", exif(6, ">"), None
    for kind in 1, 4, 8, 9:
        yield f"exif-type-{kind}", exif(6, kind=kind), None
    yield "xmp-element", None, ELEMENT.format(8).encode()
    yield "xmp-two-digits", None, ATTRIBUTE.format(61).encode()
    yield "xmp-blank", None, ATTRIBUTE.format(" 6").encode()
    yield "xmp-single-quotes", None, ATTRIBUTE.format(6).replace('"', "'").encode()
    yield "xmp-twice", None, (ELEMENT.format(3) + ATTRIBUTE.format(6)).encode()
    yield "both-exif-wins", exif(3), ATTRIBUTE.format(6).encode()
    yield "both-exif-upright", exif(1), ATTRIBUTE.format(6).encode()
    yield "both-exif-out-of-range", exif(9), ATTRIBUTE.format(6).encode()
    yield "both-exif-without", exif(None), ATTRIBUTE.format(6).encode()


def jpegs() -> Iterator[Variant]:
    image = Image.fromarray(SMOOTH)
    for subsampling in "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1":
        for quality in 30, 90:
            for progressive in False, True:
                try:
                    yield Variant(
                        f"{subsampling.replace(':', '')}-{quality}{'-progressive' * progressive}",
                        saved("JPEG", image, subsampling=subsampling, quality=quality, progressive=progressive),
                    )
                except Exception:
                    continue
    yield Variant("noise", saved("JPEG", Image.fromarray(PICTURE), quality=95))
    yield Variant("rgb", saved("JPEG", image, keep_rgb=True))
    yield Variant("grey", saved("JPEG", image.convert("L")))
    yield Variant("cmyk", saved("JPEG", image.convert("CMYK")))
    yield Variant("cmyk-progressive", saved("JPEG", image.convert("CMYK"), progressive=True))
    yield Variant("restart", saved("JPEG", image, restart_marker_blocks=1))
    yield Variant("comment", saved("JPEG", image, comment=b"x" * 60000))
    yield Variant("garbage-behind", saved("JPEG", image) + b"garbage" * 9)
    yield Variant("one-pixel", saved("JPEG", Image.fromarray(SMOOTH[:1, :1])))
    plain = saved("JPEG", image)
    segment = lambda data: b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
    for name, note, packet in notes():
        parts = (segment(note) if note else b"") + (
            segment(b"http://ns.adobe.com/xap/1.0/\0" + packet) if packet else b""
        )
        yield Variant(name, plain[:2] + parts + plain[2:])
    first, second = (segment(b"http://ns.adobe.com/xap/1.0/\0" + ATTRIBUTE.format(n).encode()) for n in (3, 6))
    yield Variant("xmp-in-two-segments", plain[:2] + first + second + plain[2:])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)


def png(
    bits: int, colour: int, interlaced: bool = False, before: bytes = b"", after: bytes = b"", seed: int = 0
) -> bytes:
    """A PNG of any legal kind; every row has another filter."""
    count = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    values = samples(count, bits, seed)
    rows = b""
    for left, top, across, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = values[top::down, left::across]
        if not part.size:
            continue
        flat = part.reshape(len(part), -1)
        if bits == 16:
            lines = [row.astype(">u2").tobytes() for row in flat]
        else:
            digits = (flat[..., None] >> np.arange(bits - 1, -1, -1)) & 1
            lines = [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in digits]
        rows += b"".join(filtered(lines, max(1, bits * count // 8)))
    palette = chunk(b"PLTE", samples(3, 8, 3).astype(np.uint8).tobytes()[: 3 << bits]) if colour == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, colour, 0, 0, interlaced))
        + palette
        + before
        + chunk(b"IDAT", zlib.compress(rows))
        + after
        + chunk(b"IEND", b"")
    )


def filtered(lines: list[bytes], step: int) -> Iterator[bytes]:
    above = bytes(len(lines[0]))
    for number, line in enumerate(lines):
        kind = number % 3
        left = bytes(step) + line
        other = [bytes(len(line)), left, above][kind]
        yield bytes([kind]) + bytes((a - b) % 256 for a, b in zip(line, other))
        above = line


def pngs() -> Iterator[Variant]:
    for colour, depths in (0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16)):
        for bits in depths:
            for interlaced in False, True:
                name = f"type-{colour}-{bits}-bits{'-interlaced' * interlaced}"
                values = eight(samples({0: 1, 2: 3, 4: 2, 6: 4}.get(colour, 1), bits), bits)
                truth = (
                    None
                    if colour == 3
                    else (
                        over_white(values[..., :-1], values[..., -1])
                        if colour > 3
                        else np.broadcast_to(values, (HEIGHT, WIDTH, 3))
                    )
                )
                yield Variant(name, png(bits, colour, interlaced), truth)
                if colour in (0, 2):
                    key = samples(3, bits)[3, 5][: 1 if colour == 0 else 3]
                    # Of 16 bits Pillow ignores the key, and so does Peregrine.
                    seen = (samples(len(key), bits) != key).any(-1) | (bits == 16)
                    yield Variant(
                        name + "-transparent",
                        png(bits, colour, interlaced, chunk(b"tRNS", key.astype(">u2").tobytes())),
                        np.where(seen[..., None], truth, 255).astype(np.uint8),
                    )
                if colour == 3:
                    yield Variant(
                        name + "-transparent",
                        png(
                            bits,
                            colour,
                            interlaced,
                            chunk(b"tRNS", bytes(n % 256 for n in range(0, 2 << bits, 2))[:200]),
                        ),
                    )
    key = b"XML:com.adobe.xmp\0"
    for name, note, packet in notes():
        for place in "before", "after":
            chunks = (chunk(b"eXIf", note[6:]) if note else b"") + (
                chunk(b"iTXt", key + b"\0\0\0\0" + packet) if packet else b""
            )
            yield Variant(f"{name}-{place}", png(8, 2, before=chunks) if place == "before" else png(8, 2, after=chunks))
    packet = ATTRIBUTE.format(6).encode()
    yield Variant("xmp-compressed", png(8, 2, before=chunk(b"iTXt", key + b"\1\0en\0XMP\0" + zlib.compress(packet))))
    yield Variant("xmp-in-tEXt", png(8, 2, before=chunk(b"tEXt", key + packet)))
    yield Variant("xmp-in-zTXt", png(8, 2, before=chunk(b"zTXt", key + b"\0" + zlib.compress(packet))))
    raw = f"\nexif\n{len(exif(6)):8}\n{exif(6).hex()}\n".encode()
    profile = b"Raw profile type exif\0"
    yield Variant("raw-profile", png(8, 2, before=chunk(b"tEXt", profile + raw)))
    yield Variant("raw-profile-compressed", png(8, 2, before=chunk(b"zTXt", profile + b"\0" + zlib.compress(raw))))
    yield Variant(
        "raw-profile-behind-exif", png(8, 2, before=chunk(b"tEXt", profile + raw) + chunk(b"eXIf", exif(3)[6:]))
    )
    yield Variant(
        "raw-profile-before-xmp",
        png(8, 2, before=chunk(b"iTXt", key + bytes(4) + ATTRIBUTE.format(3).encode()) + chunk(b"tEXt", profile + raw)),
    )
    for name, options in (
        ("gamma", chunk(b"gAMA", struct.pack(">I", 100000))),
        ("srgb", chunk(b"sRGB", b"\0")),
        ("bits-used", chunk(b"sBIT", b"\5\6\5")),
        ("background", chunk(b"bKGD", bytes(6))),
    ):
        yield Variant(name, png(8, 2, before=options))
    frames = [Image.fromarray(np.roll(PICTURE, n, 0)) for n in range(3)]
    yield Variant("animated", saved("PNG", frames[0], save_all=True, append_images=frames[1:]))
    yield Variant(
        "animated-default-image", saved("PNG", frames[0], save_all=True, append_images=frames[1:], default_image=True)
    )


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def more_webps() -> Iterator[Variant]:
    image = Image.fromarray(SMOOTH)
    for quality in 1, 50, 100:
        yield Variant(f"lossy-{quality}", saved("WEBP", image, quality=quality))
    yield Variant("lossless-noise", saved("WEBP", Image.fromarray(PICTURE), lossless=True))
    yield Variant("grey", saved("WEBP", image.convert("L"), lossless=True))
    still = saved("WEBP", image, lossless=True)
    pixels = (still[12:16], still[20 : 20 + struct.unpack("<I", still[16:20])[0]])
    three = lambda value: (value - 1).to_bytes(3, "little")
    for name, note, packet in notes():
        flags = (8 if note else 0) | (4 if packet else 0)
        for shown in flags, 0:
            header = (b"VP8X", bytes([shown, 0, 0, 0]) + three(WIDTH) + three(HEIGHT))
            extra = ([(b"EXIF", note)] if note else []) + ([(b"XMP ", packet)] if packet else [])
            yield Variant(f"{name}{'' if shown else '-without-flag'}", riff(header, pixels, *extra))


def bmps() -> Iterator[Variant]:
    image = Image.fromarray(PICTURE)
    for mode in "1", "L", "P", "RGB", "RGBA":
        yield Variant(mode, saved("BMP", image.convert(mode)))
    body = np.pad(PICTURE[..., ::-1].reshape(HEIGHT, -1), ((0, 0), (0, -3 * WIDTH % 4))).tobytes()
    info = lambda height, bits, method, size: struct.pack(
        "<IiiHHIIiiII", 40, WIDTH, height, 1, bits, method, size, 0, 0, 0, 0
    )
    file = lambda header, extra, data: (
        b"BM"
        + struct.pack("<IHHI", 14 + len(header + extra + data), 0, 0, 14 + len(header + extra))
        + header
        + extra
        + data
    )
    yield Variant("top-down", file(info(-HEIGHT, 24, 0, len(body)), b"", body))
    yield Variant("os2", file(struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 24), b"", body))
    four = np.concatenate([PICTURE[..., ::-1], samples(4)[..., 3:].astype(np.uint8)], -1).tobytes()
    yield Variant("32-bits", file(info(HEIGHT, 32, 0, len(four)), b"", four))
    for name, masks in {
        "usual": (0xFF0000, 0xFF00, 0xFF),
        "swapped": (0xFF, 0xFF00, 0xFF0000),
        "none": (0, 0, 0),
        "high": (0xFF000000, 0xFF0000, 0xFF00),
        "ten-bits": (0x3FF00000, 0xFFC00, 0x3FF),
        "equal": (0xFF, 0xFF, 0xFF),
    }.items():
        packed = struct.pack("<3I", *masks)
        yield Variant(f"32-bits-masks-{name}", file(info(HEIGHT, 32, 3, len(four)), packed, four))
        for alpha in 0, 0xFF000000, 0xFF:
            for size in 108, 124:
                header = (
                    struct.pack("<I", size) + info(HEIGHT, 32, 3, len(four))[4:] + packed + struct.pack("<I", alpha)
                )
                yield Variant(
                    f"32-bits-masks-{name}-alpha-{alpha:x}-header-{size}", file(header.ljust(size, b"\0"), b"", four)
                )
    two = samples(1, 16).astype("<u2")[..., 0]
    body = np.pad(two, ((0, 0), (0, WIDTH % 2))).astype("<u2").tobytes()
    yield Variant("16-bits", file(info(HEIGHT, 16, 0, len(body)), b"", body))
    four_bits = np.pad(samples(1, 4)[..., 0], ((0, 0), (0, -WIDTH % 8)))
    body = (four_bits[:, ::2] << 4 | four_bits[:, 1::2]).astype(np.uint8).tobytes()
    colours = np.pad(samples(3, 8).astype(np.uint8).reshape(-1, 3)[:16], ((0, 0), (0, 1))).tobytes()
    yield Variant("4-bits", file(info(HEIGHT, 4, 0, len(body)), colours, body))
    runs = b"".join(b"".join(bytes([1, v]) for v in row) + b"\0\0" for row in samples(1, 4)[..., 0].tolist()) + b"\0\1"
    yield Variant(
        "run-lengths",
        file(struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(runs), 0, 0, 16, 0), colours, runs),
    )
    skips = bytes([5, 1, 0, 2, 3, 2, 4, 2]) + b"\0\0" + bytes([WIDTH, 3]) + b"\0\1"
    yield Variant(
        "run-lengths-with-skips",
        file(struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(skips), 0, 0, 16, 0), colours, skips),
    )


def pnms() -> Iterator[Variant]:
    for greatest in 1, 5, 100, 255, 256, 1000, 65535:
        values = samples(3, 16) % (greatest + 1)
        kind = ">u2" if greatest > 255 else "u1"
        head = f"{WIDTH} {HEIGHT}\n{greatest}\n".encode()
        truth = np.rint(values / greatest * 255).astype(np.uint8)
        yield Variant(f"P6-{greatest}", b"P6\n" + head + values.astype(kind).tobytes(), truth)
        yield Variant(
            f"P5-{greatest}", b"P5\n" + head + values[..., 0].astype(kind).tobytes(), np.repeat(truth[..., :1], 3, -1)
        )
        plain = " ".join(map(str, values.reshape(-1).tolist())).encode()
        yield Variant(f"P3-{greatest}", b"P3\n# a comment\n" + head + plain + b"\n", truth)
        plain = " ".join(map(str, values[..., 0].reshape(-1).tolist())).encode()
        yield Variant(f"P2-{greatest}", b"P2 " + head + plain, np.repeat(truth[..., :1], 3, -1))
    black = samples(1, 1)[..., 0]
    yield Variant(
        "P1", f"P1\n{WIDTH} {HEIGHT}\n".encode() + "".join(map(str, black.reshape(-1).tolist())).encode() + b"\n"
    )
    yield Variant("P4", f"P4\n{WIDTH} {HEIGHT}\n".encode() + np.packbits(black.astype(np.uint8), axis=1).tobytes())
    yield Variant("PF", f"PF\n{WIDTH} {HEIGHT}\n-1.0\n".encode() + PICTURE.astype("<f4").tobytes())
    yield Variant(
        "P7",
        f"P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n".encode() + PICTURE.tobytes(),
    )


def others() -> Iterator[Variant]:
    """Formats that are not read."""
    image = Image.fromarray(PICTURE)
    for format in (
        "AVIF",
        "JPEG2000",
        "ICO",
        "ICNS",
        "TGA",
        "PCX",
        "SGI",
        "DDS",
        "QOI",
        "PDF",
        "EPS",
        "IM",
        "MSP",
        "SPIDER",
        "XBM",
        "BLP",
        "DIB",
    ):
        for mode in "RGB", "L", "1", "P", "F", "RGBA":
            try:
                yield Variant(format.lower(), saved(format, image.convert(mode)))
                break
            except Exception:
                continue


def variants() -> Iterator[Variant]:
    for kind, draw in (
        ("jpeg", jpegs),
        ("png", pngs),
        ("webp", more_webps),
        ("bmp", bmps),
        ("pnm", pnms),
        ("other", others),
    ):
        for one in draw():
            yield one._replace(name=f"{kind}-{one.name}")
    for kind, files in ("gif", gifs()), ("webp", webps()):
        for name, file in files:
            yield Variant(f"{kind}-{name}", file)
