"""The score of a night: persons, the planted cases of every library, golden fields."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from city.score.cases import LibraryScore, score_cases
from city.score.golden import Field, score_golden
from city.score.holders import find_holders
from city.score.mistakes import load_mistakes
from city.score.persons import Persons, score_persons
from city.score.published import Paths, load_published
from city.score.truth import load_truth
from city.world.planting import libraries
from citylake.contract.catalog import Catalog


@dataclass(frozen=True)
class Score:
    """How a night compares with the truth."""

    night: date
    persons: Persons
    cases: dict[str, LibraryScore]
    """By library."""
    golden: dict[str, Field]
    missing: tuple[str, ...]
    """Tables that should be published and are not."""

    @property
    def fine(self) -> bool:
        """Whether all targets are met."""
        return self.persons.fine and all(one.fine for one in self.cases.values()) and not self.missing

    def lines(self) -> list[str]:
        """Return the score in a few short texts for the night's summary."""
        return [
            f"人员归并 准确率 {self.persons.precision:.4%} 召回率 {self.persons.recall:.4%}",
            *(one.line() for one in self.cases.values()),
            *(f"{_LABELS[name]} {field.share:.2%}" for name, field in self.golden.items()),
        ]

    def document(self) -> dict[str, Any]:
        """Return the score as JSON-ready data."""
        rates = {
            name: {
                key: asdict(rate) | {"precision": rate.precision, "recall": rate.recall} for key, rate in group.items()
            }
            for name, group in (("by_source", self.persons.by_source), ("by_mistake", self.persons.by_mistake))
        }
        persons = {
            "records": self.persons.records,
            "precision": self.persons.precision,
            "recall": self.persons.recall,
            "missing_records": self.persons.missing_records,
            "fine": self.persons.fine,
            **rates,
        }
        cases = {
            library: {
                "title": one.title,
                "fine": one.fine,
                "precision": one.precision if one.accuses else None,
                "accused": one.accused,
                "others_accused": one.others,
                "kinds": {name: asdict(kind) | {"fine": kind.fine} for name, kind in one.kinds.items()},
            }
            for library, one in self.cases.items()
        }
        golden = {name: asdict(field) | {"share": field.share} for name, field in self.golden.items()}
        return {
            "night": self.night.isoformat(),
            "fine": self.fine,
            "lines": self.lines(),
            "persons": persons,
            "cases": cases,
            "golden": golden,
            "missing": list(self.missing),
        }


_LABELS = {
    "sex_code": "性别",
    "birth_date": "出生日期",
    "death_date": "死亡日期",
    "life_state_code": "生命状态",
    "marital_code": "婚姻状况",
}


def score(paths: Paths, catalog: Catalog, truth: Path, night: date) -> Score:
    """Hold a published night against the truth.

    Args:
        paths: the tables of the night, as ``citylake.connect().paths()`` gives them.
        catalog: the contracts.
        truth: the city's folder of truth.
        night: its business date.

    Raises:
        NoTruthError: nothing had been delivered by then.
    """
    with duckdb.connect() as connection:
        load_truth(connection, truth, night)
        missing = load_published(connection, paths, catalog)
        load_mistakes(connection, catalog)
        find_holders(connection)
        persons = score_persons(connection)
        cases = {library: score_cases(connection, library, one) for library, one in libraries().items()}
        return Score(night, persons, cases, score_golden(connection), tuple(missing))
