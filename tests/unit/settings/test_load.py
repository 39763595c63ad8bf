"""Loading settings: file, environment, and every error at once."""

from pathlib import Path

import pytest

from npr_edge.errors import ConfigError
from npr_edge.settings import Settings, check_settings, load_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "npr-edge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_stand_where_nothing_is_said() -> None:
    assert load_settings() == Settings()


def test_the_documented_example_loads(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
data_dir = "/srv/plates"
[device]
id = "gate-1"
[[camera]]
id = "entry"
source = "replay:clips/entry.mp4"
fps = 10
replay = {realtime = false, loop = true}
[mqtt]
enabled = true
host = "127.0.0.1"
port = 1883
[web]
listen = "127.0.0.1:8080"
""",
    )
    settings = load_settings(path)
    assert settings.device.id == "gate-1"
    assert settings.camera[0].source == f"replay:{tmp_path}/clips/entry.mp4"
    assert settings.camera[0].replay.loop
    assert settings.mqtt.enabled


def test_an_absolute_replay_path_stays(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, '[[camera]]\nid = "a"\nsource = "replay:/clips/a.mp4"'))
    assert settings.camera[0].source == "replay:/clips/a.mp4"


def test_every_error_is_named_with_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
colour = "red"
[device]
id = "gate 1"
[[camera]]
id = "entry"
source = "webcam"
fps = 0
[[camera]]
id = "exit"
[mqtt]
hots = "broker"
port = 70000
""",
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("7 errors")
    text = "\n".join(lines)
    assert 'device.id = "gate 1"' in text
    assert 'camera[0].source = "webcam": must be replay:PATH' in text
    assert "camera[0].fps = 0: input should be greater than 0" in text
    assert "camera[1].source: is missing" in text
    assert "mqtt.hots: unknown key; did you mean host?" in text
    assert "mqtt.port = 70000: input should be less than or equal to 65535" in text
    assert "colour: unknown key; known are data_dir, device" in text


def test_camera_ids_must_be_unique(tmp_path: Path) -> None:
    camera = '[[camera]]\nid = "a"\nsource = "v4l2:/dev/video0"\n'
    with pytest.raises(ConfigError, match="more than once: a"):
        load_settings(write(tmp_path, camera * 2))


def test_replay_options_need_a_replay_source(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="replay is for sources"):
        load_settings(write(tmp_path, '[[camera]]\nid="a"\nsource="rtsp://cam/1"\nreplay={loop=true}'))


def test_environment_lies_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path, '[mqtt]\nhost = "a"\nport = 1884\n[[camera]]\nid = "front-door"\nsource = "v4l2:/dev/video0"'
    )
    monkeypatch.setenv("NPR_EDGE_MQTT__HOST", "b")
    monkeypatch.setenv("NPR_EDGE_CAMERA__0__FPS", "5")
    monkeypatch.setenv("NPR_EDGE_CAMERA__FRONT_DOOR__ZONES", "[[[0, 0], [1, 0], [1, 1]]]")
    monkeypatch.setenv("NPR_EDGE_RECOGNISE__REGIONS", '["gb", "us-ny"]')
    settings = load_settings(path)
    assert (settings.mqtt.host, settings.mqtt.port) == ("b", 1884)
    assert settings.camera[0].fps == 5
    assert settings.camera[0].zones == [[(0, 0), (1, 0), (1, 1)]]
    assert settings.recognise.regions == ["gb", "us-ny"]


def test_environment_alone_can_make_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPR_EDGE_CAMERA__0__ID", "a")
    monkeypatch.setenv("NPR_EDGE_CAMERA__0__SOURCE", "picamera2:0")
    assert [camera.id for camera in load_settings().camera] == ["a"]


def test_wrong_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPR_EDGE_MQT__HOST", "b")
    monkeypatch.setenv("NPR_EDGE_MQTT__HOTS", "b")
    monkeypatch.setenv("NPR_EDGE_CAMERA", "[{")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "NPR_EDGE_MQT__HOST: unknown variable; did you mean mqtt?" in str(caught.value)
    assert "mqtt.hots: unknown key; did you mean host?" in str(caught.value)
    assert "NPR_EDGE_CAMERA: must be JSON" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a = ", "is not TOML"), (b"\xff\xfe", "is not UTF-8"), (None, "cannot be read")],
    ids=["toml", "encoding", "missing"],
)
def test_an_unreadable_file_is_a_clear_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "npr-edge.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_settings(path)


def test_passwords_never_stand_in_messages(tmp_path: Path) -> None:
    path = write(tmp_path, '[[camera]]\nid = "a"\nsource = "rtps://user:hunter2@cam/1"')
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert "hunter2" not in str(caught.value)


def test_the_public_source_hides_the_password() -> None:
    settings = Settings.model_validate({"camera": [{"id": "a", "source": "rtsp://user:hunter2@cam/1"}]})
    assert settings.camera[0].public_source == "rtsp://***@cam/1"


@pytest.mark.parametrize("entry", ["06:00-22:00", "mon-fri 06:00-24:00", "sun 22:00-05:00"])
def test_schedules(entry: str) -> None:
    camera = {"id": "a", "source": "v4l2:/dev/video0", "schedule": [entry]}
    assert Settings.model_validate({"camera": [camera]}).camera[0].schedule == [entry]


def test_missing_files_and_ids_used_twice_are_named_beside_wrong_values(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
[[camera]]
id = "entry"
source = "replay:none.mp4"
fps = "ten"
[[camera]]
id = "entry"
source = "v4l2:/dev/video0"
schedule = ["mon-fry 06:00-22:00"]
[mqtt]
password_file = "/nowhere"
port = 0
""",
    )
    with pytest.raises(ConfigError) as caught:
        check_settings(path)
    told = str(caught.value)
    assert "6 errors" in told
    for wanted in (
        'camera[0].fps = "ten"',
        "is no span of time",
        "used more than once: entry",
        "mqtt.port = 0",
        "mqtt.password_file = /nowhere: does not exist",
        f"camera[0].source = {tmp_path.resolve()}/none.mp4: does not exist",
    ):
        assert wanted in told
    assert "^((mon" not in told


def test_a_right_file_is_right_where_its_files_are(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"")
    path = write(tmp_path, '[[camera]]\nid = "entry"\nsource = "replay:clip.mp4"')
    assert check_settings(path).camera[0].id == "entry"
    (tmp_path / "clip.mp4").unlink()
    with pytest.raises(ConfigError, match="1 error\n"):
        check_settings(path)
