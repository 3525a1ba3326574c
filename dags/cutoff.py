"""Airflow DAG cutoff: the last minute to wait for a department."""

from citylake_airflow.build import dags_of

globals().update(dags_of("cutoff"))
