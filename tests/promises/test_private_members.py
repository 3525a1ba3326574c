"""Where private members of other projects are used, and of which version that is known to be right.

A test fails when such a package is raised: look whether what is said here still holds, run the tests named, and put the
new version here.
"""

import inspect
from importlib.metadata import version

from airflow.sdk.execution_time import supervisor
from airflow.sdk.execution_time.supervisor import ActivitySubprocess
from pyspark.sql.connect.dataframe import DataFrame

from citylake_airflow.prompt import WatchedTask


def test_airflow_waits_for_a_task_as_the_prompt_coordinator_takes_it_to() -> None:
    """``citylake_airflow.prompt``: the end of a task wakes up its supervisor, tests/services/test_airflow.py."""
    assert version("apache-airflow-task-sdk") == "1.3.2", "Airflow was raised: read ActivitySubprocess.wait once more"
    assert "_exit_code" in inspect.getsource(ActivitySubprocess.wait)
    assert "self._monitor_subprocess()" in inspect.getsource(ActivitySubprocess.wait)
    assert "selector" in {attribute.name for attribute in ActivitySubprocess.__attrs_attrs__}
    reading = inspect.getsource(supervisor.WatchedSubprocess._service_subprocess)
    assert "self.selector.select(" in reading
    assert "socket_handler, on_close = key.data" in reading
    assert WatchedTask.wait is not ActivitySubprocess.wait


def test_pyspark_gives_a_plans_rows_as_fetch_takes_them() -> None:
    """``citylake.delta.fetch``: rows without asking for the schema first, tests/engine."""
    assert version("pyspark-client") == "4.2.0", "PySpark was raised: read DataFrame.toArrow once more"
    assert list(inspect.signature(DataFrame._to_table).parameters) == ["self"]
    own, asked = inspect.getsource(DataFrame._to_table), inspect.getsource(DataFrame.toArrow)
    assert "return (table, schema)" in own
    assert "self._to_table()" in asked
    assert asked.index("self.schema") < asked.index("self._to_table()"), "toArrow no longer asks first: use it"
