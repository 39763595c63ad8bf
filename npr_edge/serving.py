"""The REST API alone, without cameras: what ``npr-edge serve`` builds."""

from __future__ import annotations

from contextlib import ExitStack

from npr_edge.access import open_access
from npr_edge.clock import SystemClock
from npr_edge.errors import ConfigError
from npr_edge.metrics import Metrics
from npr_edge.ports import Recogniser
from npr_edge.publish import Encoder
from npr_edge.record import Reads
from npr_edge.settings import Settings
from npr_edge.vehicles import open_directory
from npr_edge.web.factory import ApiPorts
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.serve import ApiServer


class Serving:
    """The API on its own: recognition, keys, vehicles, and the reads that a daemon stored in the same folder.

    Args:
        settings: ``data_dir``, ``[web]``, ``[recognise]`` and ``[vehicles]`` count here.
        recogniser: What reads the plates.

    Raises:
        ConfigError: The address cannot be listened on, or the key file of a registry cannot be read.
        StoreError: The data folder cannot be used.
    """

    def __init__(self, settings: Settings, recogniser: Recogniser) -> None:
        clock, metrics = SystemClock(), Metrics()
        with ExitStack() as opened:
            access = open_access(settings.data_dir, clock, settings.web.auth_failures)
            opened.callback(access.close)
            vehicles = open_directory(settings.data_dir, settings.vehicles, clock, access.quotas, metrics.vehicle_asked)
            opened.callback(vehicles.close)
            ports = ApiPorts(
                access=access,
                gate=RecogniseGate(recogniser, turns=settings.recognise.workers, queue=settings.recognise.queue),
                vehicles=vehicles,
                reads=Reads(settings.data_dir),
                encode=Encoder(settings.device.id),
                registry=metrics.registry,
            )
            try:
                self._server = ApiServer(ports, settings.web)
            except OSError as error:
                raise ConfigError(f"{settings.web.listen}: cannot be listened on ({error.strerror})") from error
            self._access, self._opened = access, opened.pop_all()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        return self._server.address

    def start(self) -> None:
        """Go on with the windows of an earlier run and begin to answer."""
        self._access.start()
        self._server.start()

    def close(self) -> None:
        """Finish what is being answered, write the counters, end; safe to call twice."""
        self._server.close()
        self._opened.close()
