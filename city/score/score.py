"""The score of a night: persons, silent certification, golden fields."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from city.score.certification import Certification, score_certification
from city.score.golden import Field, score_golden
from city.score.persons import Persons, score_persons
from city.score.published import Paths, load_published
from city.score.truth import load_truth
from citylake.contract.catalog import Catalog


@dataclass(frozen=True)
class Score:
    """How a night compares with the truth."""

    night: date
    persons: Persons
    certification: Certification
    golden: dict[str, Field]
    missing: tuple[str, ...]
    """Tables that should be published and are not."""

    @property
    def fine(self) -> bool:
        """Whether all targets are met."""
        return self.persons.fine and self.certification.fine and not self.missing

    def lines(self) -> list[str]:
        """Return the score in a few short texts for the night's summary."""
        real = [kind for kind in self.certification.kinds.values() if not kind.decoy]
        decoys = [kind for kind in self.certification.kinds.values() if kind.decoy]
        return [
            f"人员归并 准确率 {self.persons.precision:.4%} 召回率 {self.persons.recall:.4%}",
            f"静默认证 {sum(kind.found for kind in real)}/{sum(kind.planted for kind in real)} 例找到",
            f"干扰项 {sum(kind.reported for kind in decoys)}/{sum(kind.planted for kind in decoys)} 例误报",
            f"多发疑点准确率 {self.certification.precision:.2%}",
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
        certification = {
            "fine": self.certification.fine,
            "precision": self.certification.precision,
            "people_reported": self.certification.people_reported,
            "others_reported": self.certification.others,
            "kinds": {name: asdict(kind) | {"fine": kind.fine} for name, kind in self.certification.kinds.items()},
        }
        golden = {name: asdict(field) | {"share": field.share} for name, field in self.golden.items()}
        return {
            "night": self.night.isoformat(),
            "fine": self.fine,
            "lines": self.lines(),
            "persons": persons,
            "silent_certification": certification,
            "golden": golden,
            "missing": list(self.missing),
        }


_LABELS = {"sex_code": "性别", "birth_date": "出生日期", "death_date": "死亡日期"}


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
        persons = score_persons(connection)
        return Score(night, persons, score_certification(connection), score_golden(connection), tuple(missing))
