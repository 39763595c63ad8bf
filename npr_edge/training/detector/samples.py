"""One training sample: a window of a photograph at a random scale, plates added, light changed, targets made."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.evaluate.dataset_detect import INCOMPLETE_SOURCES
from npr_edge.training.detector.composites import PlateTexture, erase, paste, random_quad, scribble, with_holder
from npr_edge.training.detector.pack import SOURCE_WEIGHTS, Pack, Photo

PAD = 114  # grey of the letterbox bars, as at run time
NEGATIVE_SHARE = 0.22
REPLACED_SHARE = 0.35  # vehicle photographs whose plates give way to drawn ones with exact corners
LEAST_HARDNESS = (
    0.15  # weight of a photograph without plates in which no false one was found; a false one adds its score
)
SMALLEST_PX = 11.0  # plates narrower than this at input scale are neither wanted nor punished


@dataclass(frozen=True, slots=True)
class Sample:
    """What one picture teaches.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        quads: (N, 4, 2) float32 corners in pixels of ``image``.
        exact: (N,) bool; False: only the hull of the quad is known.
        ignore: (M, 4) float32 boxes x0 y0 x1 y1 within which the score is not judged.
        incomplete: Other plates may be in view without a label.
    """

    image: NDArray[np.uint8]
    quads: NDArray[np.float32]
    exact: NDArray[np.bool_]
    ignore: NDArray[np.float32]
    incomplete: bool


class Sampler:
    """Draws endless samples from a pack; every draw depends on ``rng`` alone."""

    def __init__(
        self, pack: Pack, plates: list[NDArray[np.uint8]], size: tuple[int, int], split: str = "train"
    ) -> None:
        """``plates`` are drawn plates to paste; ``size`` is (width, height) of a sample in pixels."""
        self._pack = pack
        self._plates = plates
        self._width, self._height = size
        self._vehicles = [p for p in pack.photos if p.split == split and p.source != "negatives"]
        self._negatives = [p for p in pack.photos if p.split == split and p.source == "negatives"]
        weights = np.array(
            [SOURCE_WEIGHTS.get(p.source, 1.0) * (1 + 0.15 * (len(p.quads) > 2)) for p in self._vehicles]
        )
        self._weights = np.cumsum(weights / weights.sum())
        hardness = np.array([LEAST_HARDNESS + p.hardness for p in self._negatives])
        self._negative_weights = np.cumsum(hardness / hardness.sum())

    def draw(self, rng: np.random.Generator) -> Sample:
        """The next sample."""
        negative = rng.random() < NEGATIVE_SHARE
        if negative:
            photo = self._negatives[int(np.searchsorted(self._negative_weights, rng.random()))]
        else:
            photo = self._vehicles[int(np.searchsorted(self._weights, rng.random()))]
        image, quads, unlabelled = self._window(rng, photo)
        exact = photo.exact.copy()
        labels = _Labels(self._width, self._height)
        for quad in unlabelled:
            labels.leave(quad)
        replace = not negative and rng.random() < REPLACED_SHARE
        image = np.ascontiguousarray(image)
        for quad, is_exact in zip(quads, exact, strict=True):
            if replace and np.ptp(quad[:, 0]) >= SMALLEST_PX and self._replace(rng, image, quad, labels):
                continue
            labels.add(quad, bool(is_exact))
        if rng.random() < (0.25 if negative else 0.15):
            for _ in range(int(rng.integers(1, 3))):
                self._add(rng, image, labels)
        if rng.random() < (0.3 if negative else 0.15):
            for _ in range(int(rng.integers(1, 3))):
                self._distract(rng, image, labels)
        image = photometric(rng, image)
        quads_out, exact_out, ignore = labels.arrays()
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            quads_out[:, :, 0] = self._width - quads_out[:, :, 0]
            quads_out = quads_out[:, [1, 0, 3, 2]]
            ignore = np.stack(
                [self._width - ignore[:, 2], ignore[:, 1], self._width - ignore[:, 0], ignore[:, 3]], axis=1
            )
        return Sample(image, quads_out, exact_out, ignore, photo.source in INCOMPLETE_SOURCES)

    def _window(
        self, rng: np.random.Generator, photo: Photo
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
        """Cut a window and bring it to the sample's size; quads come along, unlabelled ones last."""
        fit = min(640 / photo.width, 384 / photo.height)
        quads = photo.quads.astype(np.float64)
        if len(quads) and rng.random() < 0.93:
            target = quads[int(rng.integers(len(quads)))]
            wide = float(np.ptp(target[:, 0]))
            if rng.random() < 0.5:
                scale = fit * np.exp(rng.uniform(np.log(0.6), np.log(1.6)))
            else:
                scale = np.exp(rng.uniform(np.log(14), np.log(0.95 * self._width))) / wide
            scale = float(np.clip(scale, max(fit * 0.5, 13 / wide), 2.4))
            scale = min(scale, 0.97 * self._width / wide, 0.97 * self._height / float(np.ptp(target[:, 1])))
            centre = target.mean(axis=0)
            room = np.maximum([self._width - wide * scale, self._height - np.ptp(target[:, 1]) * scale], 2) / scale
            corner = centre - np.array([self._width, self._height]) / scale / 2 + (rng.random(2) - 0.5) * room
        else:
            scale = fit * float(np.exp(rng.uniform(np.log(0.6), np.log(1.7))))
            view = np.array([self._width, self._height]) / scale
            corner = rng.random(2) * (np.array([photo.width, photo.height]) - view)
        if rng.random() < 0.85:  # as little grey beyond the photograph's edges as the size allows
            spare = np.array([photo.width, photo.height]) - np.array([self._width, self._height]) / scale
            corner = np.clip(corner, np.minimum(spare, 0), np.maximum(spare, 0))
        stretch = np.exp(rng.normal(0, 0.07)) if rng.random() < 0.5 else 1.0
        factors = scale * np.array([stretch, 1 / stretch])
        unlabelled = (photo.unlabelled.astype(np.float64) - corner) * factors
        return self._cut(rng, photo, corner, factors), (quads - corner) * factors, unlabelled

    def _cut(
        self, rng: np.random.Generator, photo: Photo, corner: NDArray[np.float64], factors: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        pixels = self._pack.pixels(photo)
        low = np.maximum(np.floor(corner).astype(int) - 1, 0)
        high = np.minimum(
            np.ceil(corner + [self._width, self._height] / factors).astype(int) + 1, [photo.width, photo.height]
        )
        image = np.full((self._height, self._width, 3), PAD, np.uint8)
        if (high - low < 2).any():
            return image
        part = pixels[low[1] : high[1], low[0] : high[0]]
        if factors[0] < 0.67 and rng.random() < 0.7:
            shrunk = np.maximum(np.round((high - low) * factors).astype(int), 1)
            small = cv2.resize(part, (int(shrunk[0]), int(shrunk[1])), interpolation=cv2.INTER_AREA)
            part = np.asarray(small, np.uint8)
            step = shrunk / (high - low)
        else:
            step = np.ones(2)
        rest = factors / step
        shift = (low - corner) * factors
        # in OpenCV's convention, where the first pixel's centre is 0
        move = np.array([[rest[0], 0, shift[0] + 0.5 * rest[0] - 0.5], [0, rest[1], shift[1] + 0.5 * rest[1] - 0.5]])
        return cv2.warpAffine(  # type: ignore[return-value]
            part,
            move,
            (self._width, self._height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(PAD,) * 3,
        )

    def _texture(self, rng: np.random.Generator, aspect: float | None) -> PlateTexture:
        picks = [self._plates[int(i)] for i in rng.integers(len(self._plates), size=4)]
        if aspect is None:
            return with_holder(rng, picks[0])
        return with_holder(rng, min(picks, key=lambda p: abs(np.log(p.shape[1] / p.shape[0] / aspect))))

    def _replace(
        self, rng: np.random.Generator, image: NDArray[np.uint8], quad: NDArray[np.float64], labels: _Labels
    ) -> bool:
        """Put a drawn plate where a real one is; False where it would not be seen whole."""
        low, high = quad.min(axis=0), quad.max(axis=0)
        if (low < 0).any() or (high > [self._width, self._height]).any():
            return False
        size = high - low
        texture = self._texture(rng, float(size[0] / size[1]))
        shape = random_quad(rng, texture.aspect)
        corners = (
            shape * (size[0] / np.ptp(shape[:, 0]) * rng.uniform(0.95, 1.15))
            + (low + high) / 2
            + rng.normal(0, 0.03, 2) * size
        )
        if (corners.min(axis=0) < 0).any() or (corners.max(axis=0) > [self._width, self._height]).any():
            return False
        erase(image, np.concatenate([low, high]))
        paste(rng, image, texture, corners)
        labels.add(corners, True)
        return True

    def _add(self, rng: np.random.Generator, image: NDArray[np.uint8], labels: _Labels) -> None:
        """Put a drawn plate anywhere that is free."""
        texture = self._texture(rng, None)
        corners = self._place(rng, texture.aspect, labels)
        if corners is not None:
            paste(rng, image, texture, corners)
            labels.add(corners, True)

    def _distract(self, rng: np.random.Generator, image: NDArray[np.uint8], labels: _Labels) -> None:
        """Write words anywhere that is free; they are no plates."""
        corners = self._place(rng, float(rng.uniform(1.5, 7)), labels)
        if corners is not None:
            scribble(rng, image, corners)

    def _place(self, rng: np.random.Generator, aspect: float, labels: _Labels) -> NDArray[np.float64] | None:
        """Corners of something plate-like at a random place and size, if that is free."""
        shape = random_quad(rng, aspect)
        wide = float(np.exp(rng.uniform(np.log(14), np.log(260))))
        corners = shape * (wide / np.ptp(shape[:, 0]))
        room = np.array([self._width, self._height]) - np.ptp(corners, axis=0)
        if (room < 4).any():
            return None
        corners = corners - corners.min(axis=0) + rng.random(2) * room
        return corners if labels.free(corners) else None


class _Labels:
    """Collects the plates of one sample."""

    def __init__(self, width: int, height: int) -> None:
        self._size = np.array([width, height], dtype=np.float64)
        self._quads: list[NDArray[np.float64]] = []
        self._exact: list[bool] = []
        self._ignore: list[NDArray[np.float64]] = []

    def add(self, quad: NDArray[np.float64], exact: bool) -> None:
        """Take a plate as a target, or leave its place unjudged where it is cut off or tiny."""
        low, high = quad.min(axis=0), quad.max(axis=0)
        seen = np.clip(np.minimum(high, self._size) - np.maximum(low, 0), 0, None)
        share = float(np.prod(seen / np.maximum(high - low, 1e-6)))
        if share <= 0:
            return
        if share < 0.85 or high[0] - low[0] < SMALLEST_PX or high[1] - low[1] < 2.5:
            self.leave(quad)
            return
        self._quads.append(quad)
        self._exact.append(exact)

    def leave(self, quad: NDArray[np.float64]) -> None:
        """Leave a place unjudged."""
        self._ignore.append(np.concatenate([quad.min(axis=0) - 3, quad.max(axis=0) + 3]))

    def free(self, quad: NDArray[np.float64]) -> bool:
        """Whether a quad's hull touches no plate so far."""
        low, high = quad.min(axis=0) - 8, quad.max(axis=0) + 8
        boxes = [np.concatenate([q.min(axis=0), q.max(axis=0)]) for q in self._quads] + self._ignore
        return not any((low < b[2:]).all() and (high > b[:2]).all() for b in boxes)

    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
        """Quads (N, 4, 2), exact (N,), ignore (M, 4)."""
        return (
            np.array(self._quads, dtype=np.float32).reshape(-1, 4, 2),
            np.array(self._exact, dtype=bool),
            np.array(self._ignore, dtype=np.float32).reshape(-1, 4),
        )


def photometric(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Light, colour, blur, noise and JPEG as cameras give them; the geometry stays."""
    table = np.arange(256, dtype=np.float32) / 255
    if rng.random() < 0.8:
        gamma = np.exp(rng.normal(0, 0.3))
        gain, lift = rng.uniform(0.7, 1.3), rng.normal(0, 0.05)
        tints = rng.normal(1, 0.07, 3) if rng.random() < 0.6 else np.ones(3)
        if rng.random() < 0.12:
            gain *= rng.uniform(0.25, 0.7)  # dusk
        channels = [np.clip((table**gamma * gain * t + lift) * 255, 0, 255).astype(np.uint8) for t in tints]
        image = cv2.LUT(image, np.stack(channels, axis=1)[None])  # type: ignore[assignment]
    kind = rng.random()
    if kind < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)  # type: ignore[assignment]
    elif kind < 0.13:
        image = np.ascontiguousarray(image[:, :, rng.permutation(3)])  # casts such as a NoIR camera's
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))  # type: ignore[assignment]
    elif rng.random() < 0.06:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        end = (int(rng.integers(length)), length - 1) if rng.random() < 0.3 else (length - 1, length // 2)
        cv2.line(kernel, (length - 1 - end[0], length - 1 - end[1]), end, 1.0)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())  # type: ignore[assignment]
    if rng.random() < 0.2:
        noise = rng.integers(0, 256, image.shape, dtype=np.uint8)  # uniform is as good as normal at this strength
        strength = rng.uniform(0.02, 0.12)
        image = cv2.addWeighted(image, 1.0, noise, strength, -127.5 * strength)  # type: ignore[assignment]
    if rng.random() < 0.25:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image
