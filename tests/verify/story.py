"""Three nights of deliveries of every mode, odd texts among them, in a small lake that the second engine then reads."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import Pin, ready
from citylake.ledger.runs.tables import accept, table_states
from citylake.read.entries import candidates
from citylake.settings import Settings
from citylake.verify.night import shown
from citylake.verify.verify import Verified, verify
from tests.engine.small_lake import ELEMENTS, SmallLake, contract, line

CHANGE, SNAPSHOT, EVENT, ODD = (f"clean.office__{mode}" for mode in ("change", "snapshot", "event", "odd"))
CROSSWALK, LINKED = "base.population__crosswalk", "linked.office__change"
TOTAL, RECENT = "topic.money__owner_total", "topic.money__recent"
NIGHTS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_no(body: str) -> str:
    return body + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11]


CLOCK = [f"{day} {hour}:30:00" for day in ("1940-06-01", "1986-05-04", "1988-04-10", "1988-04-17", "1988-09-11", "1991-09-15")
         for hour in ("00", "01", "02", "03")]  # fmt: skip
"""Times about the changes of China's clock, some of which it skipped and some of which it showed twice."""
GOOD_ID = id_no("37070219600102123")
ODD_TEXTS = {
    "text": ["", " ", "　全角　", "ＡＢＣ１２３", "无", "a  b", "１（２）"],
    "whole": ["12", "-3", "+4", "1.0", "1e2", "12 ", "１２", "1,000", "1_000", "2147483648", "", "0x10", "−1", "12L"],
    "big": ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "007"],
    "fraction": ["1.5", "-0.25", ".5", "5.", "1e3", "1.5E-2", "abc", "1.5.2", "1e400", "-1e400", "Infinity", "NaN", "inf", "1d", "2f",
                 "1e-400", "1e308"],
    "truth": ["1", "0", "true", "FALSE", "是", "否", "Y", "N", "yes", "2", "True"],
    "money": ["1", "1.1", "1.10", "1.100", "1.101", "10000000.00", "9999999.99", "-0.01", "1e2", "1E-3", "+5.5", "５.５", ".5", "5.",
              "1e400", "Infinity", "NaN"],
    "day": ["2026-01-31", "20260131", "2026/1/31", "2026/01/31", "2026-1-31", "2026-02-29", "20240229", "1899-12-31",
            "2026-01-31 00:00:00", "26-01-31", "2026-13-01", "20260431", "２０２６０１３１"],
    "compact_day": ["20260131", "2026-01-31", "20261301", "2026013"],
    "serial": ["1", "59", "60", "61", "2026-01-31", "2026/1/31", "20260131", "45000", "80000", "80001", "0", "-1", "45000.0", "45000.5",
               "x"],
    "moment": ["2026-01-31 08:09:10", "2026-01-31T08:09:10", "20260131080910", "2026-01-31 08:09:10.123456", "2026-01-31 08:09:10.123",
               "2026-01-31", "2026-01-31 24:00:00", "2026-01-31 8:09:10", "2026-01-31 08:60:00",
               *CLOCK, *(text.replace(" ", "T") for text in CLOCK), *(f"{text}.5" for text in CLOCK)],
    "month": ["2026-01", "202601", "2026/01", "2026年01月", "2026-13", "2026-1", "26-01", "2026-00"],
    "kind_code": ["A", "B", "C", "a", "Ａ"],
    "number": [GOOD_ID, GOOD_ID[:-1] + "?", id_no("37070219600230123"), id_no("99010219600102123"), id_no("37999919600102123"),
               "370702600102123", "370702600102997",
               GOOD_ID.replace("3", "３"), f" {GOOD_ID[:6]}-{GOOD_ID[6:]} ", "", "123", GOOD_ID.lower()],
    "born": ["1960-01-02", "1960-01-03"],
    "credit_code": ["91350100M000100Y43", "91350100M000100Y44", "91350100m000100y43", "12", "", "I1350100M000100Y43", "91350100MOOO100Y43",
                    "9135O100M000100Y43"],
    "later": ["2025-12-31", "2026-01-01", "2026-03-01", "2026-03-02", ""],
    "short": ["abcde", "abcdef", "甲乙丙丁戊", "甲乙丙丁戊己"],
    "shaped": ["AB-12", "ab-12", "xAB-12x"],
    "listed": ["A", "Z"],
    "ranged": ["0", "100", "100.01", "-0.01", "50"],
}  # fmt: skip
"""What may stand in a column of the odd resource, one line for each; every other column of that line is good."""

