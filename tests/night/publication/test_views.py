"""The catalogue's views while others use the catalogue, and while the server goes away."""

from collections.abc import Callable

import pytest
from pyspark.errors.exceptions.connect import AnalysisException, SparkConnectGrpcException
from pyspark.sql import DataFrame, SparkSession

from citylake.night.publication.views import refresh_views
from citylake.settings import Settings
from citylake.spark.session import session
from tests.night.judging.given import FIRST_NIGHT, SmallLake

ROWS = [("1", "1", "100.00"), ("2", "2", "200.00")]
Failing = Callable[[str], None]


def test_views_are_listed_again_when_somebody_removes_one_and_given_up_at_once_when_the_server_is_gone(
    lake_of_module: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(lake_of_module) as spark:
        small = SmallLake.open(lake_of_module, spark, tmp_path_factory.mktemp("views"))
        publication = small.whole_night(FIRST_NIGHT, ROWS).publication
        removed = iter([AnalysisException("gone", errorClass="TABLE_OR_VIEW_NOT_FOUND")])

        def listing(statement: str) -> None:
            if statement.startswith("SHOW TABLE EXTENDED") and (error := next(removed, None)) is not None:
                raise error

        with monkeypatch.context() as other:
            _before_each(spark, other, listing)
            assert refresh_views(small.lake, spark, publication) == ((), ())
        assert next(removed, None) is None

        asked = []

        def making(statement: str) -> None:
            if statement.startswith("CREATE OR REPLACE VIEW"):
                asked.append(statement)
                raise SparkConnectGrpcException("connection refused")

        views = sorted(f"pub_{entry.table}" for entry in publication.entries)
        assert len(views) > 1
        for view in views:
            spark.sql(f"DROP VIEW {view}").collect()
        with monkeypatch.context() as dead:
            _before_each(spark, dead, making)
            with pytest.raises(SparkConnectGrpcException):
                refresh_views(small.lake, spark, publication)
        assert len(asked) == 1
        made, failed = refresh_views(small.lake, spark, publication)
        assert (sorted(made), failed) == (views, ())


def _before_each(spark: SparkSession, patch: pytest.MonkeyPatch, act: Failing) -> None:
    """Do something before each statement that the session is asked."""
    ask = spark.sql

    def asked(statement: str) -> DataFrame:
        act(statement)
        return ask(statement)

    patch.setattr(spark, "sql", asked)
