"""What a task says when it fails, and how a delivery's accounts are judged."""

import time

from citylake.business_date import BusinessDateError, parse
from citylake.delta.errors import TableError
from citylake.night.steps.step import Report, Step, plain_words, work
from citylake.read.summary import closes
from citylake.settings import Settings
from citylake.sources.errors import DeliveryError
from tests.night.given import DAY, a_lake

SECRET = "a value of a row"


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001  (the test hands it on)
        return caught


def test_what_a_library_says_of_an_error_is_not_repeated() -> None:
    said = plain_words(raised(ValueError(SECRET)))
    assert SECRET not in said
    assert "ValueError" in said


def test_the_projects_own_errors_are_told_in_full_but_not_what_a_library_said_beneath_them() -> None:
    error = TableError("clean.hrss__pension_payment", "run it again")
    error.__cause__ = KeyError(SECRET)
    said = plain_words(raised(error))
    assert "clean.hrss__pension_payment: run it again" in said
    assert "KeyError" in said
    assert SECRET not in said


def test_the_place_of_an_error_is_the_innermost_of_the_project() -> None:
    def asked() -> Exception:
        try:
            parse("no date")
        except BusinessDateError as error:
            return error
        raise AssertionError("no error")

    assert "citylake/business_date.py:" in plain_words(asked())


def test_what_is_told_a_department_of_its_delivery_is_not_told_a_log() -> None:
    said = plain_words(raised(DeliveryError("columns", f"文件“{SECRET}.csv”缺少列")))
    assert "columns" in said
    assert SECRET not in said


def test_accounts_close_when_every_line_has_a_fate_and_rows_follow_from_them() -> None:
    counts = {"lines": 10, "inserted": 5, "updated": 2, "unchanged": 2, "quarantined": 1, "vanished": 1}
    assert closes(counts | {"live_before": 7, "live_after": 11})
    assert not closes(counts | {"live_before": 7, "live_after": 12}), "a row too many"
    assert not closes(counts | {"lines": 11, "live_before": 7, "live_after": 11}), "a line without a fate"


def busy(step: Step, seconds: float) -> Report:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return Report("done", facts={"a": 1})


def test_a_report_says_how_much_processor_time_the_work_itself_took(settings: Settings) -> None:
    report = work(Step(DAY, given=a_lake(settings)), busy, {"seconds": 0.2})
    assert report.facts["a"] == 1
    assert 0.2 <= report.facts["cpu_seconds"] < 0.4
