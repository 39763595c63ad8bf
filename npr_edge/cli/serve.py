"""``npr-edge serve``: the REST API alone."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType

from pydantic import ValidationError

from npr_edge.cli.common import Subparsers, add_data_options
from npr_edge.cli.exits import EXIT_OK
from npr_edge.cli.models import add_models_options, build_recogniser
from npr_edge.errors import ConfigError
from npr_edge.logs import configure_logging
from npr_edge.settings import Settings, WebSettings, load_settings

DESCRIPTION = """\
Serve the REST API without cameras: photographs in, plates out. The daemon (npr-edge run) serves it by itself.

  npr-edge keys create office --data-dir data       make a key; it is shown once
  npr-edge serve --data-dir data --listen 127.0.0.1:8080
  curl -X POST http://127.0.0.1:8080/api/v1/recognise -H "Authorization: Bearer KEY" -F "upload=@car.jpg"

--listen 0.0.0.0:8080 serves the whole network, unencrypted: put it behind a reverse proxy with TLS, or keep it to a
network you trust. SIGTERM or Ctrl-C ends it after the requests in hand are answered.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``serve`` to the command line."""
    parser = subparsers.add_parser(
        "serve",
        help="the REST API alone, without cameras",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_options(parser)
    parser.add_argument("--listen", metavar="HOST:PORT", help="where to listen (default 127.0.0.1:8080); wins")
    add_models_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from npr_edge.serving import Serving

    settings = _settings(args)
    configure_logging(settings.log)
    recogniser = build_recogniser(args, settings.recognise)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    serving = Serving(settings, recogniser)
    serving.start()
    host, port = serving.address
    print(f"The API listens on http://{host}:{port}/api/v1", file=sys.stderr, flush=True)
    try:
        stop.wait()
    finally:
        serving.close()
    return EXIT_OK


def _settings(args: argparse.Namespace) -> Settings:
    if args.data_dir is None and args.config is None:
        raise ConfigError("say where the keys are: --data-dir DIR or --config FILE")
    settings = load_settings(args.config)
    changes: dict[str, object] = {}
    if args.data_dir is not None:
        changes["data_dir"] = args.data_dir
    if args.listen is not None:
        try:
            changes["web"] = WebSettings.model_validate({**settings.web.model_dump(), "listen": args.listen})
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError(f"--listen {args.listen}: {message}") from error
    return settings.model_copy(update=changes)
