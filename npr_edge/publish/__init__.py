"""The outbox to an MQTT broker: at least once, in order, announced to Home Assistant.

``payload``, ``homeassistant`` and ``topics`` are pure; ``Link`` is one connection, ``Publisher`` the thread.
"""

from npr_edge.publish.payload import Encoder, read_fields
from npr_edge.publish.publisher import Publisher, PublisherParts, PublisherState
from npr_edge.publish.requests import RequestHandler
from npr_edge.publish.topics import CameraStatus, Topics

__all__ = [
    "CameraStatus",
    "Encoder",
    "Publisher",
    "PublisherParts",
    "PublisherState",
    "RequestHandler",
    "Topics",
    "read_fields",
]
