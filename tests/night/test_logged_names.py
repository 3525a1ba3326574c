"""What a task says of a refused delivery names it by its number: file names and header cells may be people's."""

import os

import pytest

from citylake.ledger.deliveries.deliveries import receipts
from citylake.night.steps.collect import collect_resource
from citylake.night.steps.step import Step
from citylake.settings import Settings
from tests.night.given import DAY, a_lake

RESOURCE = "civil_affairs.cremation"
NAME = "王小示"
NO_DAY = (f"火化登记_{NAME}.csv", b"x")
NO_HEADER = (f"火化登记_20261122_{NAME}.csv", f"SG-0001,{NAME},2\nSG-0002,{NAME},1\n".encode("gb18030"))


@pytest.mark.parametrize(("file", "code"), [(NO_DAY, "as_of"), (NO_HEADER, "columns")])
def test_a_refused_file_is_known_to_the_task_by_its_number_only(
    settings: Settings, file: tuple[str, bytes], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = a_lake(settings)
    path = made.settings.inbox / "civil_affairs" / file[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(file[1])
    os.utime(path, (0, 0))
    report = collect_resource(Step(DAY, given=made), RESOURCE)
    receipt = receipts(made.ledger)[-1]
    assert NAME in receipt.name
    assert NAME in receipt.reason
    assert report.state == "refused"
    assert report.message == f"交付号 {receipt.id} 退回（{code}），原因见 citylake receipts"
    assert NAME not in repr(report) + "".join(capsys.readouterr())
