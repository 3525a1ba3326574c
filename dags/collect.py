"""Airflow DAGs collect_<department>: every department's deliveries of a business date."""

from citylake_airflow.build import dags_of

globals().update(dags_of("collect"))
