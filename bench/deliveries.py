"""What the departments of the bench deliver, and the truth: both come from one list of events, made by hashing.

An event says that record ``i`` was said anew in night ``v``. Its values follow from ``i`` and ``v`` alone; a planted
defect spoils the text of one column. The truth of a night is, for each record, the newest event without a defect. No
engine takes part in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.files import Delivered, connect, copy_csv, copy_parquet, data_folder, delivered

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
BUILDERS = 3_000
DEFECTS = 13
"""One for each of the twelve rules, and a number that is none."""
CHANGED = 5_000
INSERTED, DELETED, LATE, OLDER = 800, 150, 25, 25


def uscc(number: int) -> str:
    """Return a made-up unified social credit code with right check characters."""
    body = f"{number:08d}"
    rest = (11 - sum(int(digit) * weight for digit, weight in zip(body, _ORG_WEIGHTS, strict=True)) % 11) % 11
    text = f"91370700{body}{'X' if rest == 10 else rest}"
    total = sum(_ALPHABET.index(sign) * weight for sign, weight in zip(text, _WEIGHTS, strict=True))
    return text + _ALPHABET[(31 - total % 31) % 31]


PERMIT_COLUMNS = {
    "permit_no": ("XKBH", "permit_no"),
    "site_no": ("GDBH", "site_no"),
    "kind_code": ("GCLB", "kind_code"),
    "state_code": ("XKZT", "state_code"),
    "division_code": ("QHDM", "division_code"),
    "title": ("GCMC", "title"),
    "builder_name": ("SGDW", "builder_name"),
    "builder_uscc": ("SGDWDM", "builder_uscc"),
    "applied_date": ("SQRQ", "strftime(applied_date, '%Y%m%d')"),
    "start_date": ("KGRQ", "strftime(start_date, '%Y%m%d')"),
    "end_date": ("JGRQ", "strftime(end_date, '%Y%m%d')"),
    "area": ("MJ", "area::VARCHAR"),
    "amount": ("HTJE", "amount::VARCHAR"),
    "workers": ("YGRS", "workers::VARCHAR"),
    "storeys": ("CS", "storeys::VARCHAR"),
    "office": ("JBCK", "office"),
    "remark": ("BZ", "coalesce(remark, '')"),
    "is_public": ("ZFTZ", "CASE WHEN is_public THEN '是' ELSE '否' END"),
    "registered_at": ("DJSJ", "strftime(registered_at, '%Y-%m-%d %H:%M:%S')"),
    "updated_at": ("GXSJ", "strftime(updated_at, '%Y-%m-%d %H:%M:%S')"),
}
"""Column -> the department's name of it and its text."""

_SPOILED = {
    "site_no": {1: "''"},
    "title": {2: "''"},
    "division_code": {3: "'370'"},
    "builder_uscc": {4: "left(builder_uscc, 17) || CASE right(builder_uscc, 1) WHEN '0' THEN '1' ELSE '0' END"},
    "kind_code": {5: "'Z'"},
    "state_code": {6: "'9'"},
    "applied_date": {7: "'20310101'"},
    "start_date": {8: "strftime(applied_date - 10, '%Y%m%d')"},
    "end_date": {9: "strftime(start_date - 5, '%Y%m%d')"},
    "area": {10: "'-5.00'"},
    "amount": {11: "'-1.00'", 13: "'12x'"},
    "remark": {12: "repeat('长', 60)"},
}

