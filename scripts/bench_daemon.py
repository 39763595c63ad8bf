"""Measures the running daemon: a still scene's cost, a busy scene's yield, and how long a read takes to its message.

Each figure is a ratio, or a difference of times, within one run: what is compared runs at the same time or in turns, on
the same clip. CPU is that of the daemon's process and its children, without starting up. Figures in docs/daemon.md
come from here.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import paho.mqtt.client as mqtt
from av.video.stream import VideoStream as EncodedVideo
from demo import broker, free_port

from npr_edge.capture.stream import VideoStream
from npr_edge.domain import Image
from npr_edge.errors import NprEdgeError
from npr_edge.recognise import load_recogniser
from npr_edge.settings import RecogniseSettings
from npr_edge.status import ask_status

REPOSITORY = Path(__file__).resolve().parent.parent
SCENE = REPOSITORY / "tests" / "data" / "scenes" / "scene-3.jpg"
DEMO_CLIP = REPOSITORY / "tests" / "data" / "clips" / "demo.mp4"
FPS = 10
STILL_FRAMES = 120
WARM_UP_FRAMES = 30
START_S = 120.0
TURN_S = 4.0
CODECS = {
    # As network cameras send it: no B frames, a key frame every two seconds, the sensor's noise mostly smoothed away.
    "h264": ("libx264", "mp4", {"preset": "veryfast", "crf": "26", "bf": "0"}, 20),
    # As video files are made.
    "h264-file": ("libx264", "mp4", {"preset": "medium", "crf": "23"}, 250),
    "mpeg4": ("mpeg4", "mp4", {"qscale": "5"}, 12),
    "mjpeg": ("mjpeg", "avi", {"qscale": "5"}, 1),
}


def main() -> int:
    """Run what was asked for and print a line of JSON per figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("still", "busy", "latency"), help="one part alone")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each measurement")
    parser.add_argument("--codec", choices=sorted(CODECS), action="append", help="of the still scene (default: all)")
    parser.add_argument("--clip", type=Path, help="another clip than the bundled ones; still, busy or both")
    parser.add_argument(
        "--flat-out",
        action="store_true",
        help="the still scene as fast as it goes: no frame is dropped on a busy machine",
    )
    parser.add_argument("--decode", type=Path, help=argparse.SUPPRESS)  # a process of the still scene's own
    args = parser.parse_args()
    if args.decode is not None:
        decode_in_step(args.decode)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.only in (None, "still"):
            for codec in args.codec or ([args.clip.stem] if args.clip else CODECS):
                clip = args.clip or write_still(folder, codec)
                still(folder / f"still-{codec}", clip, codec, args)
        if args.only in (None, "busy"):
            busy(folder / "busy", args.clip or DEMO_CLIP, args.seconds)
        if args.only in (None, "latency"):
            latency(folder / "latency", args.clip or DEMO_CLIP, args.seconds)
    return 0


def still(folder: Path, clip: Path, codec: str, args: argparse.Namespace) -> None:
    """The same still clip at the same time with the gate on, with it off, and decoded only."""
    with ExitStack() as stack:
        on = stack.enter_context(daemon(folder / "on", camera(clip, realtime=not args.flat_out)))
        off = stack.enter_context(daemon(folder / "off", camera(clip, gate=False, realtime=not args.flat_out)))
        floor = stack.enter_context(
            process([sys.executable, __file__, "--decode", str(clip)], stdout=subprocess.DEVNULL)
        )
        for each in (on, off):
            until(lambda each=each: each.frames() >= WARM_UP_FRAMES)  # type: ignore[misc]

        def figures() -> tuple[float, ...]:
            told = [(each.cpu_s(), (state := each.camera())["frames"], state["looked"]) for each in (on, off)]
            return (*told[0], *told[1], cpu_s(floor.pid))

        before = figures()
        time.sleep(args.seconds)
        on_s, on_frames, on_looked, off_s, off_frames, off_looked, floor_s = np.subtract(figures(), before)
        if off_looked < 0.98 * off_frames:
            tell("warning", text="the daemon without a gate had to drop frames: the machine is too busy to compare")
        tell(
            "still", codec=codec, frames=int(on_frames), looked=int(on_looked), off_looked=int(off_looked),
            on_ms=round(1000 * on_s / on_frames, 2), off_ms=round(1000 * off_s / off_frames, 2),
            decode_ms=round(1000 * floor_s / (FPS * args.seconds), 2),
            ratio=round(off_s / off_frames / (on_s / on_frames), 2),
        )  # fmt: skip


