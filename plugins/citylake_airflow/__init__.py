"""Airflow's view of the lake: contracts become a plan, the plan becomes DAGs, and a DAG's tasks call ``citylake.night.steps``."""
