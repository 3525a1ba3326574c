"""Airflow DAG libraries: who is who, linked tables, libraries, their judgement, publication."""

from citylake_airflow.build import dags_of

globals().update(dags_of("libraries"))
