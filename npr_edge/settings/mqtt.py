"""The settings of the way out to an MQTT broker (``[mqtt]``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from npr_edge.settings.base import Section

TopicLevels = Annotated[str, StringConstraints(pattern=r"^[^#+\s/]+(/[^#+\s/]+)*$", max_length=100)]


class OutboxSettings(Section):
    """How much may wait for a broker that is away; the oldest messages fall out, counted and said."""

    max_age_days: float = Field(default=30.0, gt=0, le=3_650, description="Messages older than this fall out.")
    max_bytes: int = Field(
        default=256_000_000, ge=100_000, description="Payload bytes that may wait; 1 kB is about one read."
    )


class MqttSettings(Section):
    """The broker that reads are sent to."""

    enabled: bool = Field(default=False, description="Send reads to an MQTT broker.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Name or address of the broker.")
    port: int = Field(default=1883, ge=1, le=65_535, description="Port of the broker; 8883 is usual with TLS.")
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        default="auto", description="MQTT version; auto: 5, and 3.1.1 where the broker knows no better."
    )
    client_id: str = Field(
        default="", max_length=64, description="MQTT client id, one of its own per device; empty: npr-edge-<device id>."
    )
    username: str | None = Field(default=None, description="User name at the broker.")
    password: SecretStr | None = Field(
        default=None, description="Password; best given as NPR_EDGE_MQTT__PASSWORD or in password_file."
    )
    password_file: Path | None = Field(default=None, description="File whose first line is the password.")
    tls: bool = Field(default=False, description="Encrypt, and check the broker's certificate and name.")
    ca_file: Path | None = Field(default=None, description="CA certificates in PEM; unset: those of the system.")
    cert_file: Path | None = Field(default=None, description="Certificate of this client in PEM.")
    key_file: Path | None = Field(default=None, description="Private key of this client in PEM.")
    keepalive_s: int = Field(default=30, ge=5, le=3_600, description="Longest silence towards the broker.")
    connect_timeout_s: float = Field(default=10.0, ge=0.5, le=120, description="Time a connection may take to stand.")
    ack_timeout_s: float = Field(
        default=15.0, ge=0.5, le=600, description="A message unacknowledged for this long: the connection is made anew."
    )
    max_backoff_s: float = Field(default=60.0, ge=0.1, le=3_600, description="Longest wait between two tries.")
    window: int = Field(default=20, ge=1, le=1_000, description="Messages that may be unacknowledged at a time.")
    crop: bool = Field(default=False, description="Send the crop of each read as a JPEG on the topic crop.")
    health_every_s: float = Field(default=60.0, ge=1, le=3_600, description="Pace of the messages on health.")
    discovery: bool = Field(default=True, description="Announce the device to Home Assistant.")
    discovery_prefix: TopicLevels = Field(default="homeassistant", description="Home Assistant's discovery prefix.")
    outbox: OutboxSettings = Field(default=OutboxSettings(), description="What may wait for a broker that is away.")

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        if (self.password or self.password_file) and self.username is None:
            raise ValueError("a password needs a username")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; give both or none")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("ca_file, cert_file and key_file need tls = true")
        return self
