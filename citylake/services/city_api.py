"""The made-up city's own web service, through which its health department delivers."""

import sys

import httpx

from citylake.services.airflow import task_environment
from citylake.settings import Settings
from citylake.supervisor import Record, Service, find, free_port, start

SERVICE = "city-api"


def start_city_api(settings: Settings) -> Record:
    """Start it, or find it running.

    Raises:
        ServiceError: it did not answer in time.
    """
    if running := find(settings, SERVICE):
        return running
    port = free_port()
    command = [sys.executable, "-m", "city.delivery.api", "--home", str(settings.home.resolve()), "--port", str(port)]
    service = Service(SERVICE, command, port, lambda: _healthy(port), task_environment(settings))
    return start(settings, service)


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=2.0).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
