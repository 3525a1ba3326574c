"""Airflow of a lake: three processes of its own, on this machine only, with generated secrets.

Everything is told by environment variables, so that there is no configuration file to keep in step; an ``AIRFLOW__…``
variable that the caller has set wins (PostgreSQL: ``AIRFLOW__DATABASE__SQL_ALCHEMY_CONN``). The API server comes first:
tasks that the scheduler starts before it answers are failed.
"""

import base64
import http.client
import json
import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

from citylake.deployment import PRIVATE, SPARK_POOL, SPARK_POOL_SLOTS
from citylake.services.airflow_rest import AirflowClient
from citylake.settings import Settings
from citylake.supervisor import (
    Record,
    Service,
    ServiceError,
    find,
    free_port,
    is_free,
    private_folder,
    start,
    stop,
    write_private,
)

API = "airflow-api"
SCHEDULER = "airflow-scheduler"
DAGS = "airflow-dags"
SERVICES = (API, SCHEDULER, DAGS)
"""In the order in which they are started."""
ADMIN = "admin"
DATABASE_VARIABLE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_DATABASE = "airflow_database"
_PARALLELISM = 4
_MIGRATE_SECONDS = 600


def start_airflow(settings: Settings) -> Record:
    """Start what of Airflow does not run, wait until all of it is healthy, and return the API server's record.

    Raises:
        ServiceError: the database could not be migrated, or a process did not become healthy.
    """
    running = find(settings, API)
    if running is None:
        # The others know the port of the API server from their start.
        for name in reversed(SERVICES):
            stop(settings, name)
    port = running.port if running else _port(settings)
    environment = airflow_environment(settings, port)
    write_private(settings.secrets / _DATABASE, environment[DATABASE_VARIABLE])
    _migrate(settings, environment)
    serve = ["api-server", "--host", "127.0.0.1", "--port", str(port)]
    with ThreadPoolExecutor(1) as aside:
        dags = aside.submit(start, settings, _service(DAGS, ["dag-processor"], port, environment))
        api = start(settings, _service(API, serve, port, environment))
        start(settings, _service(SCHEDULER, ["scheduler", "--skip-serve-logs"], port, environment))
        dags.result()
    with AirflowClient(settings) as client:
        client.ensure_pool(SPARK_POOL, SPARK_POOL_SLOTS, "Spark server: as many tasks at a time as it bears")
    return api


def stop_airflow(settings: Settings) -> list[str]:
    """Stop Airflow, what starts work first; return the names of what was running."""
    return [name for name in (DAGS, SCHEDULER, API) if stop(settings, name)]


def airflow_url(settings: Settings) -> str:
    """Return the address of the running API server, which is also that of the pages.

    Raises:
        ServiceError: it does not run.
    """
    record = find(settings, API)
    if record is None:
        raise ServiceError("Airflow does not run: run 'citylake up'")
    return f"http://127.0.0.1:{record.port}"


def admin_password(settings: Settings) -> str:
    """Return the password of the user ``admin``; made once, kept in ``secrets/airflow_users.json``."""
    path = settings.secrets / "airflow_users.json"
    if not path.exists():
        write_private(path, json.dumps({ADMIN: secrets.token_urlsafe(18)}) + "\n")
    return str(json.loads(path.read_text("utf-8"))[ADMIN])


def database_url(settings: Settings) -> str:
    """Return the address of the metadata database that Airflow was last started with.

    Raises:
        ServiceError: it never was.
    """
    path = settings.secrets / _DATABASE
    if not path.exists():
        raise ServiceError("Airflow was never started here: run 'citylake up'")
    return path.read_text("utf-8")


