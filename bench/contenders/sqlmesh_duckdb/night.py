"""SQLMesh + DuckDB: one delivery of permits into clean, rejects and the totals per site, in one DuckDB file.

    python night.py --work FOLDER --delivery FILE --night N --business-date YYYY-MM-DD

The delivery is always read under one name: a path that changes would be a changed model.
"""

import argparse
import os
from datetime import date, timedelta
from pathlib import Path

os.environ["SQLMESH__DISABLE_ANONYMIZED_ANALYTICS"] = "true"

from sqlmesh import Context
from sqlmesh.core.config import Config, DuckDBConnectionConfig, GatewayConfig, ModelDefaultsConfig


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--delivery", required=True)
    parser.add_argument("--night", type=int, required=True)
    parser.add_argument("--business-date", type=date.fromisoformat, required=True)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    inbox = said.work / "delivery.csv"
    inbox.unlink(missing_ok=True)
    inbox.symlink_to(said.delivery)
    is_first = not (said.work / "lake.duckdb").exists()
    config = Config(
        gateways={
            "lake": GatewayConfig(
                connection=DuckDBConnectionConfig(database=str(said.work / "lake.duckdb")),
                state_connection=DuckDBConnectionConfig(database=str(said.work / "state.duckdb")),
            )
        },
        default_gateway="lake",
        model_defaults=ModelDefaultsConfig(dialect="duckdb"),
        variables={"delivery": str(inbox)},
        cache_dir=str(said.work / "cache"),
    )
    context = Context(paths=[str(Path(__file__).parent)], config=config)
    moment = f"{said.business_date + timedelta(days=1)} 06:00:00"
    if is_first:
        context.plan(auto_apply=True, no_prompts=True, execution_time=moment)
    else:
        context.run(execution_time=moment)
    context.close()


if __name__ == "__main__":
    main()
