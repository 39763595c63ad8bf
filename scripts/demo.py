"""The daemon on a bundled clip, with a broker of its own on loopback; started by scripts/demo."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt

REPOSITORY = Path(__file__).resolve().parent.parent
CLIP = REPOSITORY / "tests" / "data" / "clips" / "demo.mp4"
NPR_EDGE = [sys.executable, "-m", "npr_edge"]
START_S = 60.0
"""Longest wait for broker and daemon to be up; a Pi 3 with a slow card needs 20."""

DRAIN_S = 6.0
"""After the clip's end: the last vehicle leaves, the vote ends, the message arrives."""

CONFIG = """\
data_dir = "{data}"
[device]
id = "demo"
[[camera]]
id = "gate"
source = "replay:{clip}"
fps = 10
replay = {{realtime = true, loop = false}}
[mqtt]
enabled = {mqtt}
host = "127.0.0.1"
port = {mqtt_port}
[web]
listen = "127.0.0.1:{web_port}"
"""


def free_port(wanted: int) -> int:
    """``wanted`` if nothing listens there, else one that the kernel picks."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def broker(folder: Path) -> Iterator[int | None]:
    """A mosquitto on loopback; yields its port, None where mosquitto is not installed."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        print("mosquitto is not installed (sudo apt install mosquitto): the demo runs without MQTT\n")
        yield None
        return
    port = free_port(1883)
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([program, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def daemon(config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``npr-edge run`` in the background, its log in a file."""
    with log.open("wb") as out:
        process = subprocess.Popen([*NPR_EDGE, "run", "--config", str(config)], stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def bare(plate: str) -> str:
    """A plate without the spaces and dashes of its print."""
    return plate.replace(" ", "").replace("-", "")


def listen(port: int, reads: list[str]) -> mqtt.Client:
    """Echo every read as it arrives from the broker."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        read = json.loads(message.payload)
        reads.append(read["plate"])
        votes = read["votes"]
        print(
            f"  {read['plate']:<12} {read['region'] or '?':<6} confidence {read['confidence']:.2f}"
            f"  votes {votes['agreeing']}/{votes['total']}  {read['direction']}",
            flush=True,
        )

    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe("npr-edge/demo/read", qos=1)
    client.loop_start()
    return client


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the daemon answers; ends the demo with its log if it does not."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the daemon did not start; its log:\n{log.read_text()}")


def main() -> None:
    """Run the demo; on a terminal the daemon goes on until Ctrl-C, elsewhere it ends with the clip."""
    folder = Path(tempfile.mkdtemp(prefix="npr-edge-demo."))
    data, log, config = folder / "data", folder / "npr-edge.log", folder / "npr-edge.toml"
    with broker(folder) as port:
        web_port = free_port(8080)
        config.write_text(
            CONFIG.format(
                data=data, clip=CLIP, mqtt="true" if port else "false", mqtt_port=port or 1883, web_port=web_port
            )
        )
        made = subprocess.run(
            [*NPR_EDGE, "keys", "create", "demo", "--limit", "600/minute", "--config", str(config)],
            capture_output=True,
            text=True,
            check=True,
        )
        key = made.stdout.split()[-1]
        reads: list[str] = []
        base = f"http://127.0.0.1:{web_port}"
        # Said before the start: the first read comes as soon as the daemon is up.
        show_where(folder, base, key, port)
        print("\nReads as they come (one a vehicle):", flush=True)
        with daemon(config, log) as process:
            client = listen(port, reads) if port else None
            wait_until_up(f"{base}/healthz", process, log)
            follow(base, key, process)
            truth = [vehicle["text"] for vehicle in json.loads(CLIP.with_suffix(".json").read_text())["vehicles"]]
            if client is not None:
                right = sum(bare(plate) in truth for plate in reads)
                print(f"\n{len(reads)} reads, {right} right; {len(truth)} vehicles with plates are in the clip.")
            if sys.stdin.isatty() and sys.stdout.isatty():
                print("The daemon goes on serving; Ctrl-C ends the demo.")
                wait_for_interrupt(process)
            if client is not None:
                client.loop_stop()
    print(f"Stored reads: {' '.join(NPR_EDGE)} reads list --data-dir {data}")


def show_where(folder: Path, base: str, key: str, port: int | None) -> None:
    """Print what there is to look at."""
    scene = next((REPOSITORY / "tests" / "data" / "scenes").glob("*.jpg"))
    print("npr-edge starts on the bundled clip. Look at:\n")
    print(f"  API key     {key}")
    print(f"  Recognise   curl -H 'Authorization: Bearer {key}' -F upload=@{scene} {base}/api/v1/recognise")
    print(f"  Reads       curl -H 'Authorization: Bearer {key}' {base}/api/v1/reads")
    print(f"  Health      curl {base}/healthz")
    if port:
        print(f"  MQTT        mosquitto_sub -p {port} -v -t 'npr-edge/#'")
    print(f"  Files       {folder} (configuration, database, crops, log)")


def follow(base: str, key: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the camera says that its clip is over, and a little more."""
    try:
        while process.poll() is None and camera_state(base, key) != "ended":
            time.sleep(1.0)
        time.sleep(DRAIN_S)
    except KeyboardInterrupt:
        print()


def camera_state(base: str, key: str) -> str:
    """The state of the only camera, as the API tells it."""
    request = urllib.request.Request(f"{base}/api/v1/cameras", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["cameras"][0]["state"])


def wait_for_interrupt(process: subprocess.Popen[bytes]) -> None:
    """Until Ctrl-C or until the daemon ends by itself."""
    try:
        process.wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
