"""What the command line does when Airflow's API fails for a moment, or is gone."""

import json
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from citylake.services import airflow_rest
from citylake.services.airflow_rest import AirflowClient, AirflowError
from citylake.settings import Settings


class Failing(BaseHTTPRequestHandler):
    """Takes any password, then answers with the statuses in ``left``, then with success."""

    left: list[int] = []
    ordered: list[dict[str, object]] = []

    def do_GET(self) -> None:
        run = {"dag_id": "collect", "dag_run_id": self.path.rpartition("/")[2], "state": "queued"}
        self._answer(self.left.pop(0) if self.left else 200, {"dags": [], "total_entries": 0} | run)

    def do_POST(self) -> None:
        is_login = self.path == "/auth/token"
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.path.endswith("/dagRuns"):
            self.ordered.append(said)
        status = 201 if is_login or not self.left else self.left.pop(0)
        self._answer(status, {"access_token": "made up", "dag_id": "collect", "state": "queued"} | said)

    def _answer(self, status: int, said: dict[str, object]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    settings.secrets.mkdir(parents=True, exist_ok=True)
    (settings.secrets / "airflow_users.json").write_text('{"admin": "made up"}', "utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as opened:
        monkeypatch.setattr(airflow_rest, "find", lambda *_: SimpleNamespace(port=opened.server_address[1]))
        monkeypatch.setattr(airflow_rest, "_WAITS", (0.01, 0.01))
        Thread(target=opened.serve_forever, daemon=True).start()
        yield opened
        opened.shutdown()


def test_a_question_is_asked_again_while_the_server_fails(settings: Settings, server: ThreadingHTTPServer) -> None:
    Failing.left = [500, 503]
    with AirflowClient(settings) as client:
        assert client.dags() == []
    assert Failing.left == []


def test_a_server_that_goes_on_failing_is_an_error_with_its_status(
    settings: Settings, server: ThreadingHTTPServer
) -> None:
    Failing.left = [500, 500, 500, 500]
    with AirflowClient(settings) as client, pytest.raises(AirflowError, match="GET /dags: 500"):
        client.dags()
    assert Failing.left == [500]


def test_an_order_is_given_once_only(settings: Settings, server: ThreadingHTTPServer) -> None:
    Failing.left = [500, 500]
    with AirflowClient(settings) as client, pytest.raises(AirflowError, match="clear: 500"):
        client.clear("collect", "run")
    assert Failing.left == [500]


@pytest.mark.parametrize("answers", [[500, 503], [500, 409]], ids=["failed", "failed after the run was made"])
def test_a_run_that_may_have_been_started_is_asked_for_by_its_name(
    settings: Settings, server: ThreadingHTTPServer, answers: list[int]
) -> None:
    Failing.left, Failing.ordered = list(answers), []
    with AirflowClient(settings) as client:
        run = client.trigger("collect", date(2026, 3, 1))
    assert Failing.left == []
    assert {said["dag_run_id"] for said in Failing.ordered} == {run.run_id}


def test_a_server_that_is_gone_is_said_with_what_to_do(settings: Settings, server: ThreadingHTTPServer) -> None:
    Failing.left = []
    with AirflowClient(settings) as client:
        server.shutdown()
        server.server_close()
        with pytest.raises(AirflowError, match="run the same command again"):
            client.dags()
