"""What HTTP costs: the served API against the bare recogniser on the same images, in the same run.

The server is a process of its own (``npr-edge serve``), as it is in use. In process means what ``npr-edge recognise``
does for an image: bytes to pixels, recognition, the JSON of the answer. Both are measured in turns, so that whatever
else the machine does falls on both alike. Clients send requests made beforehand over plain sockets and check every
answer against that of their own picture; they run on the same cores as the server, and what they take is told.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from npr_edge.images import decode_image
from npr_edge.recognise import PlateRecogniser, load_recogniser
from npr_edge.settings import RecogniseSettings
from npr_edge.web.contract import recognition_body

SCENES = Path(__file__).resolve().parent.parent / "tests" / "data" / "scenes"
WARM_UP = 5
PAUSE_S = 0.02
"""Between two measurements: after an inference the threads of the models spin for a while and would take a core."""

BARE_S = 5.0
LOAD_S = 15.0
"""Bare recogniser and clients take turns of these lengths."""

Told = list[tuple[str, float]]
"""Plate and confidence of each result."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of 1280 x 720 and what the recogniser reads in it, in this process."""

    data: bytes
    told: Told


@dataclass(slots=True)
class Load:
    """What a load came to, over all its turns."""

    bare: int = 0
    bare_s: float = 0.0
    right: int = 0
    wrong: int = 0
    refused: int = 0
    served_s: float = 0.0
    clients_cpu_s: float = 0.0
    server_cpu_s: float = 0.0
    memory_mb: list[float] = field(default_factory=list)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=SCENES, help="folder of JPEGs with plates (default: the tests')")
    parser.add_argument("--rounds", type=int, default=100, help="pairs of the answer-time measurement")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load, without the bare turns")
    parser.add_argument("--workers", type=int, help="recognise.workers of the server (default: the product's)")
    args = parser.parse_args()
    recogniser = load_recogniser(RecogniseSettings())
    pictures = [_picture(recogniser, path) for path in sorted(args.images.glob("*.jpg"))]
    with _served(args.workers) as (port, key, pid):
        clients = [Client(port, key, pictures[number % len(pictures)]) for number in range(args.clients)]
        _check_equal(port, key, pictures)
        if args.rounds:
            _answer_time(clients[0], recogniser, args.rounds)
        if args.seconds:
            _report(_load(clients, recogniser, pictures, args.seconds, pid), args.clients)
    return 0


class Client:
    """One kept connection that sends the same picture again and again."""

    def __init__(self, port: int, key: str, picture: Picture) -> None:
        self.picture = picture
        self._request = _request(key, picture.data)
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> tuple[int, dict[str, Any]]:
        """Send the picture; the status and body of the answer."""
        self._connection.sendall(self._request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), json.loads(body)

    def _more(self) -> bytes:
        data = self._connection.recv(1 << 16)
        if not data:
            raise ConnectionError("the server hung up")
        return data


