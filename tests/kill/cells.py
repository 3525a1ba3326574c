"""The cells of the grid that run without Airflow."""

from dataclasses import replace
from typing import Literal

from tests.kill import disk
from tests.kill.engine import EngineCell
from tests.kill.homes import day_of
from tests.kill.moments import Order
from tests.kill.strikes import at_new_parquet, at_parser, at_random, at_removed_parquet

RECORD = "citylake.ledger.runs.runs:record"
COMMITTED = "citylake.delta.write:Writer._committed"
MAKE = "citylake.night.steps.tables:make_tables"
TASK = "a task"
SERVER = "the Spark server"
EVERYTHING = "task, night and Spark server"
TASKS = 5
"""Tasks among which lots are drawn: what is left of a night that was killed twice has so many."""
_TIDIED = 3
"""The night after which the maintenance is killed."""
_OPTIMIZED = {"citylake.night.maintenance:OPTIMIZE_AFTER": 3, "citylake.night.maintenance:RESTORE_DAYS": 0}
"""Maintenance that finds something to do in a lake of three days: tables that were written every night."""
_VACUUMED = _OPTIMIZED | {"citylake.night.maintenance:VACUUM_DAY": day_of(_TIDIED).isoweekday()}
"""The same on a day on which old files are looked for."""

_BY_SPARK = Order(limits={"citylake.delta.small_write:SCHEMES": []})
"""Spark writes what a task would write by itself before anybody could strike."""


def _before(point: str, of: str = "", nth: int = 1) -> Order:
    return Order(point, "before", nth, of)


def _after(point: str, of: str = "", nth: int = 1) -> Order:
    return Order(point, "after", nth, of)


def _task(name: str, where: str, order: Order) -> EngineCell:
    return EngineCell(name, TASK, where, order)


def collecting() -> list[EngineCell]:
    """Return the cells on the way from a department into its clean table."""
    change, snapshot, event = (
        "civil_affairs__marriage",
        "hrss__pension_recipient",
        "civil_affairs__cremation",
    )
    cells = [
        _task(
            "upload-half",
            "half of a file copied from the drop folder",
            Order("citylake.sources.inbox:copy_and_hash", "half"),
        ),
        _task(
            "upload-database",
            "while a database's rows are copied",
            _before("citylake.sources.database:_Copying._write"),
        ),
        _task(
            "landing-half", "half of the bytes in landing", Order("citylake.sources.landing:shutil.copyfileobj", "half")
        ),
        _task("landed", "after landing, before the ledger", _after("citylake.sources.landing:store")),
        _task(
            "received",
            "after the ledger, the file still in the drop folder",
            _after("citylake.ledger.deliveries.deliveries:receive"),
        ),
        _task(
            "released",
            "after the file has left the drop folder, before raw",
            _before("citylake.engine.clean.collect:_Collector.take"),
        ),
        _task(
            "run-opened",
            "after the run was opened, before Spark",
            _after("citylake.ledger.runs.runs:start", f"clean.{change}"),
        ),
        _task(
            "lines-staged",
            "lines judged in scratch, nothing written",
            _after("citylake.engine.clean.take:Taking.stage"),
        ),
        _writing("raw-parquet", "while Parquet of raw is written", f"raw.{change}"),
        _writing("clean-parquet", "while Parquet of clean is written", f"clean.{change}"),
    ]
    cells.append(EngineCell("parser", "the parser's process", "while a delivery is parsed", strike=at_parser))
    for mode, name in (("change", change), ("snapshot", snapshot), ("event", event)):
        cells += [
            _task(
                f"raw-committed-{mode}",
                f"between the commits to raw and clean ({mode})",
                _after(COMMITTED, f"raw.{name}"),
            ),
            _task(
                f"clean-committed-{mode}",
                f"after the commit to clean, before the ledger ({mode})",
                _before(RECORD, f"clean.{name}"),
            ),
        ]
    return [
        *cells,
        _task(
            "boundary-collect",
            "after a resource was collected",
            _after("citylake.night.steps.collect:collect_resource", "hrss.pension_recipient"),
        ),
        _task(
            "boundary-settle",
            "after a department was settled",
            _after("citylake.night.steps.collect:settle_department", "hrss"),
        ),
        _task("boundary-cutoff", "after the cut-off", _after("citylake.night.steps.ready:cutoff")),
        _task(
            "ready-before-pin",
            "before the contents of the night are pinned",
            _before("citylake.night.steps.ready:ready"),
        ),
        _task("boundary-ready", "after the night was made ready", _after("citylake.night.steps.ready:make_ready")),
    ]


