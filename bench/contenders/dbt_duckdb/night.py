"""dbt-core + dbt-duckdb: one delivery of permits into clean, rejects and the totals per site, in one DuckDB file.

python night.py --work FOLDER --delivery FILE --night N --business-date YYYY-MM-DD
"""

import argparse
import json
import os
from pathlib import Path

from dbt.cli.main import dbtRunner


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--delivery", required=True)
    parser.add_argument("--night", type=int, required=True)
    parser.add_argument("--business-date", required=True)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    os.environ["BENCH_WORK"] = str(said.work)
    project = str(Path(__file__).parent)
    given = {"delivery": said.delivery, "night": said.night, "business_date": said.business_date}
    folders = ["--project-dir", project, "--profiles-dir", project, "--log-path", str(said.work / "logs")]
    result = dbtRunner().invoke(["run", "--vars", json.dumps(given), "--quiet", *folders])
    if not result.success:
        raise SystemExit(f"dbt: {result.exception or result.result}")


if __name__ == "__main__":
    main()
