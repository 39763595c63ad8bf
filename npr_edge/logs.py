"""How the log looks: for the journal, for a terminal, or as JSON; the only place that configures logging."""

from __future__ import annotations

import json
import logging
import os
import re
import sys

from npr_edge.settings import LogSettings

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_SECRETS = (
    (re.compile(r"(://)[^/@\s]*@"), r"\1***@"),
    (re.compile(r"\bnpr_[A-Za-z0-9_-]{8,}"), "npr_***"),
    (re.compile(r"(?i)\b(bearer|token|password|x-api-key)([=: ]+)\S+"), r"\1\2***"),
)


def redacted(text: str) -> str:
    """The text without passwords in addresses, API keys and tokens."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _JournalFormatter(_TextFormatter):
    """Lines with the priority prefix of sd-daemon(3); the journal adds time and unit."""

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": redacted(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure_logging(settings: LogSettings) -> None:
    """Send the log to standard error in the form that was asked for; replaces what was configured before."""
    form = settings.format
    if form == "auto":
        form = "journal" if "JOURNAL_STREAM" in os.environ else "text"
    formatter: logging.Formatter
    if form == "json":
        formatter = _JsonFormatter()
    elif form == "journal":
        formatter = _JournalFormatter("%(threadName)s: %(message)s")
    else:
        formatter = _TextFormatter("%(asctime)s %(levelname)-7s %(threadName)s: %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.INFO)  # its debug lines hold URLs, and RDW's hold plates