def _writing(name: str, where: str, table: str) -> EngineCell:
    return EngineCell(name, TASK, where, _BY_SPARK, at_new_parquet(table, "task"))


def deriving() -> list[EngineCell]:
    """Return the cells between the pinned night and its publication."""
    return [*_resolving(), *_linking(), *_judging(), *_above()]


def _at(stage: str, cells: list[EngineCell]) -> list[EngineCell]:
    """Let cells begin where the uninterrupted night had come to a stage."""
    return [replace(cell, stage=stage) for cell in cells]


def _resolving() -> list[EngineCell]:
    crosswalk = "base.population__crosswalk"
    cells = [
        _task(
            "boundary-start",
            "after the tables that can move were found",
            _after("citylake.night.steps.movable:start_night"),
        ),
        _writing("crosswalk-parquet", "while Parquet of the crosswalk is written", crosswalk),
        _task("crosswalk-committed", "after the crosswalk's commit, before the ledger", _before(RECORD, crosswalk)),
        _task("boundary-resolve", "after the crosswalk was made", _after(MAKE, crosswalk)),
        _task("boundary-identify", "after identity and events were made", _after(MAKE, "base.population__identity")),
    ]
    return _at("collected", cells)


def _linking() -> list[EngineCell]:
    recipient, marriage = "linked.hrss__pension_recipient", "linked.civil_affairs__marriage"
    between = _before("citylake.engine.run.run:run_table", marriage)
    cells = [
        _task("link-between", "between two tables of one task", between),
        _task("linked-committed", "after a linked table's commit, before the ledger", _before(RECORD, recipient)),
        _task("boundary-link", "after a department's linked tables", _after(MAKE, recipient)),
        _writing("linked-parquet", "while Parquet of a linked table is written", marriage),
    ]
    return _at("resolved", cells)


def _judging() -> list[EngineCell]:
    person = "base.population__person"
    asking, accepting = "citylake.night.judging.validate:Validator._ask", "citylake.night.judging.layer:accept"
    cells = [
        _task("person-committed", "after the base library's commit, before the ledger", _before(RECORD, person)),
        _task("boundary-base", "after the base library", _after(MAKE, person)),
        _task("gx-asking", "while Great Expectations asks", _before(asking)),
        _task("gx-asked", "between its answers and the acceptance", _before(accepting)),
        _task("boundary-judge", "after a layer was accepted", _after("citylake.night.steps.judge:judge_layer", person)),
    ]
    return _at("linked", cells)


def _above() -> list[EngineCell]:
    benefit, evidence = "topic.social_security__person_benefit", "special.silent_certification__evidence"
    return [
        *_at(
            "base",
            [_task("topic-committed", "after the topic library's commit, before the ledger", _before(RECORD, benefit))],
        ),
        *_at("base", [_task("boundary-topic", "after the topic library", _after(MAKE, benefit))]),
        *_at(
            "topic",
            [
                _task(
                    "special-committed",
                    "after the special library's commit, before the ledger",
                    _before(RECORD, evidence),
                )
            ],
        ),
        *_at("topic", [_task("boundary-special", "after the special library", _after(MAKE, evidence))]),
    ]


def publishing() -> list[EngineCell]:
    """Return the cells of the publication and of its views."""
    views = "citylake.night.publication.publish:refresh_views"
    entries = "citylake.night.publication.publish:publish_entries"
    cells = [
        _task("judged-to-publish", "between the last judgement and the publication", _before(entries)),
        _task(
            "publish-inside",
            "inside the transaction that publishes",
            _before("citylake.ledger.nights.nights:_publication", nth=2),
        ),
        _task("publish-views", "after the publication, before the views", _before(views)),
        _task("views-half", "while the views are made", _before("citylake.night.publication.views:_make", nth=5)),
        _task("boundary-publish", "after the views", _after("citylake.night.steps.publish:publish_night")),
    ]
    return _at("judged", cells)