_PERMIT = """
SELECT i, v, rank, op, defect,
  'XK' || lpad(i::VARCHAR, 9, '0') AS permit_no,
  'GD' || lpad((i // 4)::VARCHAR, 8, '0') AS site_no,
  substr('ABCDEF', (h % 6)::INT + 1, 1) AS kind_code,
  substr('1234', (h // 7 % 4)::INT + 1, 1) AS state_code,
  '3707' || lpad((h // 31 % 90 + 1)::VARCHAR, 2, '0') AS division_code,
  '第' || (h // 101 % 9000 + 1) || '号工程' || (h // 997 % 50 + 1) || '标段' AS title,
  '测试建设' || builder || '公司' AS builder_name,
  uscc AS builder_uscc,
  DATE '2019-01-01' + (h // 11 % 2400)::INT AS applied_date,
  DATE '2019-01-01' + (h // 11 % 2400 + h // 13 % 90)::INT AS start_date,
  DATE '2019-01-01' + (h // 11 % 2400 + h // 13 % 90 + h // 17 % 900)::INT AS end_date,
  ((h // 19 % 9000000) / 100)::DECIMAL(12,2) AS area,
  ((h // 23 % 9000000000) / 100)::DECIMAL(14,2) AS amount,
  (h // 29 % 400)::INT AS workers,
  (h // 37 % 40)::INT AS storeys,
  '窗口' || (h // 41 % 60) AS office,
  CASE WHEN h // 43 % 10 < 3 THEN NULL ELSE '编' || (h // 47 % 100000) || '，资料齐全' END AS remark,
  h // 53 % 5 = 0 AS is_public,
  TIMESTAMP '2019-01-01 08:00:00' + to_seconds((h // 59 % 200000000)::BIGINT) AS registered_at,
  CASE rank WHEN 2 THEN TIMESTAMP '2018-01-01' WHEN 1 THEN said - to_hours(1) ELSE said END AS updated_at
FROM (
  SELECT *, hash(i * 1000003 + v * 7919 + rank) AS h, hash(i * 31 + 7) % {builders} AS builder,
    TIMESTAMP '2026-05-31' + to_days(v) + to_seconds((hash(i * 17 + v) % 80000)::BIGINT) AS said
  FROM events
) JOIN builders USING (builder)
"""


@dataclass(frozen=True)
class Permits:
    """Deliveries of permits: 20 columns, 12 rules, operations, one line in a hundred spoiled.

    Attributes:
        rows: records of the first load.
        root: where files are kept between runs.
    """

    rows: int
    root: Path

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return data_folder(self.root, "permits", self.rows)

    def change(self, night: int) -> Delivered:
        """Return the delivery of a night: all records in night 0, later 5,000 lines."""
        events = f"SELECT * FROM all_events WHERE v = {night} ORDER BY i, rank DESC"
        return self._write(f"permit_{night:03d}", events, operation=True)

    def snapshot(self, night: int) -> Delivered:
        """Return all records as of night 0 or 1; in night 1 a hundredth of them differs. Only night 0 has defects."""
        one = f"SELECT i, v, 0 AS rank, 'I' AS op, CASE WHEN v = 0 THEN {_defect()} ELSE 0 END AS defect FROM "
        latest = f"(SELECT i, {night} * (i % 100 = 37 AND i % 2000 <> 37)::INT AS v FROM range({self.rows}) r(i) "
        gone_or_new = f"WHERE {night} = 0 OR i % 2000 <> 37 UNION ALL BY NAME "
        new = f"SELECT {self.rows} + i AS i, 1 AS v FROM range({night * (self.rows // 2000)}) r(i))"
        return self._write(f"permit_all_{night:03d}", one + latest + gone_or_new + new, operation=False)

    def truth(self, night: int) -> Path:
        """Return the clean rows after the deliveries up to a night, as Parquet in the contract's types."""
        kept = "op = 'D' OR defect = 0"
        newest = (
            f"SELECT * FROM (SELECT * FROM typed WHERE v <= {night} AND ({kept}) "
            "QUALIFY row_number() OVER (PARTITION BY i ORDER BY updated_at DESC) = 1) WHERE op <> 'D'"
        )
        return self._truth(f"truth_{night:03d}", newest, self._events(night))

    def snapshot_truth(self, night: int) -> Path:
        """Return the clean rows after the snapshot of a night."""
        self.snapshot(night)
        return self.folder / f"permit_all_{night:03d}.truth.parquet"

    def rejected(self, nights: Sequence[int]) -> int:
        """Return how many lines of these nights' deliveries break a rule."""
        with connect(self.folder) as connection:
            self._prepare(connection, max(nights))
            chosen = ", ".join(map(str, nights))
            found = connection.execute(
                f"SELECT count(*) FROM all_events WHERE v IN ({chosen}) AND defect > 0 AND op <> 'D'"
            ).fetchone()
        assert found is not None
        return int(found[0])

    def _events(self, night: int) -> str:
        return f"SELECT * FROM all_events WHERE v <= {night}"

    def _prepare(self, connection: duckdb.DuckDBPyConnection, nights: int) -> None:
        parts = [
            f"SELECT i, 0 AS v, 0 AS rank, 'I' AS op, {_defect()} AS defect FROM (SELECT i, 0 AS v FROM range({self.rows}) r(i))"
        ]
        parts += [_night(self.rows, night) for night in range(1, nights + 1)]
        connection.execute("CREATE TEMP VIEW all_events AS " + " UNION ALL BY NAME ".join(parts))

    def _typed(self, connection: duckdb.DuckDBPyConnection, events: str) -> None:
        connection.execute("CREATE TEMP TABLE builders (builder BIGINT, uscc VARCHAR)")
        connection.executemany("INSERT INTO builders VALUES (?, ?)", [(n, uscc(n * 7 + 11)) for n in range(BUILDERS)])
        connection.execute(f"CREATE TEMP VIEW events AS {events}")
        connection.execute("CREATE TEMP VIEW typed AS " + _PERMIT.format(builders=BUILDERS))

    def _write(self, name: str, events: str, *, operation: bool) -> Delivered:
        path = self.folder / f"{name}.csv"
        if not path.exists():
            with connect(self.folder) as connection:
                self._prepare(connection, int(name[-3:]) if operation else 0)
                self._typed(connection, events)
                first = ["CASE WHEN op = 'D' THEN 'D' ELSE op END AS CZBZ"] if operation else []
                texts = [f"{_spoiled(column, text)} AS {theirs}" for column, (theirs, text) in PERMIT_COLUMNS.items()]
                copy_csv(connection, f"SELECT {', '.join(first + texts)} FROM typed", path)
                if not operation:
                    good = "SELECT * FROM typed WHERE defect = 0"
                    copy_parquet(connection, good, PERMIT_COLUMNS, path.with_suffix(".truth.parquet"))
        return delivered(path)

    def _truth(self, name: str, select: str, events: str) -> Path:
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            with connect(self.folder) as connection:
                self._prepare(connection, int(name[-3:]))
                self._typed(connection, events)
                copy_parquet(connection, select, PERMIT_COLUMNS, path)
        return path