def task_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which another process has these very settings."""
    told = {f"CITYLAKE_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    own = {**os.environ, **told, "CITYLAKE_HOME": str(settings.home.resolve()), "PYTHONUTF8": "1"}
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    return own


def airflow_environment(settings: Settings, port: int) -> dict[str, str]:
    """Return the environment of every Airflow process of this home."""
    home = settings.home.resolve() / "airflow"
    admin_password(settings)
    url = f"http://127.0.0.1:{port}"
    options = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(_PARALLELISM),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(settings.project / "dags"),
        "CORE__PLUGINS_FOLDER": str(settings.project / "plugins"),
        "CORE__DEFAULT_TIMEZONE": settings.timezone,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(settings.secrets.resolve() / "airflow_users.json"),
        "CORE__FERNET_KEY": _secret(settings, "airflow_fernet_key", 32),
        "API__BASE_URL": url,
        "API__SECRET_KEY": _secret(settings, "airflow_api_secret_key", 48),
        "API__ENABLE_SWAGGER_UI": "False",
        "API__EXPOSE_STACKTRACE": "False",
        "API_AUTH__JWT_SECRET": _secret(settings, "airflow_jwt_secret", 64),
        "API_AUTH__JWT_EXPIRATION_TIME": str(8 * 3600),
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        # The end of a task is noticed by itself; a heartbeat only tells it that somebody has ended it in the pages.
        "SDK__COORDINATORS": json.dumps({"prompt": {"classpath": "citylake_airflow.prompt.PromptCoordinator"}}),
        "SDK__QUEUE_TO_COORDINATOR": json.dumps({"default": "prompt"}),
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "10",
        # After a scheduler was killed its tasks are given back within a minute; five would pass by default.
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        # Looking for something to do is most of what Airflow costs; a task waits half of this on average.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "LOGGING__BASE_LOG_FOLDER": str(settings.logs.resolve() / "airflow"),
        "LOGGING__LOGGING_LEVEL": "INFO",
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
    }
    told = {f"AIRFLOW__{key}": value for key, value in options.items()}
    told |= {key: value for key, value in os.environ.items() if key.startswith("AIRFLOW__")}
    quiet = {"SCARF_ANALYTICS": "false", "GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    # The scheduler is started by a module of the plugins, before Airflow has put their folder on its path.
    searched = os.pathsep.join(filter(None, (str(settings.project / "plugins"), os.environ.get("PYTHONPATH"))))
    own = {"AIRFLOW_HOME": str(home), "PYTHONPATH": searched}
    return {**task_environment(settings), **quiet, **told, **own}


def _secret(settings: Settings, name: str, size: int) -> str:
    path = settings.secrets / name
    if not path.exists():
        write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(size)).decode("ascii"))
    return path.read_text("ascii")


def _port(settings: Settings) -> int:
    """Return the port of the start before, so that a bookmark stays right, or another when that one is taken."""
    path = settings.home / "airflow" / "port"
    port = int(path.read_text("ascii")) if path.exists() else 0
    if not port or not is_free(port):
        port = free_port()
        write_private(path, str(port))
    return port


def _migrate(settings: Settings, environment: dict[str, str]) -> None:
    """Bring the metadata database to the installed version, once."""
    private_folder(settings.home / "airflow")
    marker = settings.home / "airflow" / "migrated"
    wanted = f"{version('apache-airflow')} {'sqlite' if _embedded(environment) else 'server'}"
    if marker.exists() and marker.read_text("ascii") == wanted and (not _embedded(environment) or _database(settings)):
        return
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_MIGRATE_SECONDS, check=False, umask=PRIVATE
    )
    if done.returncode:
        raise ServiceError(f"Airflow's database could not be migrated:\n{(done.stdout + done.stderr)[-2000:]}")
    write_private(marker, wanted)


def _embedded(environment: dict[str, str]) -> bool:
    return environment[DATABASE_VARIABLE].startswith("sqlite")


def _database(settings: Settings) -> bool:
    return (settings.home / "airflow" / "airflow.db").exists()


def _service(name: str, arguments: list[str], port: int, environment: dict[str, str]) -> Service:
    # Tasks are forked from the scheduler: what it has imported, none of them imports again.
    module = "citylake_airflow.preloaded" if name == SCHEDULER else "airflow"
    command = [sys.executable, "-m", module, *arguments]
    return Service(name, command, port if name == API else 0, lambda: _healthy(name, port), environment)


_REPORTED_AS = {API: "metadatabase", SCHEDULER: "scheduler", DAGS: "dag_processor"}


def _healthy(name: str, port: int) -> bool:
    # Asked several times a second while starting: an HTTP client with its certificates would cost more than it waits
    # for.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        answer = connection.getresponse()
        report = json.load(answer) if answer.status == HTTPStatus.OK else {}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return bool((report.get(_REPORTED_AS[name]) or {}).get("status") == "healthy")


def log_folder(settings: Settings) -> Path:
    """Return the folder of the task logs."""
    return settings.logs / "airflow"
