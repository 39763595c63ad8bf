"""The daemon's word on itself for ``npr-edge status``: a socket in the data folder that answers with JSON.

A socket costs no write to the SD card, and nobody but the data folder's owner can open it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from npr_edge.errors import NprEdgeError

log = logging.getLogger(__name__)

FILE_NAME = "status.sock"
ANSWER_S = 5.0
MAX_BYTES = 4_000_000


class StatusServer:
    """Answers every connection with one JSON document.

    Args:
        data_dir: Folder of the socket.
        describe: Makes the document.
    """

    def __init__(self, data_dir: Path, describe: Callable[[], dict[str, Any]]) -> None:
        self._path = data_dir / FILE_NAME
        self._describe = describe
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, name="status", daemon=True)

    def start(self) -> None:
        """Open the socket; one that a killed daemon left behind is replaced."""
        self._path.unlink(missing_ok=True)
        self._listener.bind(_address(self._path))
        self._path.chmod(0o600)
        self._listener.listen(4)
        self._thread.start()

    def stop(self) -> None:
        """Close and remove the socket."""
        # Closing alone would not wake accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(ANSWER_S)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(ANSWER_S)
                try:
                    connection.sendall(json.dumps(self._describe()).encode())
                except OSError as error:
                    log.debug("status: nobody reads the answer (%s)", error)


def ask_status(data_dir: Path) -> dict[str, Any]:
    """What the running daemon says of itself.

    Raises:
        NprEdgeError: No daemon runs with this data folder, or it does not answer.
    """
    path = data_dir / FILE_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_S)
        try:
            client.connect(_address(path))
            data = b""
            while chunk := client.recv(65_536):
                data += chunk
                if len(data) > MAX_BYTES:
                    break
            answer = json.loads(data)
        except PermissionError as error:
            raise NprEdgeError(f"{path}: not allowed; run this as the user of the daemon") from error
        except (OSError, ValueError) as error:
            raise NprEdgeError(f"no daemon answers at {path}; start it with npr-edge run") from error
    assert isinstance(answer, dict)
    return answer


def _address(path: Path) -> str:
    """The path for bind and connect, which take 107 bytes: through the folder's descriptor where it is longer."""
    if len(os.fsencode(path)) <= 100:
        return str(path)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{folder}/{path.name}"
