"""The daily tidying of the lake and the weekly one of Airflow's history, as steps."""

from datetime import UTC, datetime, timedelta

from citylake.ledger.nights.nights import publication
from citylake.night.steps.step import Report, Step


def tidy_lake(step: Step) -> Report:
    """Tidy all tables, make up views that could not be made; the facts name the tables to which something was done."""
    from citylake.night.maintenance import tidy
    from citylake.night.publication.views import refresh_views

    done = tidy(step.lake, step.spark, step.business_date)
    newest = publication(step.lake.ledger)
    views, failed = refresh_views(step.lake, step.spark, newest) if newest is not None else ((), ())
    facts = {
        "optimised": [one.table for one in done if one.optimised],
        "vacuumed": [one.table for one in done if one.removed],
        "views": list(views),
        "views_failed": list(failed),
    }
    return Report("done", f"合并小文件 {len(facts['optimised'])} 张表，清理旧文件 {len(facts['vacuumed'])} 张表", facts)


def forget_runs(step: Step) -> Report:
    """Once a week, remove what Airflow keeps of runs older than ``Settings.airflow_days``."""
    from citylake.night.maintenance import VACUUM_DAY
    from citylake.services.airflow_history import forget

    if step.business_date.isoweekday() != VACUUM_DAY:
        return Report("nothing", "每周日清理一次")
    days = step.lake.settings.airflow_days
    done = forget(step.lake.settings, datetime.now(UTC) - timedelta(days=days))
    return Report(
        "done",
        f"清理 {days} 天以前的运行记录，删除任务日志 {done.files} 个",
        {"files": done.files, "bytes": done.bytes},
    )
