"""What makes single frames hard to read: a shaking or hunting lens, little light, a noisy sensor, hard compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from npr_edge.domain import Image


@dataclass(frozen=True, slots=True)
class Degradation:
    """How bad frames are; every frame draws its own share.

    Attributes:
        blur_px: Standard deviation from which the blur's sigma is drawn, pixels.
        grain: Noise of the sensor, levels.
        quality: JPEG quality, least and greatest.
        light: Factor on the brightness, least and greatest.
    """

    blur_px: float = 1.0
    grain: float = 9.0
    quality: tuple[int, int] = (20, 50)
    light: tuple[float, float] = (0.4, 1.0)

    def apply(self, image: Image, rng: np.random.Generator) -> Image:
        """A worse copy of a frame (H, W, 3) uint8 BGR."""
        sigma = abs(float(rng.normal(0, self.blur_px)))
        picture = cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.2 else image
        dim = picture.astype(np.float32) * float(rng.uniform(*self.light))
        noise = np.empty(image.shape, np.float32)
        cv2.setRNGSeed(int(rng.integers(1 << 30)))
        cv2.randn(noise, np.zeros(3), np.full(3, self.grain))
        noisy = np.clip(dim + noise, 0, 255).astype(np.uint8)
        quality = int(rng.integers(self.quality[0], self.quality[1] + 1))
        done, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert done
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None
        return np.asarray(decoded, np.uint8)