def tidying() -> list[EngineCell]:
    """Return the cells of the maintenance between two nights."""
    table = "raw.civil_affairs__cremation"

    def cell(name: str, killed: str, where: str, victim: Literal["task", "server"], grown: bool) -> EngineCell:
        strike = at_new_parquet(table, victim) if grown else at_removed_parquet(table, victim)
        own, limits = victim == "server", _OPTIMIZED if grown else _VACUUMED
        return EngineCell(name, killed, where, Order(limits=limits), strike, "maintenance", own, night=_TIDIED)

    noted = Order("citylake.night.maintenance:note_version", limits=_OPTIMIZED)
    return [
        cell("optimize-task", TASK, "while OPTIMIZE writes", "task", True),
        cell("optimize-server", SERVER, "while OPTIMIZE writes", "server", True),
        EngineCell(
            "optimize-noted", TASK, "after OPTIMIZE, before the ledger", noted, work="maintenance", night=_TIDIED
        ),
        cell("vacuum-task", TASK, "while VACUUM removes files", "task", False),
        cell("vacuum-server", SERVER, "while VACUUM removes files", "server", False),
    ]


def serving() -> list[EngineCell]:
    """Return the cells in which the Spark server dies, and disks that do not take what is written."""
    change, linked = "clean.civil_affairs__marriage", "linked.civil_affairs__marriage"
    views = Order("citylake.night.publication.views:_make", nth=3, act=("spark",))
    power = Order(RECORD, of="base.population__person", act=("spark", "self"))
    served = [
        EngineCell(
            "server-collecting",
            SERVER,
            "while Parquet of clean is written",
            _BY_SPARK,
            at_new_parquet(change, "server"),
        ),
        EngineCell(
            "server-deriving",
            SERVER,
            "while Parquet of a linked table is written",
            _BY_SPARK,
            at_new_parquet(linked, "server"),
            stage="resolved",
        ),
        EngineCell("server-publishing", SERVER, "while the views are made", views, stage="judged"),
        EngineCell("power-committed", EVERYTHING, "after a commit, before the ledger", power, stage="linked"),
    ]
    return [
        *(replace(cell, own_server=True) for cell in served),
        EngineCell("disk-full-lake", "nothing", "the lake's disk is full", around=disk.full("lake", 64 * 1024)),
        EngineCell("disk-full-landing", "nothing", "landing's disk is full", around=disk.full("landing", 4 * 1024)),
        EngineCell("lake-read-only", "nothing", "the lake is read-only", around=disk.read_only, stage="linked"),
    ]


def by_lot() -> list[EngineCell]:
    """Return the cells whose moment is drawn by lot."""
    cells = []
    for number in range(1, 7):
        victim: Literal["task", "everything"] = "everything" if number % 3 == 0 else "task"
        strike, where = at_random(number, TASKS, victim)
        killed = EVERYTHING if victim == "everything" else TASK
        cells.append(EngineCell(f"random-{number}", killed, where, strike=strike, own_server=victim == "everything"))
    return cells


SERIES = (
    ("publish-views",),
    ("boundary-publish",),
    ("person-committed", "gx-asked", "topic-committed", "special-committed", "judged-to-publish", "views-half"),
    ("boundary-base", "gx-asking", "boundary-judge", "boundary-topic", "boundary-special", "publish-inside"),
    ("boundary-start", "crosswalk-committed", "boundary-identify", "link-between", "linked-committed"),
    ("crosswalk-parquet", "boundary-resolve", "linked-parquet", "boundary-link"),
    ("upload-half", "raw-committed-change", "clean-committed-snapshot", "boundary-settle", "boundary-ready"),
    ("raw-committed-event", "clean-committed-change", "upload-database", "boundary-cutoff"),
    ("clean-committed-event", "raw-parquet", "raw-committed-snapshot", "ready-before-pin"),
    ("landed", "clean-parquet", "boundary-collect"),
    ("landing-half", "run-opened"),
    ("received", "lines-staged"),
    ("released", "parser"),
    ("random-1", "random-2", "random-4", "random-5"),
    ("server-deriving", "power-committed", "server-publishing"),
    ("optimize-task", "optimize-noted", "vacuum-task"),
    ("optimize-server", "vacuum-server"),
    ("random-3", "random-6"),
)
"""Cells whose moments lie in one night, one after the other: each is followed by its re-run, up to the next one.

No table is killed twice in one of them, but in those drawn by lot. ``--alone`` runs every cell for itself.
"""


def engine_cells() -> list[EngineCell]:
    """Return all cells without Airflow."""
    return [*collecting(), *deriving(), *publishing(), *tidying(), *serving(), *by_lot()]
