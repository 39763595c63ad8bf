"""What HTTP costs: the served API against the bare recogniser on the same images, in the same run.

The server is a process of its own (``npr-edge serve``) as it is in use. Every client sends its own picture and checks
that the answer is that of its picture.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from npr_edge.images import decode_image
from npr_edge.recognise import PlateRecogniser, load_recogniser
from npr_edge.settings import RecogniseSettings
from npr_edge.web.contract import recognition_body

SCENES = Path(__file__).resolve().parent.parent / "tests" / "data" / "scenes"
BLOCK = 20
BOUNDARY = "npr-edge-bench"


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=SCENES, help="folder of JPEGs with plates (default: the tests')")
    parser.add_argument("--rounds", type=int, default=60, help="requests of the answer-time measurement")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load measurement")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    recogniser = load_recogniser(RecogniseSettings())
    images = [_at_720p(path) for path in sorted(args.images.glob("*.jpg"))]
    expected = [_plates(recogniser, image) for image in images]
    with _served() as (port, key, pid):
        _check_equal(port, key, images, expected)
        _answer_time(port, key, recogniser, images[0], args.rounds)
        _load(port, key, recogniser, list(zip(images, expected, strict=True)), args, pid)
    return 0


def _at_720p(path: Path) -> bytes:
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return bytes(cv2.imencode(".jpg", cv2.resize(image, (1280, 720)), [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def _recognise(recogniser: PlateRecogniser, image: bytes) -> dict[str, object]:
    return recognition_body(recogniser.recognise(decode_image(image)))


def _plates(recogniser: PlateRecogniser, image: bytes) -> list[tuple[str, float]]:
    return _told(_recognise(recogniser, image))


def _told(body: dict[str, object]) -> list[tuple[str, float]]:
    results = body.get("results", [])
    assert isinstance(results, list)
    return [(result["plate"], result["confidence"]) for result in results]


def _same(first: list[tuple[str, float]], second: list[tuple[str, float]]) -> bool:
    texts = [text for text, _ in first] == [text for text, _ in second]
    return texts and all(abs(a - b) <= 1e-6 for (_, a), (_, b) in zip(first, second, strict=True))


@contextmanager
def _served() -> Iterator[tuple[int, str, int]]:
    command = [sys.executable, "-m", "npr_edge"]
    with tempfile.TemporaryDirectory() as folder:
        making = [*command, "keys", "create", "bench", "--limit", "100000000/minute", "--data-dir", folder]
        key = subprocess.run(making, check=True, capture_output=True, text=True).stdout.split()[-1]
        serving = [*command, "serve", "--data-dir", folder, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(serving, stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stderr is not None
                line = next(line for line in server.stderr if "The API listens on http" in line)
                threading.Thread(target=server.stderr.read, daemon=True).start()
                yield int(line.split(":")[-1].split("/")[0]), key, server.pid
            finally:
                server.send_signal(signal.SIGTERM)


def _ask(connection: http.client.HTTPConnection, key: str, image: bytes) -> tuple[int, dict[str, object]]:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n'.encode()
    body = head + image + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", "/api/v1/recognise", body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def _check_equal(port: int, key: str, images: list[bytes], expected: list[list[tuple[str, float]]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    equal = sum(
        _same(_told(_ask(connection, key, image)[1]), told) for image, told in zip(images, expected, strict=True)
    )
    print(f"same texts and confidences as in process: {equal} of {len(images)} images")


def _answer_time(port: int, key: str, recogniser: PlateRecogniser, image: bytes, rounds: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    inside, outside, work = [], [], []
    # In blocks: right after an inference the pool of its threads still spins, and would take the server's cores.
    for _ in range(max(1, rounds // BLOCK)):
        for number in range(BLOCK + 2):
            started = time.perf_counter()
            _recognise(recogniser, image)
            inside += [time.perf_counter() - started] if number >= 2 else []
        for number in range(BLOCK + 2):
            started = time.perf_counter()
            _, body = _ask(connection, key, image)
            outside += [time.perf_counter() - started] if number >= 2 else []
            work.append(sum(body["processing_ms"].values()))  # type: ignore[attr-defined]
    first, second = statistics.median(inside), statistics.median(outside)
    print(
        f"p50 of one 1280x720 JPEG, {rounds} rounds: in process {1000 * first:.1f} ms, over HTTP {1000 * second:.1f} ms"
    )
    print(f"ratio {second / first:.2f}; recognition itself took {statistics.median(work):.1f} ms in the server")


def _load(
    port: int,
    key: str,
    recogniser: PlateRecogniser,
    work: list[tuple[bytes, list[tuple[str, float]]]],
    args: argparse.Namespace,
    pid: int,
) -> None:
    bare = _bare_rate(recogniser, [image for image, _ in work], args.seconds / 4)
    counts = {"right": 0, "wrong": 0, "busy": 0}
    lock = threading.Lock()
    memory = [_resident_mb(pid)]
    end_s = time.monotonic() + args.seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        image, told = work[number % len(work)]
        while time.monotonic() < end_s:
            status, body = _ask(connection, key, image)
            kind = "busy" if status == 503 else "right" if _same(_told(body), told) else "wrong"
            with lock:
                counts[kind] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(args.clients)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(max(args.seconds / 12, 0.1))
        memory.append(_resident_mb(pid))
    spent_s = time.monotonic() - started
    again = _bare_rate(recogniser, [image for image, _ in work], args.seconds / 4)
    mean_bare = (bare + again) / 2
    rate = (counts["right"] + counts["wrong"]) / spent_s
    print(f"bare recogniser, with decoding: {bare:.1f} images/s before, {again:.1f} after")
    share = 100 * rate / mean_bare
    print(f"{args.clients} clients for {spent_s:.0f} s: {rate:.1f} images/s, {share:.0f} % of it; {counts}")
    early, late = memory[1], memory[-2]
    print(f"resident memory of the server: {early:.0f} MB early, {late:.0f} MB late, {max(memory):.0f} MB at most")


def _bare_rate(recogniser: PlateRecogniser, images: list[bytes], seconds: float) -> float:
    started, count = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        _recognise(recogniser, images[count % len(images)])
        count += 1
    return count / (time.monotonic() - started)


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    raise SystemExit(main())
