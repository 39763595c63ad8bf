"""The settings of the REST API (``[web]``)."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from npr_edge.settings.base import Section


class WebSettings(Section):
    """The REST API and the pages of the device."""

    enabled: bool = Field(default=True, description="Serve the REST API and the pages.")
    listen: str = Field(
        default="127.0.0.1:8080", description="HOST:PORT to listen on; 0.0.0.0:8080 for the whole network."
    )
    observers: Literal["loopback", "anyone"] = Field(
        default="loopback", description="Who may see /healthz and /metrics without a key; others need any valid key."
    )
    plate_reader: bool = Field(
        default=False, description="Also serve POST /v1/plate-reader/, the form that Plate Recognizer's clients speak."
    )
    auth_failures: str = Field(
        default="60/minute", description="Failed authentications that one address may make; more are answered 429."
    )
    max_batch: int = Field(default=32, ge=1, le=1000, description="Images that one batch may hold.")
    max_body_mb: int = Field(
        default=64, ge=11, le=2000, description="Largest request body, MB; more is refused without being read."
    )
    max_connections: int = Field(
        default=200, ge=4, le=10_000, description="Open connections; more wait to be accepted."
    )
    header_timeout_s: float = Field(
        default=10.0, ge=1, le=300, description="Longest time for the head of a request; slower clients are cut."
    )
    min_upload_rate: int = Field(
        default=8_000, ge=100, le=10_000_000, description="Bytes per second a request body must reach on average."
    )

    @field_validator("listen")
    @classmethod
    def _listen_has_host_and_port(cls, listen: str) -> str:
        match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", listen)
        if match is None or int(match[2]) > 65_535:
            raise ValueError("must be HOST:PORT with a port of 0-65535, as in 127.0.0.1:8080")
        return listen

    @field_validator("auth_failures")
    @classmethod
    def _auth_failures_is_a_limit(cls, text: str) -> str:
        # The library itself reads it where it is used; importing it here would slow every command down.
        if not re.fullmatch(r"\s*[1-9]\d{0,8}\s*/\s*(\d+\s*)?(second|minute|hour|day)s?\s*", text):
            raise ValueError("must be of the form 60/minute")
        return text

    @property
    def address(self) -> tuple[str, int]:
        """Host (without brackets) and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
