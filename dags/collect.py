"""Airflow DAGs collect_<department>: every department's deliveries of a business date."""

from citylake_airflow.build import build_all, compiled
from citylake_airflow.plan import collect_plans

globals().update(build_all(collect_plans(compiled())))
