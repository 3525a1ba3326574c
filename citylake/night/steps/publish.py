"""The end of a night: its versions become the newest publication, all at once."""

from datetime import date

from citylake.lake import Lake
from citylake.ledger.nights.nights import newest_published
from citylake.night.steps.step import Report, Step


def is_closed(lake: Lake, business_date: date) -> bool:
    """Return whether a business date is over: its night, or a later one, is published, so nothing of it moves again."""
    newest = newest_published(lake.ledger)
    return newest is not None and newest >= business_date


def publish_night(step: Step) -> Report:
    """Publish what is accepted.

    The facts hold ``number`` (of the vector), the number of ``published`` tables, the ``stale`` ones and those ``left_out``.
    """
    start = step.reports.get("start")
    if start is None or "number" not in start:
        return Report("nothing", "今晚没有可发布的内容")
    from citylake.night.publication.publish import publish

    done = publish(step.lake, step.spark_when_asked, step.business_date, number=start["number"])
    facts = {
        "number": done.publication.number,
        "published": len(done.publication.entries),
        "stale": done.stale,
        "left_out": done.left_out,
        "views_failed": list(done.views_failed),
    }
    return Report("done", f"{step.business_date} 已发布 {len(done.publication.entries)} 张表", facts)
