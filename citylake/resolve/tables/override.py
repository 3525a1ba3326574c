"""What people decided of a library's subjects, as a table: the ledger's decisions and whether each is in force."""

from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
from pyspark.sql import DataFrame

from citylake.delta.tables import local_frame
from citylake.engine.derived.evaluate import TransformRun
from citylake.ledger.people.overrides import overrides

_SCHEMA = pa.schema(
    [
        ("override_id", pa.int64()),
        *[(name, pa.string()) for name in ("subject_id", "other_subject_id", "decision", "actor", "reason")],
        ("until", pa.date32()),
        ("is_in_force", pa.bool_()),
        ("_recheck_on", pa.date32()),
    ]
)


def transform(_inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per decision; one that ends is looked at again on the day after."""
    rows = []
    for one in overrides(run.lake.ledger, run.contract.domain):
        holds = one.in_force(run.business_date)
        rows.append(
            {
                "override_id": one.id,
                "subject_id": one.subject_id,
                "other_subject_id": one.other_subject_id,
                "decision": one.decision,
                "actor": one.actor,
                "reason": one.reason,
                "until": one.until,
                "is_in_force": holds,
                "_recheck_on": one.until + timedelta(days=1) if holds and one.until else None,
            }
        )
    return local_frame(run.spark, pa.Table.from_pylist(rows, schema=_SCHEMA))
