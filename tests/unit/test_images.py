"""The image door: formats, odd forms, orientation, damage and bombs."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from npr_edge.domain import Image
from npr_edge.errors import ImageError
from npr_edge.images import MIN_SIZE, decode_image

WIDTH, HEIGHT = 64, 48


def scene(width: int = WIDTH, height: int = HEIGHT) -> Pillow.Image:
    """Four quadrants: red, green, blue, white; survives any codec well enough to be told apart."""
    picture = Pillow.new("RGB", (width, height), "white")
    half = (width // 2, height // 2)
    picture.paste("red", (0, 0, *half))
    picture.paste("lime", (half[0], 0, width, half[1]))
    picture.paste("blue", (0, half[1], half[0], height))
    return picture


def encoded(picture: Pillow.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def corners(image: Image) -> list[tuple[int, int, int]]:
    """BGR in the middle of each quadrant, TL TR BL BR, rounded to 0 or 255."""
    height, width = image.shape[:2]
    places = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    places += [(3 * height // 4, width // 4), (3 * height // 4, 3 * width // 4)]
    return [tuple(round(int(value) / 255) * 255 for value in image[place]) for place in places]  # type: ignore[misc]


RED, LIME, BLUE, WHITE = (0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255)
UPRIGHT = [RED, LIME, BLUE, WHITE]


def rgb16_png() -> bytes:
    """A 16-bit RGB PNG; neither Pillow nor this test's needs ask for more than the four chunks."""
    pixels = (np.asarray(scene()).astype(">u2") * 257).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


