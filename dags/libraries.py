"""Airflow DAG libraries: who is who, linked tables, libraries, their judgement, publication."""

from citylake_airflow.assets import READY
from citylake_airflow.build import build_all, compiled
from citylake_airflow.plan import libraries_plan

globals().update(build_all([libraries_plan(compiled(), READY)]))