def decode_in_step(clip: Path) -> None:
    """Decode a clip at its pace again and again, and do nothing with it: below this no gate can go."""
    due_s = time.monotonic()
    while True:
        with av.open(str(clip)) as container:
            for packet in container.demux(video=0):
                packet.decode()
                due_s += 1 / FPS
                time.sleep(max(due_s - time.monotonic(), 0.0))


def busy(folder: Path, clip: Path, seconds: float) -> None:
    """Frames recognised per second of CPU: the daemon on a clip, and the recogniser alone on its frames, in turns."""
    settings = RecogniseSettings(threads=1)
    recogniser = load_recogniser(settings)
    images = list(pictures_of(clip))
    with daemon(folder, camera(clip, gate=False, realtime=False), "[recognise]\nthreads = 1\n") as running:
        until(lambda: running.camera().get("looked", 0) >= WARM_UP_FRAMES)
        whole, alone = [0.0, 0], [0.0, 0]
        coming = itertools.cycle(images)
        began_s = time.monotonic()
        while time.monotonic() - began_s < seconds:
            cpu, looked = running.cpu_s(), running.camera()["looked"]
            time.sleep(TURN_S)
            now_cpu, now_looked = running.cpu_s(), running.camera()["looked"]
            whole[0] += now_cpu - cpu
            whole[1] += now_looked - looked
            running.process.send_signal(signal.SIGSTOP)
            cpu, until_s = time.process_time(), time.monotonic() + TURN_S
            while time.monotonic() < until_s:
                recogniser.recognise(next(coming))
                alone[1] += 1
            alone[0] += time.process_time() - cpu
            running.process.send_signal(signal.SIGCONT)
    daemon_rate, bare_rate = whole[1] / whole[0], alone[1] / alone[0]
    tell(
        "busy", clip=clip.name, size=list(images[0].shape[1::-1]), daemon_frames_per_cpu_s=round(daemon_rate, 1),
        bare_frames_per_cpu_s=round(bare_rate, 1), share=round(daemon_rate / bare_rate, 3),
    )  # fmt: skip


def latency(folder: Path, clip: Path, seconds: float) -> None:
    """From the capture of the frame that decided a read to its message at a subscriber, played in real time."""
    # Two frames that agree are enough whatever their confidence: each read here is decided by a frame, not by a wait.
    decided = "[track]\nmin_agreeing = 2\nearly_confidence = 0.0\nmin_confidence = 0.0\n"
    folder.mkdir(parents=True)
    took_s: list[float] = []
    reads = 0
    with broker(folder) as port:
        if port is None:
            raise NprEdgeError("the latency is measured with mosquitto: apt install mosquitto")
        until(lambda: listens(port))
        extra = f"{decided}[mqtt]\nenabled = true\nport = {port}\n"
        with (
            daemon(folder / "daemon", camera(clip, loop=True, reappear_s=1), extra) as running,
            heard(port) as arrivals,
        ):
            until(lambda: running.frames() >= WARM_UP_FRAMES)
            arrivals.clear()
            time.sleep(seconds)
            recognise_s = recognition_time_s(running)
            for at_s, payload in arrivals:
                reads += 1
                if payload["votes"]["agreeing"] == 2:
                    took_s.append(at_s - unix_s(payload["last_seen"]))
    took_s.sort()
    p95_s = took_s[min(int(0.95 * len(took_s)), len(took_s) - 1)]
    tell(
        "latency", reads=reads, decided_by_agreement=len(took_s), p50_ms=round(1000 * statistics.median(took_s), 1),
        p95_ms=round(1000 * p95_s, 1), recognise_ms=round(1000 * recognise_s, 1),
        allowed_ms=round(1000 * (2 / FPS + recognise_s), 1),
    )  # fmt: skip


