"""The image door under damage: whatever comes, an image or an ``ImageError``, silence and steady memory."""

from __future__ import annotations

import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from npr_edge.errors import ImageError
from npr_edge.images import decode_image
from tests.unit.test_images import FORMS, encoded, scene

LONG_S = 600.0
ROUND = 2_000
MAX_PIXELS = 4_000_000
MAX_GROWTH_MB = 96
EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]


def oriented(file_format: str) -> bytes:
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    return encoded(scene(96, 64), file_format, exif=exif)


SEEDS = [
    *[make() for make in FORMS.values()],
    *[oriented(file_format) for file_format in ("JPEG", "PNG", "WEBP")],
    encoded(scene(640, 480), "JPEG", quality=90),
    encoded(scene(320, 240), "JPEG", quality=50, progressive=True, subsampling=0, restart_marker_blocks=3),
    encoded(scene(320, 240).convert("L"), "JPEG"),
    encoded(scene(33, 17).convert("1"), "PNG"),
    encoded(scene(64, 48).convert("LA"), "PNG", interlace=True),
]

MAGICS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBPVP8X"]

Damage = st.lists(
    st.tuples(
        st.sampled_from(["flip", "head", "number", "cut", "drop", "repeat", "splice", "zeros"]),
        st.floats(0, 1),
        st.integers(0, 255),
        st.sampled_from(EXTREMES),
        st.sampled_from(SEEDS),
    ),
    min_size=1,
    max_size=8,
)


def damaged(content: bytes, damage: list[tuple[str, float, int, int, bytes]]) -> bytes:
    """``content`` after each damage in turn: what, where (part of the length), a byte, a number, another file."""
    data = bytearray(content)
    for what, place, byte, number, other in damage:
        at = int(place * len(data))
        span = 1 + byte * 4
        if what in ("flip", "head") and data:
            # Most that decoders trip over stands in the first bytes.
            data[(at if what == "flip" else int(place * min(len(data), 400))) % len(data)] = byte
        elif what == "number":
            width = 2 if number <= 0xFFFF else 4
            data[at : at + width] = number.to_bytes(width, "big" if byte % 2 else "little")
        elif what == "cut":
            del data[at:]
        elif what == "drop":
            del data[at : at + span]
        elif what == "repeat":
            data[at:at] = data[at : at + span] * (1 + byte % 5)
        elif what == "splice":
            data[at:] = other[int(place * len(other)) :]
        elif what == "zeros":
            data[at : at + span] = bytes(span)
    return bytes(data)


def with_true_checksums(content: bytes) -> bytes:
    """A PNG whose chunks carry the checksums of what is in them now: damage gets past the first check."""
    data, at = bytearray(content), 8
    while data[:4] == b"\x89PNG" and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(data)


def hold(content: bytes) -> None:
    """The door's promise, for any bytes."""
    try:
        image = decode_image(content, max_pixels=MAX_PIXELS)
    except ImageError as error:
        kept = error.code in ("INVALID_IMAGE", "IMAGE_TOO_LARGE") and str(error).endswith(".")
        assert kept, repr(error)  # noqa: PT017  (both ways out are right)
    else:
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert 0 < image.shape[0] * image.shape[1] <= MAX_PIXELS
        assert image.flags.c_contiguous


def resident_mb() -> float:
    return int(Path("/proc/self/status").read_text(encoding="ascii").split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=300)
@given(st.sampled_from(SEEDS), Damage)
def test_damage_gives_an_image_or_an_image_error(seed: bytes, damage: list[tuple[str, float, int, int, bytes]]) -> None:
    hold(with_true_checksums(damaged(seed, damage)))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.binary(max_size=500), st.sampled_from(MAGICS))
def test_bytes_that_never_were_an_image(content: bytes, start: bytes) -> None:
    hold(start + content)


@pytest.mark.slow
@pytest.mark.timeout(LONG_S + 300)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_ten_minutes_of_damage(capfd: pytest.CaptureFixture[str]) -> None:
    """New damage in every run; nothing is printed and memory stays where it was after the first minute."""
    examples = 0

    @settings(max_examples=ROUND, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(SEEDS), Damage, st.booleans())
    def round_of_damage(seed: bytes, damage: list[tuple[str, float, int, int, bytes]], mend: bool) -> None:
        nonlocal examples
        examples += 1
        content = damaged(seed, damage)
        hold(with_true_checksums(content) if mend else content)

    started_s, early_mb = time.monotonic(), 0.0
    while (spent_s := time.monotonic() - started_s) < LONG_S:
        round_of_damage()
        early_mb = early_mb or (resident_mb() if spent_s > LONG_S / 10 else 0.0)
    assert resident_mb() - early_mb < MAX_GROWTH_MB
    assert capfd.readouterr() == ("", "")
    with capfd.disabled():
        print(f"\n{examples} damaged images in {spent_s:.0f} s, memory {early_mb:.0f} to {resident_mb():.0f} MB")
