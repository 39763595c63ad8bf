"""``python -m npr_edge.training detector``: trains the detector, or goes on with it."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the task to the command line."""
    parser = subparsers.add_parser("detector", help="train the detector")
    parser.add_argument("--data", type=Path, required=True, help="training data folder with detect/ and negatives/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the decoded photographs and checkpoints")
    parser.add_argument("--minutes", type=float, default=120.0, help="length of the schedule (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--start", type=Path, help="float weights to begin with, such as models/float/detector.pt")
    parser.add_argument("--plates", type=Path, help="pool of generated plates to paste (task generate)")
    parser.add_argument("--batch", type=int, default=16, help="pictures per step (default: %(default)s)")
    parser.add_argument("--size", type=int, nargs=2, default=(320, 320), metavar=("W", "H"), help="training window")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--review", action="store_true", help="look for unlabelled and false plates with models/ first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train; prints where the checkpoint is."""
    from npr_edge.training.detector.trainer import TrainOptions, train

    options = TrainOptions(
        data=args.data,
        out=args.out,
        minutes=args.minutes,
        batch=args.batch,
        size=tuple(args.size),
        rate=args.rate,
        seed=args.seed,
        resume=args.resume,
        start=args.start,
        plates=args.plates,
        threads=args.threads,
        review=args.review,
    )
    print(train(options))
    return 0
