"""``make engines``: every construct in both engines, one by one, written to ``docs/engines.md`` and held against the list.

It stands among the tests since it judges with what they judge with; the test takes all constructs of a kind in one SELECT.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citylake.settings import PROJECT_ROOT, Settings
from citylake.spark.server import Tuning, start_server, stop_server
from citylake.spark.session import session
from tests.engines.both import Both, sail
from tests.engines.compared import Verdict, constructs, judged, prepare

PAGE = PROJECT_ROOT / "docs" / "engines.md"
ROWS = 400
TITLES = {"scalars": "Expressions", "aggregates": "Aggregates", "selects": "SELECTs"}
HEAD = """\
# Two engines for one plan

Spark's server evaluates every plan of the lake. Sail, a library in Rust, takes the same plans inside the process, without a server,
and small jobs may be given to it, where it is proven that the rows are the same. This page is written by `make engines`: each line was
run in both on {rows} rows of odd values (NULL, the ends of every type, days before 1677 and after 2262, times that the clock skipped,
signs beyond Unicode's first plane, Excel's numbers). *Left to Spark* says why `citylake/spark/proven.py` does not let Sail have it; what
has nothing there is proven. The list itself is `citylake/spark/proven.txt`: a word that is not on it is left to Spark, and
`tests/engines` fails when a word on it is compared nowhere or differs.

What matters most of the differences:

- **Times** are shown by Sail by the zone in their type, whatever the session's: what travels with a plan is given the session's zone,
  what Sail reads from a table has UTC's, and the day of one is another day.
- **Fields of structs that are NULL** are not always NULL in Sail.
- **Whole numbers** that overflow stop Spark and wrap in Sail; decimals of 38 digits likewise.
- **Regular expressions** are Java's or Rust's: `\\d`, `\\w`, `\\s`, `.`, `^`, `$` and whatever begins with `(?` differ. The engine writes
  classes in full (`citylake/contract/patterns.py`).
- **`to_json`** spells times, small negative decimals, floats and control signs otherwise: ids are hashes of JSON that the engine writes
  itself (`json_object`), a row's hash is one per column.
- **Texts with exponents** are no decimals in Sail: the engine writes them out before they are cast.
- **Structs** are united by name and ordered with NULLs elsewhere in Sail.
- **Days outside 1677 to 2262** have no month or year to be cut to (`TRUNC`).
- **Counts below zero** (`left`, `repeat`) mean something else or end the query.

At the level of a plan's messages are checked: relations, functions, casts and types, patterns, bounds of arithmetic, times that travel. At
the level of SQL, where columns have no types, the types of all tables that are read stand for them; a SELECT over tables whose types
the caller does not say is left to Spark. Not judged is what Spark itself leaves open, as which of rows that are equal in their order comes
first.
"""


def written(verdicts: dict[str, list[Verdict]]) -> str:
    """Return the page."""
    parts = [HEAD.format(rows=ROWS)]
    for section, found in verdicts.items():
        parts.append(f"\n## {TITLES[section]}\n\n| construct | types | verdict | left to Spark |\n|---|---|---|---|\n")
        parts += [
            f"| {_code(one.text)} | {one.kinds} | {_plain(one.said)} | {'; '.join(one.reasons)} |\n" for one in found
        ]
    return "".join(parts)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _plain(said: str) -> str:
    """Return a verdict without what would be read as a sign of the page."""
    kind, colon, told = said.partition(": ")
    return f"{kind}{colon}{_code(told.replace(chr(96), ''))}" if told.isprintable() and told else kind


@contextmanager
def engines() -> Iterator[Both]:
    """Open a session of each; the Spark server is one of its own."""
    with tempfile.TemporaryDirectory(prefix="citylake-engines-") as folder:
        settings = Settings(home=Path(folder), spark_remote="", lake="", landing="", ledger="", spark_memory="2g")
        start_server(settings, Tuning(short_lived=True))
        try:
            with session(settings) as spark, sail() as other:
                yield Both(spark, other)
        finally:
            stop_server(settings)


def main() -> int:
    """Write the page; fail when something proven differs."""
    with engines() as both:
        prepare(both, ROWS)
        verdicts = {section: [judged(both, section, text) for text in texts] for section, texts in constructs().items()}
    PAGE.write_text(written(verdicts), "utf-8")
    wrong = [one for found in verdicts.values() for one in found if not one.reasons and not one.is_same]
    for one in wrong:
        print(f"proven, and differs: {one.text}: {one.said}", file=sys.stderr)
    print(f"written: {PAGE.relative_to(PROJECT_ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
