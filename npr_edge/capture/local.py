"""A driver that runs in this process, as a camera."""

from __future__ import annotations

from npr_edge.capture.driver import Driver, Picture
from npr_edge.domain import Glimpse
from npr_edge.ports import Clock


class LocalCamera:
    """Pictures of a driver that cannot block (``ports.Camera``)."""

    def __init__(self, camera_id: str, driver: Driver, clock: Clock) -> None:
        self._camera_id = camera_id
        self._driver = driver
        self._clock = clock

    def read(self, awake: bool = True) -> Glimpse | None:
        """The next picture; None at the end of a clip."""
        picture = self._driver.read(awake)
        return None if picture is None else make_glimpse(self._camera_id, picture, self._clock)

    def close(self) -> None:
        """Release the driver."""
        self._driver.close()


def make_glimpse(camera_id: str, picture: Picture, clock: Clock) -> Glimpse:
    """A picture with the wall clock's idea of the moment at which it was taken."""
    wall_s = clock.wall_s() + picture.monotonic_s - clock.monotonic_s()
    synced = clock.synced()
    return Glimpse(camera_id, picture.index, picture.monotonic_s, wall_s, synced, picture.luma, picture.pixels)
