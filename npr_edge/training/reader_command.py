"""``python -m npr_edge.training reader``: trains the reader, goes on with it, or fine-tunes it on further plates."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the task to the command line."""
    parser = subparsers.add_parser("reader", help="train the reader", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="training data folder with read/ and read-machine/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the decoded crops and checkpoints")
    parser.add_argument("--minutes", type=float, default=120.0, help="length of the schedule (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--start", type=Path, help="float weights to begin with, such as models/float/reader.pt")
    parser.add_argument("--plates", type=Path, help="pool of generated plates to mix in (task generate)")
    parser.add_argument(
        "--photographs",
        type=Path,
        help="decoded photographs of a detector's run (its out folder's pack): learn where there is nothing to read",
    )
    parser.add_argument("--drawn", type=float, default=0.4, help="share of generated plates (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=24, help="crops per step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--guidance", type=float, default=1.0, help="weight of the attention helpers (default: 1)")
    parser.add_argument("--validate", type=float, default=10.0, help="minutes between validations (default: 10)")
    parser.add_argument(
        "--review",
        action="store_true",
        help="look over the crops first: with the weights at the start, and with models/ for where the plates are",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train; prints where the checkpoint is."""
    import numpy as np
    import torch

    from npr_edge.training.detector.pack import Pack as Photographs
    from npr_edge.training.pool import Pool
    from npr_edge.training.reader import finds
    from npr_edge.training.reader.data import Sources
    from npr_edge.training.reader.outlines import outlines
    from npr_edge.training.reader.pack import backgrounds, build
    from npr_edge.training.reader.publish import weights_of
    from npr_edge.training.reader.review import review
    from npr_edge.training.reader.train import Plan, Trainer, train

    torch.set_num_threads(args.threads)
    plan = Plan(
        out=args.out,
        minutes=args.minutes,
        batch=args.batch,
        rate=args.rate,
        drawn_share=args.drawn,
        guidance=args.guidance,
        validate_minutes=args.validate,
        seed=args.seed,
    )
    trainer = Trainer(plan)
    if args.start:
        trainer.start_from(weights_of(args.start))
    if args.resume:
        trainer.resume(args.out / "last.pt")
    folder = args.out / "pack"
    drawn = Pool(args.plates) if args.plates else None
    crops = build(args.data, "train", folder)
    reviewed = folder / "review.npy"
    outlined = folder / "outlines.npy"
    if args.review:
        review(trainer.average, crops, reviewed)
        if not outlined.exists():
            outlines(crops, Path("models"), outlined)
    factors, corners = (np.load(path) if path.exists() else None for path in (reviewed, outlined))
    found = folder / finds.FILE
    if args.photographs and not found.exists():
        finds.find(Photographs(args.photographs), Path("models"), found)
    places = finds.load(found) if args.photographs else None
    sources = Sources(crops, drawn, backgrounds(args.data, folder), factors, corners, places)
    train(trainer, sources, build(args.data, "val", folder))
    print(args.out / "last.pt")
    return 0
