"""What services and DAGs must agree on; imports nothing, since DAG files are read every few seconds."""

import os

TIMEZONE = "Asia/Shanghai"
"""The city's time unless ``CITYLAKE_TIMEZONE`` names another."""
PRIVATE = 0o077
"""The umask of every process of the lake: what it makes is its owner's only."""
SPARK_POOL = "spark"
"""Airflow pool of the tasks that may ask the Spark server for something."""
SPARK_POOL_SLOTS = 3
"""How many of them at a time; as many as the server bears."""


def timezone() -> str:
    """Return the city's time zone, as the settings of this process have it."""
    return os.environ.get("CITYLAKE_TIMEZONE") or TIMEZONE