ODD_COLUMNS: dict[str, dict[str, Any]] = {
    "record_no": {"from": "JLBH"},
    "text": {"null_values": ["无"]},
    "whole": {"type": "int"},
    "big": {"type": "bigint"},
    "fraction": {"type": "double"},
    "truth": {"type": "boolean"},
    "money": {"type": "decimal(9,2)"},
    "day": {"type": "date"},
    "compact_day": {"type": "date", "format": "yyyyMMdd"},
    "serial": {"type": "date", "format": "excel_serial"},
    "moment": {"type": "timestamp"},
    "month": {"type": "month"},
    "kind_code": {},
    "number": {},
    "born": {"type": "date"},
    "credit_code": {},
    "later": {"type": "date"},
    "short": {},
    "shaped": {},
    "listed": {},
    "ranged": {"type": "decimal(9,2)"},
}
ODD_GOOD = {"number": GOOD_ID, "born": "1960-01-02", "later": "2026-01-01", "day": "2025-06-30"}
ODD_RULES = [
    {"valid_id_no": "number"},
    {"agrees_with_id_no": {"column": "born", "id_no": "number"}},
    {"valid_uscc": "credit_code"},
    {"not_in_future": "later"},
    {"not_before": {"column": "later", "other": "day"}},
    {"max_length": {"column": "short", "length": 5}},
    {"matches": {"column": "shaped", "pattern": "^[A-Z]+-[0-9]+$"}},
    {"in_codes": {"column": "listed", "codes": "kind"}},
    {"in_range": {"column": "ranged", "min": 0, "max": 100}},
]


@dataclass
class Story:
    small: SmallLake
    settings: Settings

    def verified(self, *tables: str, night: date | None = None) -> dict[str, Verified]:
        found = shown(self.small.lake, night)
        assert found is not None
        return {one.table: one for one in verify(found, tables=frozenset(tables))}

    def plant(self, statement: str, table: str) -> None:
        """Write to a table's files behind the engine's back."""
        self.small.spark.sql(statement.format(f"delta.`{self.small.lake.location(table)}`"))


def write_contracts(small: SmallLake) -> None:
    small.write("elements/office.yml", ELEMENTS)
    identity = {"person": {"self": {"name": "name"}}}
    columns = contract("change")["columns"] | {"name": {"from": "MC", "direct": True}}
    small.write("clean/office/change.yml", contract("change", columns=columns, identity=identity))
    for mode in ("snapshot", "event"):
        small.write(f"clean/office/{mode}.yml", contract(mode))
    odd = {name: {"label": "列", "grade": "L2", "from": name, **said} for name, said in ODD_COLUMNS.items()}
    source = {"form": "csv", "files": "odd_*.csv", "as_of": {"filename": r"(\d{8})"}}
    small.write(
        "clean/office/odd.yml",
        contract("snapshot", columns=odd, rules={"quarantine": ODD_RULES}, source=source, ignore={}),
    )
    small.resolve_by_owner()
    plain = {"label": "标识", "grade": "L2"}
    topic = {"title": "主题", "grain": "一行", "owner": "office"}
    small.write(
        "topic/money/owner_total.yml",
        topic
        | {
            "key": ["person_id"],
            "inputs": {"r": {"table": LINKED, "on": ["person_id"]}},
            "columns": {"person_id": plain, "total_amount": {}, "count": {}},
        },
    )
    small.select(
        "topic/money/owner_total.sql",
        "SELECT r.person_id, SUM(r.amount) AS total_amount, COUNT(*) AS count FROM r "
        "WHERE r.person_id IS NOT NULL GROUP BY r.person_id",
    )
    small.write(
        "topic/money/recent.yml",
        topic
        | {
            "key": ["_record_id"],
            "inputs": {"r": {"table": LINKED, "on": ["_record_id"]}},
            "columns": {"_record_id": plain, "is_recent": {}, "_recheck_on": {}},
        },
    )
    small.select(
        "topic/money/recent.sql",
        "SELECT r._record_id, r.happened_date > DATE_SUB(:business_date, 46) AS is_recent, "
        "CASE WHEN r.happened_date > DATE_SUB(:business_date, 46) THEN DATE_ADD(r.happened_date, 46) END AS _recheck_on FROM r",
    )