FORMS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(scene(), "JPEG", quality=95),
    "progressive jpeg": lambda: encoded(scene(), "JPEG", quality=95, progressive=True),
    "cmyk jpeg": lambda: encoded(scene().convert("CMYK"), "JPEG", quality=95),
    "jpeg with bytes after its end": lambda: encoded(scene(), "JPEG", quality=95) + b"camera maker's notes",
    "multi-picture jpeg": lambda: encoded(scene(), "MPO", save_all=True, append_images=[scene(32, 32)], quality=95),
    "png": lambda: encoded(scene(), "PNG"),
    "palette png": lambda: encoded(scene().quantize(8), "PNG"),
    "png with alpha": lambda: encoded(scene().convert("RGBA"), "PNG"),
    "16-bit png": rgb16_png,
    "webp": lambda: encoded(scene(), "WEBP", quality=95),
    "lossless webp": lambda: encoded(scene(), "WEBP", lossless=True),
    "animated webp": lambda: encoded(
        scene(), "WEBP", save_all=True, append_images=[Pillow.new("RGB", (WIDTH, HEIGHT), "black")], quality=95
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_picture(form: str) -> None:
    image = decode_image(FORMS[form]())
    assert image.dtype == np.uint8
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.flags.c_contiguous
    assert corners(image) == UPRIGHT


def test_a_plain_jpeg_has_the_same_pixels_from_both_decoders() -> None:
    rng = np.random.default_rng(3)
    noise = Pillow.fromarray(cv2.GaussianBlur(rng.integers(0, 256, (97, 131, 3), dtype=np.uint8), (5, 5), 1))
    data = encoded(noise, "JPEG", quality=80)
    by_pillow = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))[:, :, ::-1]
    np.testing.assert_array_equal(decode_image(data), by_pillow)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_grey(file_format: str) -> None:
    image = decode_image(encoded(scene().convert("L"), file_format))
    assert (image[..., 0] == image[..., 2]).all()
    assert abs(int(image[HEIGHT // 4, WIDTH // 4, 0]) - 76) < 3


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    values = np.full((10, 12), 0x80FF, dtype=np.uint16)
    image = decode_image(encoded(Pillow.fromarray(values), "PNG"))
    assert image.shape == (10, 12, 3)
    assert (image == 0x80).all()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, Pillow.Transpose.FLIP_LEFT_RIGHT),
        (3, Pillow.Transpose.ROTATE_180),
        (4, Pillow.Transpose.FLIP_TOP_BOTTOM),
        (5, Pillow.Transpose.TRANSPOSE),
        (6, Pillow.Transpose.ROTATE_90),
        (7, Pillow.Transpose.TRANSVERSE),
        (8, Pillow.Transpose.ROTATE_270),
    ],
)
def test_orientation_is_applied(file_format: str, orientation: int, stored: Pillow.Transpose) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    options = {} if file_format == "PNG" else {"quality": 95}
    image = decode_image(encoded(scene().transpose(stored), file_format, exif=exif, **options))
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert corners(image) == UPRIGHT


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
def test_a_damaged_exif_block_does_not_cost_the_picture() -> None:
    image = decode_image(encoded(scene(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert corners(image) == UPRIGHT


def bomb_png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    body = b"IDAT" + zlib.compress(bytes(200_000))
    return start + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def bomb_jpeg(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def bomb_webp(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("data", [bomb_png(20_000, 20_000), bomb_png(9_000, 9_000), bomb_jpeg(60_000, 60_000)])
def test_bombs_are_refused_from_their_header(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(data)
    assert caught.value.code == "IMAGE_TOO_LARGE"


def test_a_webp_bomb_is_refused() -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(bomb_webp(16_000, 16_000))
    assert caught.value.code in ("IMAGE_TOO_LARGE", "INVALID_IMAGE")


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    data = encoded(scene(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="scans"):
        decode_image(data[:at] + data[at:-2] * 120 + b"\xff\xd9")


BROKEN: dict[str, bytes] = {
    "text": b"this is no image",
    "html": b"<!doctype html><title>hello</title>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"/>',
    "gif": encoded(scene(), "GIF"),
    "bmp": encoded(scene(), "BMP"),
    "tiff": encoded(scene(), "TIFF"),
    "magic bytes alone, jpeg": b"\xff\xd8\xff",
    "magic bytes alone, png": b"\x89PNG\r\n\x1a\n",
    "magic bytes alone, webp": b"RIFF\x00\x00\x00\x00WEBP",
    "half a jpeg": encoded(scene(640, 480), "JPEG", quality=95)[:3000],
    "jpeg without its end": encoded(scene(), "JPEG")[:-2],
    "half a png": encoded(scene(640, 480), "PNG")[:600],
    "half a webp": encoded(scene(640, 480), "WEBP", lossless=True)[:60],
    "flipped bytes in a png": encoded(scene(), "PNG").replace(b"IDAT", b"IDAU"),
    "zero": b"\0" * 5000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_image_is_refused(name: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(BROKEN[name])
    assert caught.value.code == "INVALID_IMAGE"
    assert str(caught.value).endswith(".")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ImageError, match="empty") as caught:
        decode_image(b"")
    assert caught.value.code == "INVALID_IMAGE"


def test_long_files_are_refused() -> None:
    with pytest.raises(ImageError, match="10 MB") as caught:
        decode_image(bytes(10 * 1024 * 1024 + 1))
    assert caught.value.code == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize(("size", "taken"), [((320, 240), True), ((319, 240), False), ((320, 239), False)])
def test_the_least_size_counts_only_where_asked(size: tuple[int, int], taken: bool) -> None:
    data = encoded(scene(*size), "JPEG")
    assert decode_image(data).shape[1::-1] == size
    if taken:
        assert decode_image(data, min_size=MIN_SIZE).shape[1::-1] == size
    else:
        with pytest.raises(ImageError, match=f"{size[0]} x {size[1]}") as caught:
            decode_image(data, min_size=MIN_SIZE)
        assert caught.value.code == "IMAGE_TOO_SMALL"


def test_one_pixel_is_an_image() -> None:
    assert decode_image(encoded(Pillow.new("RGB", (1, 1), "red"), "PNG")).tolist() == [[[0, 0, 255]]]


SUBSAMPLINGS = [0x411111, 0x221111, 0x211111, 0x121111, 0x111111]


@pytest.mark.parametrize("sampling", SUBSAMPLINGS, ids=hex)
def test_jpegs_decode_as_opencv_decodes_frames(sampling: int) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (97, 131, 3), dtype=np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    data = bytes(cv2.imencode(".jpg", cv2.GaussianBlur(pixels, (5, 5), 0), options)[1])
    by_opencv = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    np.testing.assert_array_equal(decode_image(data), by_opencv)


def test_a_damaged_jpeg_puts_no_word_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encoded(scene(640, 480), "JPEG", quality=95))
    middle = data.index(b"\xff\xda") + 500
    data[middle : middle + 200] = bytes(200)
    cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert "Corrupt JPEG data" in capfd.readouterr().err  # what another decoder says of it
    assert decode_image(bytes(data)).shape == (480, 640, 3)
    assert capfd.readouterr() == ("", "")
