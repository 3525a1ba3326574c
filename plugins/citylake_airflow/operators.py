"""The one operator of the lake: a task calls one function of ``citylake.night.steps`` and tells Airflow what became of it."""

import importlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from airflow.sdk import AssetAlias, BaseOperator, Context, SkipMixin
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from citylake_airflow.assets import asset
from citylake_airflow.errors import JobFailedError, RefusedError, UnreachableError

SESSION = "spark_session"
REPORT = "report"
_ENDS: Mapping[str, type[Exception]] = {
    "nothing": AirflowSkipException,
    "refused": RefusedError,
    "unreachable": UnreachableError,
    "failed": JobFailedError,
}


class LakeJob(BaseOperator, SkipMixin):
    """Calls ``module:function`` with a ``citylake.night.steps.step.Step`` and the arguments.

    The function gets a Spark session only when it asks for one. The session's id is kept with the task before it is
    opened, so that the next try first interrupts what a killed try left running on the server.

    Args:
        call: ``module:function``; imported only in ``execute``.
        arguments: keyword arguments, JSON values.
        reads: ids of tasks of the same run whose reports the function is given.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#e8f1fa"

    def __init__(
        self, *, call: str, arguments: Mapping[str, Any] | None = None, reads: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.call = call
        self.arguments = dict(arguments or {})
        self.reads = list(reads)
        self._session: str | None = None

    def execute(self, context: Context) -> None:
        """Interrupt the ghost of an earlier try, call the function, tell Airflow how it ended.

        Raises:
            AirflowSkipException: there was nothing to do.
            RefusedError: the data or the contract is at fault.
            UnreachableError: a department's system did not answer.
            JobFailedError: something broke.
        """
        from citylake.night.steps.step import Step, plain_words, work

        ti, store = context["ti"], context["task_state_store"]
        if ti.try_number > 1 and (ghost := store.get(SESSION)) is not None:
            self._interrupt(str(ghost))

        def announce(session: str) -> None:
            self._session = session
            store.set(SESSION, session)

        step = Step(
            business_date=_business_date(context),
            session_id=str(uuid.uuid4()),
            announce=announce,
            events=frozenset(key.name for key in context.get("triggering_asset_events") or ()),
            reports={name: ti.xcom_pull(task_ids=name, key=REPORT) for name in self.reads},
        )
        try:
            report = work(step, _function(self.call), self.arguments)
        except Exception as error:  # noqa: BLE001  (said in words of our own: a library's may quote values of a row)
            raise JobFailedError(plain_words(error)) from None
        ti.xcom_push(key=REPORT, value={"state": report.state, "message": report.message, **report.facts})
        if report.message:
            self.log.info(report.message)
        for outlet in self.outlets:
            if not isinstance(outlet, AssetAlias):
                context["outlet_events"][outlet].extra = dict(report.facts)
            elif report.facts.get("wakes"):
                context["outlet_events"][outlet].add(asset(outlet.name), extra=dict(report.facts))
        if report.state in _ENDS:
            raise _ENDS[report.state](report.message)
        if report.leave_out and self.dag is not None:
            self.skip(ti, [self.dag.get_task(name) for name in report.leave_out])

    def on_kill(self) -> None:
        """Interrupt this try's queries: ending the client alone leaves them running on the server."""
        if self._session is not None:
            self._interrupt(self._session)

    def _interrupt(self, session: str) -> None:
        from citylake.night.steps.step import interrupt

        ended = interrupt(session)
        if ended:
            self.log.warning("中断了上一次遗留在 Spark 上的 %d 个查询", ended)


class Watcher(BaseOperator):
    """A leaf with the trigger rule ``one_failed``: keeps a run red whose last task succeeds whatever happened."""

    ui_color = "#fbeaea"

    def execute(self, context: Context) -> None:
        """Fail, at once.

        Raises:
            AirflowFailException: always.
        """
        raise AirflowFailException("本次运行中有任务失败，见标红的任务")


def _business_date(context: Context) -> date:
    key = getattr(context["dag_run"], "partition_key", None)
    if not key:
        raise AirflowFailException("触发时没有给出 partition_key（业务日期，如 2026-11-22），请重新触发")
    return date.fromisoformat(str(key))


def _function(call: str) -> Callable[..., Any]:
    module, _, name = call.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function
