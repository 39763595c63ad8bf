"""The settings of the broker: what must stand together, and what must never be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from npr_edge.errors import ConfigError
from npr_edge.settings import MqttSettings, load_settings


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"password": "x"}, "needs a username"),
        ({"password_file": "/p"}, "needs a username"),
        ({"username": "u", "password": "x", "password_file": "/p"}, "not both"),
        ({"tls": True, "cert_file": "/c"}, "belong together"),
        ({"ca_file": "/c"}, "tls = true"),
        ({"discovery_prefix": "a/#"}, "match pattern"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        MqttSettings.model_validate(given)


def test_a_password_shows_in_no_text_of_the_settings() -> None:
    settings = MqttSettings.model_validate({"username": "u", "password": "hunter2"})
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.password is not None
    assert settings.password.get_secret_value() == "hunter2"


def test_an_error_of_the_section_does_not_show_the_password(tmp_path: Path) -> None:
    file = tmp_path / "npr-edge.toml"
    file.write_text('[mqtt]\npassword = "hunter2"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="needs a username") as raised:
        load_settings(file)
    assert "hunter2" not in str(raised.value)


def test_a_password_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPR_EDGE_MQTT__USERNAME", "u")
    monkeypatch.setenv("NPR_EDGE_MQTT__PASSWORD", "hunter2")
    password = load_settings().mqtt.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"
