"""waitress, made strict: every refusal in the contract's form, slow clients cut, bodies refused unread.

waitress answers what never reaches an application (malformed heads, too large bodies) by itself and in plain text.
Here such a request goes to the application too, without its body and with a note why, so that authentication, rate
limit headers and the form of the error are those of every other answer.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge

from npr_edge.settings import WebSettings
from npr_edge.web.contract import error_body
from npr_edge.web.door import REFUSED_KEY
from npr_edge.web.problems import internal_error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

MAX_HEAD_BYTES = 32 * 1024
_MAX_CHUNK_LINE = 1024
_MAX_TRAILER = 8 * 1024
_UNASKED_BODY = 64 * 1024
"""Bytes of a body that a client without a good key may send."""

_IDLE_S = 30.0
"""A kept-alive connection without a request, or an answer that its client does not take, ends after this."""

_LINGER_S = 2.0
_LINGER_BYTES = 64 * 1024 * 1024
"""A refused client may still be sending: closing at once would reset its connection before it saw the answer."""


_PATH = re.compile(r"/\S*")


class StrictAdjustments(Adjustments):
    """waitress's settings, and whose bodies are taken."""

    def __init__(self, may_send: Callable[[dict[str, str]], bool], **settings: Any) -> None:
        super().__init__(**settings)
        self.may_send = may_send