def deliver_odd(small: SmallLake) -> None:
    header = ["JLBH", *[name for name in ODD_COLUMNS if name != "record_no"]]
    rows: list[dict[str, str]] = []
    for column, texts in ODD_TEXTS.items():
        for text in texts:
            rows.append({"JLBH": f"N{len(rows)}", **ODD_GOOD, column: f'"{text}"' if "," in text else text})
    small.drop("odd_20260301.csv", rows, header=header)


def deliver(small: SmallLake, number: int) -> None:
    """Drop a night's files: repeats, late and held-back lines, deletions and what comes back."""
    late, newer, newest = "2026-01-01 00:00:00", "2026-02-05 00:00:00", "2026-02-09 00:00:00"
    given: dict[str, list[dict[str, str]]] = [
        {
            "change": [line("1"), line("2"), line("2", MC="后一行"), line("3"), line("4", FSRQ="20260302"), line("5", MC=""),
                line("9"), line("10"),
            ],
            "snapshot": [line(str(n), GSBH=f"P{n}") for n in range(1, 6)],
            "event": [line("1"), line("2"), line("2"), line("3"), line("3", MC="另一内容")],
        },
        {
            "change": [
                line("1", CZBZ="U", MC="新名", GXSJ=newer), line("2", MC="迟到", GXSJ=late), line("3", CZBZ="D", GXSJ=newer),
                line("4", MC="", GXSJ=newer), line("6", CZBZ="D"), line("7", CZBZ="X"), line("8", JE="12.345"),
                line("9", CZBZ="D", GXSJ=newer), line("10", CZBZ="D", GXSJ=""),
            ],
            "snapshot": [
                line("1", GSBH="P1"), line("2", GSBH="P9"), line("3", GSBH="P3", MC=""), line("5", GSBH="P5"), line("5", GSBH="P6"),
                line("6", GSBH="P6"),
            ],
            "event": [line("1"), line("2", MC="改写"), line("4"), line("5", LB="Z")],
        },
        {
            "change": [line("3", GXSJ=newest), line("4", MC="改好", GXSJ=newest), line("1", CZBZ="U", MC="旧的", GXSJ=late),
                line("9", CZBZ="D", GXSJ=newest),
            ],
            "snapshot": [
                line("1", GSBH="P1"), line("2", GSBH="P2"), line("3", GSBH="P3"), line("4", GSBH="P4"), line("5", GSBH="P5"),
                line("", GSBH="P7"),
            ],
            "event": [line("2"), line("6", JE="１２.５０")],
        },
    ][number]  # fmt: skip
    for mode, rows in given.items():
        small.drop(f"{mode}_{NIGHTS[number]:%Y%m%d}.csv", rows)


def make_night(small: SmallLake, number: int) -> None:
    small.day = NIGHTS[number]
    deliver(small, number)
    if number == 0:
        deliver_odd(small)
    collected = [item.name for item in small.lake.catalog.collected]
    for table in collected:
        small.collect(table)
    for made in small.lake.catalog.derived:
        small.run(made.name)
    ledger = small.lake.ledger
    accept(ledger, [TOTAL, RECENT], business_date=small.day)
    states = table_states(ledger)
    pins = {
        name: Pin(state.content, state.version)
        for name in collected
        if (state := states[name]).content is not None and state.version is not None
    }
    night = ready(ledger, small.day, pins, [])
    nights.publish(ledger, small.day, candidates(small.lake, states, night).values(), number=night.number)
