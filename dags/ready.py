"""Airflow DAG ready: can the night of this business date begin?"""

from citylake_airflow.build import dags_of

globals().update(dags_of("ready"))
