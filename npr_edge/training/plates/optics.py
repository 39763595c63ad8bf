"""What cameras do to a plate: blur, little resolution, noise, compression, infra-red light, rain, darkness.

Only numpy and OpenCV; nothing here knows what a plate is, so scenes and photographs go through it alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.uint8]


def degrade(image: Canvas, rng: np.random.Generator, *, strength: float = 1.0) -> Canvas:
    """A plate as a camera may have seen it.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: What happens, and how strongly.
        strength: 0 leaves the plate readable at a glance; 1 goes as far as 40 px of width; between them linear.

    Returns:
        (h, w, 3) uint8 BGR at the camera's own resolution: 40 pixels wide or more, never wider than the input.
    """
    picture = light(image, rng, strength)
    height, width = picture.shape[:2]
    least = 40 + 80 * (1 - strength)
    wide = min(float(np.exp(rng.uniform(np.log(least), np.log(max(320, least))))), float(width))
    # Blur belongs to the lens: it is measured in pixels of the sensor, so it scales with the reduction. What is
    # small already keeps its last detail, or nobody could read it and nothing could be learnt from it.
    reduction = width / wide
    picture = blur(picture, rng, strength * reduction * min(1.0, wide / 110))
    size = max(round(wide), 40), max(round(height / reduction), 8)
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = sensor_noise(small, rng.uniform(0, 9) * strength, rng)
    return compress(small, int(rng.uniform(100 - 75 * strength, 97)), rng)


def light(image: Canvas, rng: np.random.Generator, strength: float = 1.0) -> Canvas:
    """One kind of light out of day, dusk, infra-red, flash and rain; same shape as the input."""
    kind = rng.choice(5, p=[0.45, 0.2, 0.15, 0.12, 0.08])
    if kind == 1:
        return low_light(image, rng.uniform(0.2, 0.7), rng)
    if kind == 2:
        return infrared(image, rng)
    if kind == 3:
        return bloom(image, rng.uniform(0.3, 1.0) * strength)
    if kind == 4:
        return rain(image, rng)
    gain, gamma = rng.uniform(0.75, 1.25), float(np.exp(rng.normal(0, 0.25 * strength)))
    table = np.clip(255 * (np.arange(256) / 255) ** gamma * gain, 0, 255)
    balance = rng.normal(1, 0.05, 3)
    tables = np.clip(table[:, None] * balance, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, tables[None]), np.uint8)


def blur(image: Canvas, rng: np.random.Generator, pixels: float = 1.0) -> Canvas:
    """Focus or motion blur of up to about ``pixels`` (sigma) and three times that (length of the motion)."""
    if rng.random() < 0.45:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), max(rng.uniform(0.2, 1.0) * pixels, 0.1)), np.uint8)
    if rng.random() < 0.5:
        return image
    return motion_blur(image, rng.uniform(0.5, 3.0) * pixels, rng.normal(0, 25))


def motion_blur(image: Canvas, length: float, degrees: float) -> Canvas:
    """Smear along a line of ``length`` pixels, ``degrees`` from the horizontal."""
    size = max(round(length), 1) | 1
    kernel = np.zeros((size, size), np.float32)
    middle = (size - 1) / 2
    step = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * middle
    first = round(middle - step[0]), round(middle - step[1])
    last = round(middle + step[0]), round(middle + step[1])
    cv2.line(kernel, first, last, 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def infrared(image: Canvas, rng: np.random.Generator) -> Canvas:
    """Monochrome under infra-red flood light: the reflective ground shines, coloured ink may fade.

    Yellow and red reflect near infra-red like white, which is why the red channel leads.
    """
    weights = np.array([rng.uniform(0.0, 0.2), rng.uniform(0.1, 0.4), 0.0])
    weights[2] = 1 - weights.sum()
    grey = image.astype(np.float32) @ weights.astype(np.float32)
    grey = np.clip((grey - 90) * rng.uniform(1.0, 1.7) + rng.uniform(70, 130), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def bloom(image: Canvas, strength: float) -> Canvas:
    """Retro-reflection into the lens: bright parts overflow and lighten the characters, 0 none, 1 strong."""
    bright = np.clip(image.astype(np.float32) - 120, 0, None) * (1 + strength)
    halo = cv2.GaussianBlur(bright, (0, 0), max(image.shape[0] * 0.06, 0.5))
    return np.clip(image + halo * strength * 0.9, 0, 255).astype(np.uint8)


def low_light(image: Canvas, share: float, rng: np.random.Generator) -> Canvas:
    """Only ``share`` of the light, with the noise that a sensor then shows and a tint of street lamps."""
    tint = np.array([rng.uniform(0.6, 1.1), rng.uniform(0.8, 1.0), 1.0], np.float32)
    dark = image.astype(np.float32) * share * tint
    dark += rng.normal(0, 6 * (1 - share), image.shape[:2]).astype(np.float32)[..., None]
    return np.clip(dark, 0, 255).astype(np.uint8)


def rain(image: Canvas, rng: np.random.Generator) -> Canvas:
    """Drops and streaks on the lens side: small lenses of blur, thin light lines."""
    height, width = image.shape[:2]
    soft = cv2.GaussianBlur(image, (0, 0), max(height * 0.04, 0.5))
    mask = np.zeros((height, width), np.uint8)
    streaks = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(4, 18))):
        centre = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        cv2.circle(mask, centre, max(int(height * rng.uniform(0.02, 0.09)), 1), 255, -1, cv2.LINE_AA)
        end = centre[0] + int(rng.normal(0, 3)), centre[1] + int(height * rng.uniform(0.1, 0.35))
        cv2.line(streaks, centre, end, int(rng.integers(20, 90)), 1, cv2.LINE_AA)
    share = mask[..., None].astype(np.float32) / 255
    mixed = image * (1 - share) + soft * share + streaks[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def sensor_noise(image: Canvas, sigma: float, rng: np.random.Generator) -> Canvas:
    """Gaussian noise of ``sigma`` levels, mostly in brightness, a third of it in colour."""
    grain = rng.standard_normal(image.shape[:2], np.float32)[..., None]
    colours = rng.standard_normal(image.shape, np.float32)
    noisy = image + grain * np.float32(sigma) + colours * np.float32(sigma / 3)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def compress(image: Canvas, quality: int, rng: np.random.Generator) -> Canvas:
    """JPEG or video-like compression at ``quality`` (1-100) with the block grid at a random place.

    Video is imitated by coding the picture twice with shifted grids and smoothing across the blocks, as the
    in-loop filter of H.264 does.
    """
    passes = 2 if rng.random() < 0.35 else 1
    picture = image
    for _ in range(passes):
        shift_y, shift_x = (int(v) for v in rng.integers(0, 8, 2))
        padded = cv2.copyMakeBorder(picture, shift_y, 0, shift_x, 0, cv2.BORDER_REPLICATE)
        _, data = cv2.imencode(".jpg", padded, [cv2.IMWRITE_JPEG_QUALITY, int(np.clip(quality, 1, 100))])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if decoded is None:
            raise RuntimeError(f"OpenCV could not read back its own JPEG of shape {padded.shape}")
        picture = np.asarray(decoded[shift_y:, shift_x:], np.uint8)
    if passes == 2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.uint8)
    return picture
