"""Airflow DAG maintenance: small files, old files, Airflow's own history."""

from citylake_airflow.build import dags_of

globals().update(dags_of("maintenance"))
