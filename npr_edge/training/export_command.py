"""``python -m npr_edge.training export detector|reader``: float checkpoint -> int8 model and card."""

from __future__ import annotations

import argparse
import importlib
import sys

MODELS = ("detector", "reader")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the task; the arguments come from ``npr_edge.training.<model>.publish`` of the model that is asked for."""
    parser = subparsers.add_parser("export", help="write the int8 model and its card from a float checkpoint")
    models = parser.add_subparsers(dest="model", required=True)
    for model in MODELS:
        one = models.add_parser(model)
        if model in sys.argv:  # the other model's code is not needed
            publish = importlib.import_module(f"npr_edge.training.{model}.publish")
            publish.add_arguments(one)
            one.set_defaults(run=publish.run)
