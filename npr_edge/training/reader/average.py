"""``python -m npr_edge.training.reader.average``: the middle of two checkpoints, as a start for further training.

Weights that descend from the same checkpoint often read better in the middle than at either end (Wortsman et al.,
*Model soups*, 2022). The running statistics of the normalisations do not average; they are taken anew from batches.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from npr_edge.training.pool import Pool
from npr_edge.training.reader import finds
from npr_edge.training.reader.data import Sources, Stream, to_batch
from npr_edge.training.reader.network import Reader
from npr_edge.training.reader.pack import backgrounds, build
from npr_edge.training.reader.publish import weights_of
from npr_edge.training.reader.train import new_reader

BATCHES = 40


def average(first: dict[str, Tensor], second: dict[str, Tensor], share: float, images: list[Tensor]) -> Reader:
    """A network between two.

    Args:
        first: Weights of one.
        second: Weights of the other.
        share: Of the first, 0-1.
        images: Batches of (B, 3, HEIGHT, WIDTH) RGB 0-1 for the statistics of the normalisations.
    """
    network = new_reader()
    network.load_state_dict(
        {
            name: torch.lerp(second[name], value, share) if value.dtype.is_floating_point else value
            for name, value in first.items()
        }
    )
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over the batches
    network.train()
    with torch.no_grad():
        for batch in tqdm(images, desc="statistics"):
            network(batch)
    return network.eval()


def main() -> int:
    """Write the weights in the middle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, help="checkpoint or float weights")
    parser.add_argument("second", type=Path, help="checkpoint or float weights of the same descent")
    parser.add_argument("--share", type=float, default=0.5, help="of the first (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="training data folder")
    parser.add_argument("--plates", type=Path, help="pool of generated plates to mix in (task generate)")
    parser.add_argument("--out", type=Path, required=True, help="a run's folder (decoded crops); gets average.pt")
    args = parser.parse_args()
    folder = args.out / "pack"
    drawn = Pool(args.plates) if args.plates else None
    found = folder / finds.FILE
    places = finds.load(found) if found.exists() else None
    sources = Sources(build(args.data, "train", folder), drawn, backgrounds(args.data, folder), finds=places)
    stream = Stream(sources, 28, 0.36, seed=1)
    images = [to_batch(arrays, torch.device("cpu")).images for arrays in itertools.islice(stream, BATCHES)]
    network = average(weights_of(args.first), weights_of(args.second), args.share, images)
    torch.save(network.state_dict(), args.out / "average.pt")
    print(args.out / "average.pt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
