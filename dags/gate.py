"""Airflow DAG gate: can the night of this business date begin?"""

from citylake_airflow.assets import CUTOFF, READY
from citylake_airflow.build import build_all, compiled
from citylake_airflow.plan import gate_plan

globals().update(build_all([gate_plan(compiled(), CUTOFF, READY)]))
