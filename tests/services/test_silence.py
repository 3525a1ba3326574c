"""Spark's error texts, which may quote values, stay out of the logs."""

import logging

import pytest
from pyspark.logger import PySparkLogger

from citylake.spark.session import silence


class Listener(logging.Handler):
    """Keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


@pytest.mark.parametrize(
    "name", ["SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark.sql.connect.logging"]
)
def test_what_pyspark_logs_of_an_error_is_not_written_anywhere(name: str) -> None:
    silence()
    logger, listener = PySparkLogger.getLogger(name), Listener()
    logger.addHandler(listener)
    try:
        logger.exception("a value of a row", errorClass="DIVIDE_BY_ZERO")
    finally:
        logger.removeHandler(listener)
    assert listener.seen == []
