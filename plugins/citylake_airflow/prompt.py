"""How the tasks of the lake are watched: their end is noticed at once, and they need no heartbeat to be noticed by.

Airflow looks for the end of a task with every heartbeat. Short heartbeats cost the API server more than the tasks
themselves, long ones let a skipped task stand for seconds after it is over. The kernel can say when a process ends.
"""

import os
import selectors
from typing import IO, Any

from airflow.sdk.execution_time.coordinator import BaseCoordinator
from airflow.sdk.execution_time.supervisor import ActivitySubprocess


class WatchedTask(ActivitySubprocess):
    """A task's process whose end wakes up its supervisor."""

    def wait(self) -> int:
        """Wait for the end of the task and return its exit code."""
        if self._exit_code is None and hasattr(os, "pidfd_open"):
            end = os.fdopen(os.pidfd_open(self.pid), "rb", buffering=0)
            self.selector.register(end, selectors.EVENT_READ, (_ended, self.selector.unregister))
        return int(super().wait())


def _ended(_process: IO[bytes]) -> bool:
    """Say that nothing more is to be read from a process that has ended."""
    return False


def run_task() -> None:
    """Be the task's process: what it shares with the scheduler counts only while it is what is on disk."""
    from airflow.sdk.execution_time.task_runner import main

    from citylake.freshness import forget_if_changed

    forget_if_changed()
    main()  # type: ignore[no-untyped-call]


class PromptCoordinator(BaseCoordinator):
    """Runs Python tasks as Airflow itself does, but with :class:`WatchedTask`."""

    def execute_task(
        self,
        *,
        what: Any,
        dag_rel_path: str | os.PathLike[str],
        bundle_info: Any,
        client: Any,
        logger: Any = None,
        sentry_integration: str = "",
        subprocess_logs_to_stdout: bool,
        **_: Any,
    ) -> BaseCoordinator.ExecutionResult:
        """Run one task to its end.

        Args:
            what: the task instance.
            dag_rel_path: its DAG file, below the bundle.
            bundle_info: the bundle.
            client: client of the execution API.
            logger: writes the task's log.
            sentry_integration: as Airflow has it.
            subprocess_logs_to_stdout: whether the task's log is written to this process's output as well.
        """
        process = WatchedTask.start(
            target=run_task,
            what=what,
            dag_rel_path=dag_rel_path,
            bundle_info=bundle_info,
            client=client,
            logger=logger,
            sentry_integration=sentry_integration,
            subprocess_logs_to_stdout=subprocess_logs_to_stdout,
        )
        exit_code = process.wait()
        return self.ExecutionResult(exit_code, process.final_state)
