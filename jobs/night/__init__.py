"""What the tasks of a night do, without Airflow: each function takes a ``Step`` and returns a ``Report``."""