def _defect() -> str:
    spoiled = "hash(i * 7 + v * 13 + 5)"
    return f"CASE WHEN {spoiled} % 100 = 0 THEN ({spoiled} // 100 % {DEFECTS} + 1)::INT ELSE 0 END"


def _night(rows: int, night: int) -> str:
    """Return the events of a night: updates, inserts, deletes, late lines and older ones of the same record."""
    updated = CHANGED - INSERTED - DELETED - LATE - OLDER

    def spread(count: int, digit: str) -> str:
        # The last digit of a record says what may happen to it, so that no record is both deleted and updated.
        stride = max(rows // count, 1)
        return (
            f"SELECT DISTINCT (j * {stride} + hash(j * 1009 + {night}) % {stride}) // 10 * 10 + {digit} AS i, "
            f"{night} AS v FROM range({min(count, rows)}) r(j)"
        )

    inserts = f"SELECT {rows + (night - 1) * INSERTED} + j AS i, {night} AS v FROM range({INSERTED}) r(j)"
    updates = spread(updated, f"hash(j * 997 + {night}) % 8")
    return " UNION ALL BY NAME ".join(
        [
            f"SELECT i, v, 0 AS rank, 'U' AS op, {_defect()} AS defect FROM ({updates})",
            f"SELECT i, v, 0 AS rank, 'I' AS op, {_defect()} AS defect FROM ({inserts})",
            f"SELECT i, v, 1 AS rank, 'U' AS op, 0 AS defect FROM ({updates} ORDER BY 1 LIMIT {OLDER})",
            f"SELECT i, v, 0 AS rank, 'D' AS op, 0 AS defect FROM ({spread(DELETED, '9')})",
            f"SELECT i, v, 2 AS rank, 'U' AS op, 0 AS defect FROM ({spread(LATE, '8')})",
        ]
    )


def _spoiled(column: str, text: str) -> str:
    cases = " ".join(f"WHEN {number} THEN {value}" for number, value in _SPOILED.get(column, {}).items())
    return f"CASE defect {cases} ELSE {text} END" if cases else text
