"""What a night that is led through Airflow looks at in the ledger."""

from citylake.night.conductor import _settled
from citylake.settings import Settings
from tests.night.given import DAY, a_lake, settle_all


def test_a_department_has_settled_when_all_its_resources_have(settings: Settings) -> None:
    lake = a_lake(settings)
    departments = {item.domain for item in lake.catalog.collected}
    assert _settled(lake, DAY) == set()
    settle_all(lake, DAY, but=("justice", "health"))
    assert _settled(lake, DAY) == departments - {"justice", "health"}
    settle_all(lake, DAY)
    assert _settled(lake, DAY) == departments
