"""Options that choose the models, for the commands that run them."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from npr_edge.errors import ConfigError
from npr_edge.recognise import PlateRecogniser, load_recogniser
from npr_edge.settings import RecogniseSettings


def add_models_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose and tune the models; ``build_recogniser`` reads them."""
    group = parser.add_argument_group("models")
    group.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="CODE",
        help="a region that is expected here (gb, fr, us-ny); may be given several times. A hint, not a filter",
    )
    group.add_argument("--threads", type=int, default=0, metavar="N", help="CPU threads of one recognition (0: all)")
    group.add_argument("--models", type=Path, metavar="DIR", help="folder of other model files with their cards")


def build_recogniser(args: argparse.Namespace, configured: RecogniseSettings | None = None) -> PlateRecogniser:
    """The recogniser that the options of ``add_models_options`` describe; an option wins over what is configured.

    Raises:
        ConfigError: An option's value is not allowed.
    """
    try:
        given = {"regions": args.region, "threads": args.threads, "models_dir": args.models}
        base = configured.model_dump() if configured is not None else {}
        settings = RecogniseSettings.model_validate({**base, **{name: value for name, value in given.items() if value}})
    except ValidationError as error:
        problems = [f"--{problem['loc'][0]} {problem['input']}: {problem['msg']}" for problem in error.errors()]
        raise ConfigError("; ".join(problems).replace("--regions", "--region")) from error
    return load_recogniser(settings)
