"""A session that nobody may use: what gets by without Spark proves it by not touching it."""

from typing import NoReturn, cast

from pyspark.sql import SparkSession


class Untouched:
    """Stands where a session is expected; whatever is asked of it is an error."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"Spark was asked for {name} although nothing had moved")

    @classmethod
    def session(cls) -> SparkSession:
        """Return it as the session it is not."""
        return cast(SparkSession, cls())
