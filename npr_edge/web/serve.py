"""The API as a running thing: application, server and access, started and stopped together."""

from __future__ import annotations

import logging

from npr_edge.access import Access
from npr_edge.settings import WebSettings
from npr_edge.web.factory import ApiPorts, create_app
from npr_edge.web.memory import keep_freed_memory
from npr_edge.web.server import WebServer

logger = logging.getLogger(__name__)

SPARE_THREADS = 6
"""Beside those that may wait at the gate: so that reads, health and refusals are answered while it is full."""


class ApiServer:
    """The REST API, listening.

    Args:
        ports: What it is built on.
        settings: Where to listen, and the bounds.

    Raises:
        OSError: The address cannot be bound.
    """

    def __init__(self, ports: ApiPorts, settings: WebSettings) -> None:
        keep_freed_memory()
        self._access = ports.access
        threads = SPARE_THREADS + (ports.gate.capacity if ports.gate is not None else 0)
        self._server = WebServer(create_app(ports, settings), settings, self._may_send, threads)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on; the port is the real one where 0 was asked for."""
        return self._server.address

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()
        logger.info("The REST API listens on %s:%d", *self.address)

    def close(self, deadline_s: float = 5.0) -> None:
        """Finish what is being answered and end; safe to call twice."""
        self._server.close(deadline_s)

    def _may_send(self, head: dict[str, str]) -> bool:
        return has_good_key(self._access, head)


def has_good_key(access: Access, head: dict[str, str]) -> bool:
    """Whether the head of a request shows a key in use; decides whether a long body is read at all."""
    scheme, _, secret = head.get("AUTHORIZATION", "").partition(" ")
    return scheme.lower() in ("bearer", "token") and access.may_enter(secret.strip())