def _request(key: str, image: bytes) -> bytes:
    boundary = "npr-edge-bench"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n'.encode()
    body = part + image + f"\r\n--{boundary}--\r\n".encode()
    head = (
        f"POST /api/v1/recognise HTTP/1.1\r\nHost: device\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _picture(recogniser: PlateRecogniser, path: Path) -> Picture:
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    data = bytes(cv2.imencode(".jpg", cv2.resize(image, (1280, 720)), [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
    return Picture(data, _told(json.loads(_recognise(recogniser, data))))


def _recognise(recogniser: PlateRecogniser, image: bytes) -> str:
    return json.dumps(recognition_body(recogniser.recognise(decode_image(image))))


def _told(body: dict[str, Any]) -> Told:
    return [(result["plate"], result["confidence"]) for result in body.get("results", [])]


def _same(first: Told, second: Told) -> bool:
    texts = [text for text, _ in first] == [text for text, _ in second]
    return texts and all(abs(a - b) <= 1e-6 for (_, a), (_, b) in zip(first, second, strict=True))


@contextmanager
def _served(workers: int | None) -> Iterator[tuple[int, str, int]]:
    command = [sys.executable, "-m", "npr_edge"]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "npr-edge.toml"
        settings.write_text("" if workers is None else f"[recognise]\nworkers = {workers}\n", encoding="utf-8")
        making = [*command, "keys", "create", "bench", "--limit", "100000000/minute", "--data-dir", folder]
        key = subprocess.run(making, check=True, capture_output=True, text=True).stdout.split()[-1]
        serving = [*command, "serve", "--config", str(settings), "--data-dir", folder, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(serving, stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stderr is not None
                line = next(line for line in server.stderr if "The API listens on http" in line)
                threading.Thread(target=server.stderr.read, daemon=True).start()
                yield int(line.split(":")[-1].split("/")[0]), key, server.pid
            finally:
                server.send_signal(signal.SIGTERM)


def _check_equal(port: int, key: str, pictures: list[Picture]) -> None:
    equal = sum(_same(_told(Client(port, key, picture).ask()[1]), picture.told) for picture in pictures)
    print(f"same texts and confidences as in process: {equal} of {len(pictures)} images")


def _answer_time(client: Client, recogniser: PlateRecogniser, rounds: int) -> None:
    inside, outside, work = [], [], []
    for number in range(WARM_UP + rounds):
        bare_s, _ = _timed(lambda: _recognise(recogniser, client.picture.data))
        http_s, (_, body) = _timed(client.ask)
        if number >= WARM_UP:
            inside.append(bare_s)
            outside.append(http_s)
            work.append(sum(body["processing_ms"].values()))
    first, second = statistics.median(inside), statistics.median(outside)
    pairs = statistics.median(b / a for a, b in zip(inside, outside, strict=True))
    print(
        f"p50 of one 1280x720 JPEG of {len(client.picture.data) // 1000} kB, {rounds} pairs: "
        f"in process {1000 * first:.1f} ms, over HTTP {1000 * second:.1f} ms"
    )
    print(
        f"ratio {second / first:.2f} (median of the pairs' ratios {pairs:.2f}); "
        f"decoding and recognition took {statistics.median(work):.1f} ms in the server"
    )


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    time.sleep(PAUSE_S)
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def _load(
    clients: list[Client], recogniser: PlateRecogniser, pictures: list[Picture], seconds: float, pid: int
) -> Load:
    load = Load()
    turns = max(1, round(seconds / LOAD_S))
    _bare_turn(load, recogniser, pictures, BARE_S / 2)
    for turn in range(turns):
        _served_turn(load, clients, seconds / turns, pid)
        # Half a turn before the first and after the last: the bare rate is that of the same stretch of time.
        _bare_turn(load, recogniser, pictures, BARE_S / 2 if turn == turns - 1 else BARE_S)
    return load


def _bare_turn(load: Load, recogniser: PlateRecogniser, pictures: list[Picture], seconds: float) -> None:
    started, count = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        _recognise(recogniser, pictures[count % len(pictures)].data)
        count += 1
    load.bare += count
    load.bare_s += time.monotonic() - started


def _served_turn(load: Load, clients: list[Client], seconds: float, pid: int) -> None:
    lock = threading.Lock()
    end_s = time.monotonic() + seconds

    def work(client: Client) -> None:
        while time.monotonic() < end_s:
            status, body = client.ask()
            right = _same(_told(body), client.picture.told)
            with lock:
                load.refused += status == 503
                load.right += status != 503 and right
                load.wrong += status != 503 and not right

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    started, own_s, server_s = time.monotonic(), time.process_time(), _cpu_s(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.served_s += time.monotonic() - started
    load.clients_cpu_s += time.process_time() - own_s
    load.server_cpu_s += _cpu_s(pid) - server_s
    load.memory_mb.append(_resident_mb(pid))


def _report(load: Load, clients: int) -> None:
    bare, served = load.bare / load.bare_s, (load.right + load.wrong) / load.served_s
    print(f"bare recogniser, with decoding, one image after the other: {bare:.1f} images/s")
    print(f"{clients} clients for {load.served_s:.0f} s: {served:.1f} images/s, {100 * served / bare:.0f} % of it")
    print(f"answers: {load.right} right, {load.wrong} wrong or mixed up, {load.refused} refused as busy")
    share = 100 * load.clients_cpu_s / (load.clients_cpu_s + load.server_cpu_s)
    print(f"of the processor time of the load the clients took {share:.0f} %")
    print("resident memory of the server after each turn: " + ", ".join(f"{mb:.0f}" for mb in load.memory_mb) + " MB")


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100  # clock ticks, a hundred a second on Linux


if __name__ == "__main__":
    raise SystemExit(main())
