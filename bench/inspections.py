"""Deliveries of sites and their inspections, and their truth: narrow rows, for what grows with the total."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.deliveries import CHANGED
from bench.files import Delivered, connect, copy_csv, data_folder, delivered

_INSPECTION = """
SELECT i, v, rank, op, defect,
  'JC' || lpad(i::VARCHAR, 10, '0') AS inspection_no,
  'GD' || lpad((hash(i * 13 + CASE WHEN h % 20 = 0 THEN v ELSE 0 END) % {sites})::VARCHAR, 8, '0') AS site_no,
  DATE '2024-01-01' + (h // 11 % 800)::INT AS inspected_date,
  substr('1234', (h // 7 % 4)::INT + 1, 1) AS result_code,
  (h // 13 % 101)::INT AS score,
  '窗口' || (h // 41 % 60) AS office,
  TIMESTAMP '2026-05-31' + to_days(v) + to_seconds((hash(i * 17 + v) % 80000)::BIGINT) AS updated_at
FROM (SELECT *, hash(i * 1000003 + v * 7919) AS h FROM events)
"""
_INSPECTION_TEXT = (
    "inspection_no AS JCBH, site_no AS GDBH, strftime(inspected_date, '%Y%m%d') AS JCRQ, result_code AS JCJG, "
    "score AS DF, office AS JBCK, strftime(updated_at, '%Y-%m-%d %H:%M:%S') AS GXSJ"
)


@dataclass(frozen=True)
class Inspections:
    """Deliveries of sites and their inspections: narrow rows without defects.

    Attributes:
        rows: inspections of the first load.
        sites: sites.
        root: where files are kept between runs.
    """

    rows: int
    sites: int
    root: Path

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return data_folder(self.root, "inspections", self.rows, self.sites)

    def site_file(self) -> Delivered:
        """Return the delivery of all sites."""
        path = self.folder / "site_000.csv"
        if not path.exists():
            with connect(self.folder) as connection:
                copy_csv(
                    connection,
                    f"SELECT 'GD' || lpad(i::VARCHAR, 8, '0') AS GDBH, '第' || i || '号工地' AS GDMC, "
                    f"'3707' || lpad((i % 90 + 1)::VARCHAR, 2, '0') AS QHDM, '2026-05-31 00:00:00' AS GXSJ "
                    f"FROM range({self.sites}) r(i)",
                    path,
                )
        return delivered(path)

    def change(self, night: int, changed: int = CHANGED) -> Delivered:
        """Return the delivery of a night: everything in night 0, later that many lines, scattered."""
        path = self.folder / f"inspection_{night:03d}_{changed if night else 0}.csv"
        if not path.exists():
            events = self._first() if night == 0 else self._night(night, changed)
            with connect(self.folder) as connection:
                self._typed(connection, events)
                copy_csv(connection, f"SELECT {_INSPECTION_TEXT} FROM typed", path)
        return delivered(path)

    def snapshot(self, nights: Sequence[int], changed: int) -> Delivered:
        """Return everything as of the last of these nights."""
        path = self.folder / f"inspection_all_{max(nights, default=0):03d}_{changed}.csv"
        if not path.exists():
            with connect(self.folder) as connection:
                self._typed(connection, self._newest(nights, changed))
                copy_csv(connection, f"SELECT {_INSPECTION_TEXT} FROM typed ORDER BY i", path)
        return delivered(path)

    def standing(self, nights: Sequence[int], changed: int = CHANGED) -> str:
        """Return a SELECT of the true derived rows after these nights, over the generator's own values."""
        typed = _INSPECTION.format(sites=self.sites).replace("FROM events", f"FROM ({self._newest(nights, changed)})")
        return (
            "SELECT s.site_no, s.site_name, s.division_code, count(t.inspection_no) AS inspections, "
            "coalesce(sum(t.score), 0)::BIGINT AS total_score, min(t.score) AS lowest_score, "
            "max(t.inspected_date) AS last_inspected_date FROM (SELECT 'GD' || lpad(i::VARCHAR, 8, '0') AS site_no, "
            "'第' || i || '号工地' AS site_name, '3707' || lpad((i % 90 + 1)::VARCHAR, 2, '0') AS division_code "
            f"FROM range({self.sites}) r(i)) s LEFT JOIN ({typed}) t ON t.site_no = s.site_no GROUP BY ALL"
        )

    def _typed(self, connection: duckdb.DuckDBPyConnection, events: str) -> None:
        connection.execute(f"CREATE TEMP VIEW events AS {events}")
        connection.execute("CREATE TEMP VIEW typed AS " + _INSPECTION.format(sites=self.sites))

    def _first(self) -> str:
        return f"SELECT i, 0 AS v, 0 AS rank, 'I' AS op, 0 AS defect FROM range({self.rows}) r(i)"

    def _night(self, night: int, changed: int) -> str:
        stride = max(self.rows // changed, 1)
        return (
            f"SELECT j * {stride} + hash(j * 1009 + {night}) % {stride} AS i, {night} AS v, 0 AS rank, 'U' AS op, "
            f"0 AS defect FROM range({min(changed, self.rows)}) r(j)"
        )

    def _newest(self, nights: Sequence[int], changed: int) -> str:
        parts = [self._first(), *[self._night(night, changed) for night in nights if night]]
        return f"SELECT i, max(v) AS v, 0 AS rank, 'U' AS op, 0 AS defect FROM ({' UNION ALL '.join(parts)}) GROUP BY i"
