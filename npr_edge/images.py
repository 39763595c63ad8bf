"""The one door for pictures from outside: untrusted bytes in, upright pixels out.

Pillow reads headers, checks and orientation, since it opens a file without decoding it; the pixels of a plain
JPEG come from TurboJPEG, which decodes them a third faster and bit for bit the same (OpenCV is as fast, but lets
libjpeg print what it thinks of damaged files); everything rarer (CMYK, 16 bit, palettes, animation) comes from Pillow,
which knows more forms.
"""

from __future__ import annotations

import io
import re
from typing import cast

import numpy as np
import simplejpeg
from PIL import Image as Pillow

from npr_edge.domain import Image
from npr_edge.errors import ImageError

MAX_BYTES = 10 * 1024 * 1024
"""10 MB, the largest file of the REST contract."""

MAX_PIXELS = 50_000_000
"""Covers the 48 and 50 megapixel modes of telephones; 150 MB as BGR, what a 1 GB board can still hold once."""

MIN_SIZE = (320, 240)
"""Width and height in pixels that the REST contract asks for at least."""

_FORMATS = ("JPEG", "PNG", "WEBP")
_ORIENTATION_TAG = 0x0112
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_MAX_SCANS = 100
"""Progressive photographs have about ten scans; each further one costs a pass over all pixels."""

_UPRIGHT = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: image.transpose(1, 0, 2)[:, ::-1],
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: image.transpose(1, 0, 2)[::-1],
}
"""What brings each orientation of EXIF 2.3, tag 0x0112, upright; 1 is upright already."""


def decode_image(
    data: bytes,
    *,
    min_size: tuple[int, int] | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> Image:
    """The pixels of a JPEG, PNG or WebP file; its content decides which, and sizes are checked before decoding.

    Args:
        data: The whole file.
        min_size: Least width and height of the upright image in pixels; None takes any.
        max_bytes: Longest file, bytes.
        max_pixels: Largest width times height; more is refused from the header alone.

    Returns:
        (H, W, 3) uint8 BGR, EXIF orientation applied, transparency dropped, the first frame of an animation.

    Raises:
        ImageError: ``INVALID_IMAGE`` for anything that is not a whole image of the three formats,
            ``IMAGE_TOO_LARGE`` above ``max_bytes`` or ``max_pixels``, ``IMAGE_TOO_SMALL`` below ``min_size``.
    """
    if not data:
        raise ImageError("The uploaded file is empty: send the bytes of a JPEG, PNG or WebP image.")
    if len(data) > max_bytes:
        raise ImageError(f"The file exceeds the maximum size of {max_bytes / 2**20:g} MB.", "IMAGE_TOO_LARGE")
    with _open(data) as picture:
        _check_pixels(picture.size, max_pixels)
        plain_jpeg = picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "L")
        if picture.format in ("JPEG", "MPO"):
            _check_whole_jpeg(data)
        try:
            pixels = _decode_jpeg(data) if plain_jpeg else _decode_any(picture)
            orientation = _orientation(picture)
        except Exception as error:  # decoders of damaged files raise nearly anything
            raise ImageError("The uploaded file is damaged or cut off: its image cannot be decoded.") from error
    turn = _UPRIGHT.get(orientation)
    upright = np.ascontiguousarray(pixels if turn is None else turn(pixels))
    if min_size is not None:
        _check_min_size(upright, min_size)
    return upright


def _open(data: bytes) -> Pillow.Image:
    try:
        return Pillow.open(io.BytesIO(data), formats=_FORMATS)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise ImageError("The image has too many pixels: scale it down.", "IMAGE_TOO_LARGE") from error
    except Exception as error:  # headers made to confuse raise nearly anything
        raise ImageError("The uploaded file is not a valid image: send a JPEG, PNG or WebP file.") from error


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        message = f"The image is {width} x {height} pixels; at most {max_pixels / 1e6:g} megapixels are taken."
        raise ImageError(message, "IMAGE_TOO_LARGE")


def _check_min_size(image: Image, min_size: tuple[int, int]) -> None:
    height, width = image.shape[:2]
    if width < min_size[0] or height < min_size[1]:
        message = f"The image is {width} x {height} pixels; at least {min_size[0]} x {min_size[1]} are needed."
        raise ImageError(message, "IMAGE_TOO_SMALL")


def _check_whole_jpeg(data: bytes) -> None:
    """Walk the markers to the end of the image: decoders fill what is missing with grey."""
    at, scans = 0, 0
    while match := _MARKER.search(data, at):
        code = match[1][0]
        at = match.end()
        if code == _END_OF_IMAGE:
            return
        if code == _START_OF_SCAN:
            scans += 1
            if scans > _MAX_SCANS:
                raise ImageError(f"The JPEG has more than {_MAX_SCANS} scans; save it again as a baseline JPEG.")
        if code not in (0x01, _START_OF_IMAGE):
            at += int.from_bytes(data[at : at + 2], "big")
    raise ImageError("The uploaded file is cut off: the end of the JPEG is missing.")


def _decode_jpeg(data: bytes) -> Image:
    # Not strict: cameras leave a few bytes too many before a marker, and the picture is whole all the same.
    return cast(Image, simplejpeg.decode_jpeg(data, "BGR", strict=False))


def _decode_any(picture: Pillow.Image) -> Image:
    picture.load()
    if picture.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion to 8 bits clips instead of scaling.
        grey = (np.asarray(picture) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)[:, :, ::-1]


def _orientation(picture: Pillow.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels, which were decoded
        return 1
