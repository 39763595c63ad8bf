"""The names of the topics of one device; pure."""

from __future__ import annotations

from dataclasses import dataclass

from npr_edge.domain import MessageKind

BASE = "npr-edge"
ONLINE = "online"
OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """What the broker is told of a camera.

    Attributes:
        camera_id: Id in the configuration.
        name: Name for people.
        state: ``starting``, ``running``, ``failed``, ``ended`` or ``off``.
        detail: Why it failed; empty otherwise.
    """

    camera_id: str
    name: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one device.

    Attributes:
        device_id: Id of the device, ``[a-zA-Z0-9_-]+``.
    """

    device_id: str

    @property
    def base(self) -> str:
        """Where all topics of the device begin, without a slash at the end."""
        return f"{BASE}/{self.device_id}"

    @property
    def status(self) -> str:
        """``online`` or ``offline``, retained; the broker's will says ``offline``."""
        return f"{self.base}/status"

    @property
    def health(self) -> str:
        """How the device fares, retained JSON."""
        return f"{self.base}/health"

    @property
    def crop(self) -> str:
        """The JPEG of the last read, not retained."""
        return f"{self.base}/crop"

    @property
    def requests(self) -> str:
        """Filter of everything that can be asked for."""
        return f"{self.base}/request/+"

    def message(self, kind: MessageKind) -> str:
        """Where a message about a passage goes: ``read``, ``preview`` or ``update``; not retained."""
        return f"{self.base}/{kind.value}"

    def camera(self, camera_id: str) -> str:
        """State of a camera, retained JSON."""
        return f"{self.base}/camera/{camera_id}/status"

    def request(self, name: str) -> str:
        """Where ``name`` is asked for."""
        return f"{self.base}/request/{name}"

    def response(self, name: str) -> str:
        """Where the answer goes."""
        return f"{self.base}/response/{name}"

    def request_name(self, topic: str) -> str | None:
        """What a topic asks for, None where it is no request."""
        start = f"{self.base}/request/"
        return topic.removeprefix(start) if topic.startswith(start) else None
