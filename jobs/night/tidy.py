"""The daily tidying of the lake, as a step."""

from jobs.night.step import Report, Step


def tidy_lake(step: Step) -> Report:
    """Tidy all tables; the facts name those that were optimised or had old files removed."""
    from jobs.maintenance import tidy

    done = tidy(step.lake, step.spark, step.business_date)
    facts = {
        "optimised": [one.table for one in done if one.optimised],
        "vacuumed": [one.table for one in done if one.kept_hours is not None],
    }
    return Report("done", f"合并小文件 {len(facts['optimised'])} 张表，清理旧文件 {len(facts['vacuumed'])} 张表", facts)
