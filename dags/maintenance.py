"""Airflow DAG maintenance: small files, old files, Airflow's own history."""

from citylake_airflow.build import build_all
from citylake_airflow.plan import maintenance_plan
from citylake_airflow.policy import MAINTENANCE

globals().update(build_all([maintenance_plan(MAINTENANCE)]))