@dataclass
class Running:
    """A daemon that runs."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int

    def camera(self) -> dict[str, Any]:
        """What it says of its camera; empty before it answers."""
        try:
            return dict(ask_status(self.data_dir)["cameras"][0])
        except (NprEdgeError, IndexError):
            if self.process.poll() is not None:
                raise NprEdgeError(f"the daemon ended: {(self.data_dir.parent / 'log').read_text()}") from None
            return {}

    def frames(self) -> int:
        """Frames captured so far."""
        return int(self.camera().get("frames", 0))

    def cpu_s(self) -> float:
        """Seconds of CPU spent so far."""
        return cpu_s(self.process.pid)


def camera(clip: Path, *, gate: bool = True, realtime: bool = True, loop: bool = True, reappear_s: float = 30) -> str:
    """A ``[[camera]]`` block that replays a clip."""
    told = f'[[camera]]\nid = "gate"\nsource = "replay:{clip}"\nfps = {FPS}\n'
    told += f"reappear_s = {reappear_s}\nreplay = {{realtime = {toml(realtime)}, loop = {toml(loop)}}}\n"
    return f"{told}motion = {{enabled = {toml(gate)}}}\n"


def toml(value: bool) -> str:
    """A boolean as TOML writes it."""
    return str(value).lower()


@contextmanager
def daemon(folder: Path, cameras: str, extra: str = "") -> Iterator[Running]:
    """``npr-edge run`` in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(0)
    config = folder / "npr-edge.toml"
    config.write_text(f'data_dir = "{folder / "data"}"\n{extra}[web]\nlisten = "127.0.0.1:{port}"\n{cameras}')
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "npr_edge", "run", "--config", str(config)]
        with process(command, stdout=log, stderr=subprocess.STDOUT, cwd=REPOSITORY) as started:
            yield Running(started, folder / "data", port)


@contextmanager
def process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    started = subprocess.Popen(command, **options)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGCONT)
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def heard(port: int) -> Iterator[list[tuple[float, dict[str, Any]]]]:
    """What is published on ``read``, each with the time at which it came."""
    arrivals: list[tuple[float, dict[str, Any]]] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda *message: arrivals.append((time.time(), json.loads(message[2].payload)))
    client.connect("127.0.0.1", port)
    client.subscribe("npr-edge/+/read", qos=1)
    client.loop_start()
    try:
        yield arrivals
    finally:
        client.disconnect()
        client.loop_stop()


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def recognition_time_s(running: Running) -> float:
    """Mean time of a recognition in the daemon, from its own metrics."""
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    figures = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    name = 'npr_edge_stage_seconds_{}{{stage="recognise"}}'
    return figures[name.format("sum")] / figures[name.format("count")]


def unix_s(text: str) -> float:
    """A message's time as Unix time, seconds."""
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def cpu_s(pid: int) -> float:
    """CPU of a process and its living children, seconds."""
    total, waiting = 0.0, [pid]
    while waiting:
        each = waiting.pop()
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except FileNotFoundError:
            continue
    return total


def write_still(folder: Path, codec: str) -> Path:
    """A still 1080p street with a parked car and sensor noise."""
    encoder, container, options, group = CODECS[codec]
    scene = cv2.resize(cv2.imread(str(SCENE), cv2.IMREAD_COLOR), (1920, 1080))
    noise = np.random.default_rng(1).normal(0, 2.5, (4, 1080, 1920, 1)).astype(np.int16)
    path = folder / f"{codec}.{container}"
    with av.open(str(path), "w") as out:
        video = cast(EncodedVideo, out.add_stream(encoder, rate=FPS, options=dict(options)))
        video.width, video.height, video.gop_size = 1920, 1080, group
        video.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        for number in range(STILL_FRAMES):
            grain = np.roll(noise[number % 4], 13 * number, axis=1)
            image = np.clip(scene.astype(np.int16) + grain, 0, 255).astype(np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(video.encode())
    return path


def pictures_of(clip: Path) -> Iterator[Image]:
    """All pictures of a clip."""
    stream = VideoStream(av.open(str(clip)), str(clip))
    while (shot := stream.read()) is not None:
        if shot.pixels is not None:
            yield shot.pixels()
    stream.close()


def until(check: Any) -> None:
    """Wait until something is true."""
    end_s = time.monotonic() + START_S
    while not check():
        if time.monotonic() > end_s:
            raise NprEdgeError(f"not within {START_S:g} s: daemon or broker is not under way")
        time.sleep(0.1)


def tell(what: str, **figures: object) -> None:
    """One figure as a line of JSON."""
    print(json.dumps({"what": what, **figures}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
