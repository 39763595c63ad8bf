"""The errors npr-edge raises on purpose; every message says what, which value, and what to do."""


class NprEdgeError(Exception):
    """Base of all errors that npr-edge raises on purpose."""


class ConfigError(NprEdgeError):
    """A setting is missing, misspelt or out of range."""


class CaptureError(NprEdgeError):
    """A camera cannot be opened, stopped delivering or delivers garbage."""


class ModelError(NprEdgeError):
    """A model file is missing, damaged or not the one its card describes."""


class ImageError(NprEdgeError):
    """Bytes that should be an image are not one that can be read.

    Attributes:
        code: Error code of the REST contract (``INVALID_IMAGE``, ``IMAGE_TOO_LARGE``, ``IMAGE_TOO_SMALL``).
    """

    def __init__(self, message: str, code: str = "INVALID_IMAGE") -> None:
        super().__init__(message)
        self.code = code


class StoreError(NprEdgeError):
    """The database or a crop file cannot be written or read."""


class PublishError(NprEdgeError):
    """A message cannot be handed to the broker."""
