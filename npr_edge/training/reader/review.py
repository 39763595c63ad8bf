"""Look over the training crops with a half-trained reader: find wrong labels, and spend time where it is needed.

A crop that is read right and sure teaches little more; one that the reader contradicts with certainty is more
often labelled wrong than read wrong. Both are drawn less often.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from npr_edge.read.charset import decode, encode
from npr_edge.read.preprocess import shrink_to_input
from npr_edge.training.reader.data import LOOSE_SOURCES, TRUST
from npr_edge.training.reader.network import Reader
from npr_edge.training.reader.pack import MACHINE_PREFIX, Pack
from npr_edge.training.reader.train import read_all

_EASY, _HARD = 0.35, 1.5
_DOUBTED = 0.1
_SURE_OF_MACHINE, _SURE_OF_PERSON = 0.85, 0.95
_CHUNK = 512


def review(network: Reader, pack: Pack, path: Path) -> NDArray[np.float64]:
    """Factor of each crop's share, (N,); also written to ``path``.

    The factor grows with the surprise of the label (-log of its probability) from 0.35 to 1.5; where the reader is
    sure of another text it is 0.1.
    """
    factors = np.concatenate([_chunk(network, pack, start) for start in range(0, len(pack.crops), _CHUNK)])
    np.save(path, factors)
    return factors


def _chunk(network: Reader, pack: Pack, start: int) -> NDArray[np.float64]:
    crops = pack.crops[start : start + _CHUNK]
    images = np.stack([shrink_to_input(np.asarray(pixels)) for pixels in pack.pixels[start : start + _CHUNK]])
    chances = torch.log_softmax(read_all(network, images), dim=2).double()
    best, codes = chances.max(dim=2)
    truth = torch.tensor([encode(crop.text) for crop in crops])
    surprise = -chances.gather(2, truth[..., None])[..., 0].sum(dim=1).numpy()
    sure = best.sum(dim=1).exp().numpy()
    factors = np.clip(surprise / 2, _EASY, _HARD)
    for index, crop in enumerate(crops):
        doubtful = crop.source.startswith(MACHINE_PREFIX) or crop.source in TRUST
        enough = _SURE_OF_MACHINE if doubtful else _SURE_OF_PERSON
        read = decode(codes[index].tolist())
        if read != crop.text and sure[index] > enough and crop.source not in LOOSE_SOURCES:
            factors[index] = _DOUBTED
    return np.asarray(factors, dtype=np.float64)
