"""Airflow DAG ready: can the night of this business date begin?"""

from citylake_airflow.assets import CUTOFF, READY
from citylake_airflow.build import build_all, compiled
from citylake_airflow.plan import ready_plan

globals().update(build_all([ready_plan(compiled(), CUTOFF, READY)]))