class StrictParser(HTTPRequestParser):
    """Bounds what the base class does not: lines inside chunked bodies, bodies of strangers, numbers."""

    def received(self, data: bytes) -> int:
        """Take bytes of the request; returns how many belong to it."""
        head_was_finished = self.headers_finished
        try:
            consumed = int(super().received(data))
        except ValueError:
            self._refuse(BadRequest("A number or address in the head is malformed."))
            consumed = len(data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and (
            len(body.control_line) > _MAX_CHUNK_LINE or len(body.trailer) > _MAX_TRAILER
        ):
            self._refuse(BadRequest("A line of the chunked body is too long."))
        if self.headers_finished and not head_was_finished and self.error is None and not self._welcome():
            self._refuse(RequestEntityTooLarge("No body is taken without a key."))
        if self.error is not None:
            # The base class would still send "100 Continue" and read the whole body.
            self.expect_continue = False
        return consumed

    def _welcome(self) -> bool:
        long_body = self.chunked or self.content_length > _UNASKED_BODY
        may_send: Callable[[dict[str, str]], bool] = self.adj.may_send
        return not long_body or may_send(self.headers)

    def _refuse(self, error: Any) -> None:
        self.error = error
        self.completed = True


class LetteredTask(WSGITask):
    """Answers with header names as the contract writes them; the base class capitalises words its own way."""

    def build_response_header(self) -> bytes:
        """The head of the answer."""
        head = bytes(super().build_response_header())
        return head.replace(b"\r\nX-Ratelimit-", b"\r\nX-RateLimit-").replace(b"\r\nWww-", b"\r\nWWW-")


class RefusalTask(LetteredTask):
    """Hands a refused request to the application, without its body and with the reason."""

    def execute(self) -> None:
        """Answer and close."""
        code = "IMAGE_TOO_LARGE" if isinstance(self.request.error, RequestEntityTooLarge) else "INVALID_REQUEST"
        text = "The request is larger than what is taken here." if code == "IMAGE_TOO_LARGE" else "Malformed request."
        self.set_close_on_finish()  # the connection has bytes on it that nobody will read as a request
        if not hasattr(self.request, "path"):
            self._answer_headless(code, text)
            return
        environ = self.get_environment()
        environ[REFUSED_KEY] = (code, text)
        environ["wsgi.input"] = BytesIO()
        environ["CONTENT_LENGTH"] = "0"
        super().execute()

    def _answer_headless(self, code: str, text: str) -> None:
        body = (json.dumps(error_body(code, text)) + "\n").encode()
        self.complete = True
        self.status = "400 Bad Request"
        self.response_headers.append(("Content-Type", "application/json"))
        self.content_length = len(body)
        self.write(body)


class PlainErrorTask(ErrorTask):
    """The answer to an error outside the application; says what the contract says and nothing else."""

    def execute(self) -> None:
        """Answer and close; runs where the error was caught."""
        error = sys.exc_info()[1]
        told = internal_error(error if isinstance(error, Exception) else RuntimeError(str(self.request.error)))
        body = (json.dumps(told) + "\n").encode()
        self.status = "500 Internal Server Error"
        self.response_headers = [("Content-Type", "application/json")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class StrictChannel(HTTPChannel):
    """A connection that keeps monotonic time of its client and lets a refused one see its answer."""

    parser_class = StrictParser
    task_class = LetteredTask
    will_close: bool
    close_when_flushed: bool

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Adjustments, map: Any = None) -> None:  # noqa: A002
        self._active_s = self._begun_s = time.monotonic()
        self._linger_until_s: float | None = None
        self._lingered = 0
        super().__init__(server, sock, addr, adj, map=map)

    @property
    def last_activity(self) -> float:
        """Monotonic time of the last byte in or out; the base class sets it to wall time, which may jump."""
        return self._active_s

    @last_activity.setter
    def last_activity(self, _wall_s: float) -> None:
        self._active_s = time.monotonic()

    def error_task_class(self, channel: HTTPChannel, request: HTTPRequestParser) -> Any:
        """What answers a request that was refused, or whose answer failed."""
        refused = isinstance(request.error, BadRequest) or getattr(request.error, "code", 500) == 501
        return (RefusalTask if refused else PlainErrorTask)(channel, request)

    def received(self, data: bytes) -> bool:
        """Take what the client sent."""
        before = self.request
        taken = bool(super().received(data))
        if self.request is not before:
            self._begun_s = time.monotonic()
        return taken

    def readable(self) -> bool:
        """Whether to read on; while lingering, to throw away."""
        return self._linger_until_s is not None or bool(super().readable())

    def handle_read(self) -> None:
        """Read, or throw away what a refused client still sends."""
        if self._linger_until_s is None:
            super().handle_read()
            return
        try:
            data = self.recv(1 << 16)
        except OSError:
            data = b""
        self._lingered += len(data)
        if self.connected and (not data or self._lingered > _LINGER_BYTES):
            self.handle_close()

    def handle_write(self) -> None:
        """Send; where a refused client may still be sending, say goodbye before hanging up."""
        leaving = self.close_when_flushed
        if leaving and self._linger_until_s is None and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.total_outbufs_len or self.will_close:
                return
            self.close_when_flushed = False
            self._linger_until_s = time.monotonic() + _LINGER_S
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.will_close = True
            return
        super().handle_write()

    def overdue(self, now_s: float, settings: WebSettings) -> bool:
        """Whether the client is too slow to wait for any longer."""
        if self._linger_until_s is not None:
            return now_s > self._linger_until_s
        request = self.request
        if request is not None and not self.requests:
            taken = request.body_bytes_received if request.headers_finished else 0
            return now_s - self._begun_s > settings.header_timeout_s + taken / settings.min_upload_rate
        waits_for_client = not self.requests or self.total_outbufs_len
        return bool(waits_for_client) and now_s - self._active_s > _IDLE_S


class StrictServer(TcpWSGIServer):
    """Listens, and cuts slow clients every second."""

    channel_class = StrictChannel

    def __init__(self, app: WSGIApplication, settings: WebSettings, adjustments: Adjustments) -> None:
        self._settings = settings
        self._next_sweep_s = 0.0
        self.sockets: dict[int, Any] = {}
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(adjustments.threads)
        super().__init__(app, self.sockets, dispatcher=dispatcher, adj=adjustments, sockinfo=adjustments.listen[0])

    def readable(self) -> bool:
        """Called once per turn of the loop; also the place to look for slow clients."""
        now_s = time.monotonic()
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + 1.0
            for channel in list(self.active_channels.values()):
                if channel.overdue(now_s, self._settings):
                    channel.will_close = True
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Nothing: the base class compares wall times."""


def _without_paths(record: logging.LogRecord) -> bool:
    """Takes the paths out of waitress's messages: a path may hold a plate."""
    record.msg, record.args = _PATH.sub("/...", record.getMessage()), ()
    return True


class WebServer:
    """The API on a socket, in a thread of its own.

    Args:
        app: The WSGI application.
        settings: Where to listen, and the bounds.
        may_send: From the head of a request (names as in WSGI without ``HTTP_``), whether its client may send a long
            body.
        threads: Requests that are worked on at once, those waiting at the gate among them.

    Raises:
        OSError: The address cannot be bound.
    """

    def __init__(
        self,
        app: WSGIApplication,
        settings: WebSettings,
        may_send: Callable[[dict[str, str]], bool] = lambda _: True,
        threads: int = 24,
    ) -> None:
        host, port = settings.address
        adjustments = StrictAdjustments(
            may_send,
            listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            threads=threads,
            ident=None,
            connection_limit=settings.max_connections,
            max_request_header_size=MAX_HEAD_BYTES,
            max_request_body_size=settings.max_body_mb * 2**20,
            recv_bytes=1 << 17,
            channel_request_lookahead=1,
            asyncore_use_poll=True,
            log_socket_errors=False,
            clear_untrusted_proxy_headers=True,
        )
        waitress_logger = logging.getLogger("waitress")
        waitress_logger.setLevel(logging.ERROR)
        waitress_logger.addFilter(_without_paths)
        self._server = StrictServer(app, settings, adjustments)
        self._stopping = threading.Event()
        # The loop may end by itself just then; what wakes it up must not write to a file that is closed by now.
        self._waking = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._deadline_s = 5.0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        return str(self._server.effective_host), int(self._server.effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self, deadline_s: float = 5.0) -> None:
        """Take no more connections, finish what is being answered, end; safe to call twice."""
        self._deadline_s = deadline_s
        self._stopping.set()
        with self._waking:
            if self._thread.is_alive() and not self._ended:
                self._server.pull_trigger()
        if self._thread.is_alive():
            self._thread.join(deadline_s + 2)

    def _run(self) -> None:
        sockets = self._server.sockets
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)
        self._server.accepting = False
        end_s = time.monotonic() + self._deadline_s
        while time.monotonic() < end_s and self._busy():
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)
        self._server.task_dispatcher.shutdown(timeout=max(0.1, end_s - time.monotonic()))
        with self._waking:
            self._ended = True
            wasyncore.close_all(sockets)

    def _busy(self) -> bool:
        return any(
            channel.requests or channel.request or channel.total_outbufs_len
            for channel in self._server.active_channels.values()
        )
