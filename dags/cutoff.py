"""Airflow DAG cutoff: the last minute to wait for a department."""

from citylake_airflow.assets import CUTOFF
from citylake_airflow.build import build_all
from citylake_airflow.plan import cutoff_plan
from citylake_airflow.policy import CUTOFF as CRON

globals().update(build_all([cutoff_plan(CRON, CUTOFF)]))
