"""The few questions and orders that the command line has for a running Airflow, over its REST API."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self

import httpx

from citylake.settings import Settings
from citylake.supervisor import ServiceError, find

_PAGE = 100
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts where asking twice does no harm: just after it was started Airflow finds its database busy."""
_FINISHED = frozenset({"success", "failed"})
REPORT = "report"
"""XCom key of what a task of the lake says became of it."""


class AirflowError(RuntimeError):
    """Airflow refused a request; the message says which and why, ``status`` is its answer's, None when there was none."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG. ``partition_key`` is its business date, where it has one."""

    dag_id: str
    run_id: str
    state: str
    partition_key: str | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in _FINISHED


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run. ``state`` is ``None`` before it is scheduled; ``seconds`` before it has ended."""

    task_id: str
    state: str | None
    tries: int
    seconds: float | None


class AirflowClient:
    """A client that has logged in; use it in a ``with`` block."""

    def __init__(self, settings: Settings) -> None:
        record = find(settings, "airflow-api")
        if record is None:
            raise ServiceError("Airflow does not run: run 'citylake up'")
        self._settings = settings
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{record.port}", timeout=60.0, trust_env=False)

    def __enter__(self) -> Self:
        self._log_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def trigger(self, dag_id: str, business_date: date) -> DagRun:
        """Start a run for a business date.

        Raises:
            AirflowError: the DAG is unknown (not parsed yet, or broken).
        """
        # The run is named here: whoever asks again after a failure cannot start a second one.
        run_id = f"manual__{datetime.now(UTC).isoformat()}__{secrets.token_hex(4)}"
        body = {"logical_date": None, "partition_key": business_date.isoformat(), "dag_run_id": run_id}
        path = f"/dags/{dag_id}/dagRuns"
        try:
            return _dag_run(self._ask("POST", path, json=body, repeatable=True))
        except AirflowError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            return _dag_run(self._ask("GET", f"{path}/{run_id}"))

    def runs(self, dag_id: str, business_date: date | None = None) -> list[DagRun]:
        """Return the newest 100 runs of a DAG, newest first, or those of them for one business date."""
        found = self._ask("GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "-run_after", "limit": _PAGE})
        runs = [_dag_run(item) for item in found["dag_runs"]]
        return [run for run in runs if business_date is None or run.partition_key == business_date.isoformat()]

    def runs_of(self, business_date: date) -> dict[str, list[DagRun]]:
        """Return all runs for a business date by DAG, newest first; a DAG without runs is not in it."""
        asked = {"order_by": "-run_after", "partition_key_prefix_pattern": business_date.isoformat()}
        found: dict[str, list[DagRun]] = {}
        for item in self._pages("/dags/~/dagRuns", "dag_runs", **asked):
            run = _dag_run(item)
            found.setdefault(run.dag_id, []).append(run)
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return [
            TaskInstance(item["task_id"], item["state"], int(item["try_number"]), item["duration"])
            for item in self._pages(path, "task_instances")
        ]

    def reports(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return what the tasks of a run reported, by task; tasks that left no report are not in it."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        kept = {
            item["task_id"] for item in self._pages(f"{path}/~/xcomEntries", "xcom_entries") if item["key"] == REPORT
        }
        entry = "xcomEntries/" + REPORT
        return {task: dict(self._ask("GET", f"{path}/{task}/{entry}")["value"]) for task in sorted(kept)}

    def clear(self, dag_id: str, run_id: str) -> None:
        """Let a run happen again, all of its tasks."""
        self._ask("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False})

    def dags(self) -> list[str]:
        """Return the ids of the DAGs that Airflow knows and does not hold back."""
        return sorted(item["dag_id"] for item in self._pages("/dags", "dags") if not item["is_paused"])

    def import_errors(self) -> dict[str, str]:
        """Return, by DAG file, why it could not be read."""
        return {item["filename"]: item["stack_trace"] for item in self._pages("/importErrors", "import_errors")}

    def health(self) -> dict[str, str | None]:
        """Return the status of each component, ``healthy`` or not."""
        return {name: (part or {}).get("status") for name, part in self._ask("GET", "/monitor/health").items()}

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, or give it this many slots."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        if name in {item["name"] for item in self._pages("/pools", "pools")}:
            self._ask("PATCH", f"/pools/{name}", json={**body, "pool": name})
        else:
            self._ask("POST", "/pools", json={**body, "name": name})

    def _log_in(self) -> None:
        users = json.loads((self._settings.secrets / "airflow_users.json").read_text("utf-8"))
        name, password = next(iter(users.items()))
        answer = self._sent("POST", "/auth/token", json={"username": name, "password": password})
        if answer.status_code != httpx.codes.CREATED:
            raise AirflowError(f"Airflow does not accept the password in secrets/airflow_users.json for user {name}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _ask(self, method: str, path: str, *, repeatable: bool = False, **options: Any) -> dict[str, Any]:
        answer = self._sent(method, f"/api/v2{path}", repeatable=repeatable, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._sent(method, f"/api/v2{path}", repeatable=repeatable, **options)
        if answer.is_error:
            raise AirflowError(f"{method} {path}: {answer.status_code} {answer.text[:500]}", answer.status_code)
        return dict(answer.json())

    def _sent(self, method: str, path: str, *, repeatable: bool = False, **options: Any) -> httpx.Response:
        """Return the answer to a request; where asking twice does no harm, a failing server is asked again for a while.

        Raises:
            AirflowError: nobody answers.
        """
        for wait in (*(_WAITS if repeatable or method in {"GET", "PATCH"} else ()), None):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                raise AirflowError(
                    "Airflow does not answer any more; run the same command again: it starts what is not running and goes on"
                ) from error
            if wait is None or not answer.is_server_error:
                break
            time.sleep(wait)
        return answer

    def _pages(self, path: str, key: str, **asked: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", path, params={**asked, "limit": _PAGE, "offset": len(found)})
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found


def _dag_run(item: Mapping[str, Any]) -> DagRun:
    return DagRun(
        dag_id=item["dag_id"],
        run_id=item["dag_run_id"],
        state=item["state"],
        partition_key=item.get("partition_key"),
        started_at=_moment(item.get("start_date")),
        ended_at=_moment(item.get("end_date")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
