import gzip
import json
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import yaml

from city.delivery.deliver import CityError, deliver, deliver_day
from city.delivery.written import written
from city.departments.public_security.household_register import project as household_register
from city.kit.layouts import departments, layout
from city.world.city import City
from city.world.people.lives import Lives
from city.world.people.population import people
from citylake.settings import Settings
from tests.city.conftest import content

DEPARTMENTS = (*departments("database"), *departments("json_api"))


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(f'SELECT * FROM "{table}"').fetchall()


def everything(settings: Settings) -> dict[str, object]:
    """Return all that was delivered: files by their bytes, databases by their rows."""
    found: dict[str, object] = {**content(settings.inbox), **content(settings.home / "city" / "truth")}
    for name in DEPARTMENTS:
        path = settings.home / "city" / f"{name}.db"
        with sqlite3.connect(path) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found |= {f"{name}.{table}": rows(path, table) for table in tables}
    return found


def test_delivering_a_date_again_changes_nothing(make_city: Callable[..., Settings], start: date) -> None:
    settings = make_city(400, 2)
    before = everything(settings)
    assert deliver(settings, start + timedelta(days=1)).days == ()
    assert deliver(settings, start).days == ()
    assert everything(settings) == before


def test_a_file_the_lake_has_taken_is_not_put_back(make_city: Callable[..., Settings], start: date) -> None:
    settings = make_city(400, 1)
    for path in settings.inbox.rglob("*.csv"):
        path.unlink()
    deliver(settings, start)
    assert not list(settings.inbox.rglob("*.csv"))


def test_the_same_city_delivers_the_same_bytes_whatever_is_made_at_a_time(tmp_path: Path, start: date) -> None:
    found = []
    for chunk in (2, 50):
        settings = Settings(home=tmp_path / str(chunk), people=500)
        deliver(settings, start, quiet=True)
        for day in (0, 1, 7):
            deliver_day(settings, City(500, 3707, start), day, chunk)
        found.append({name: value for name, value in everything(settings).items() if not name.endswith(".parquet")})
    assert found[0] == found[1]


def test_two_homes_get_the_same_city(make_city: Callable[..., Settings]) -> None:
    assert everything(make_city(400, 2)) == everything(make_city(400, 2))


def test_another_seed_delivers_something_else(make_city: Callable[..., Settings]) -> None:
    first, other = everything(make_city(400, 1)), everything(make_city(400, 1, seed=8))
    alike = {name for name, value in first.items() if value == other.get(name)}
    only_numbers = ("link/", "case/")  # who it is, which may be the same places in both cities
    assert {name for name in alike if "CITY_DELIVERY" not in name and not name.startswith(only_numbers)} == set()


def test_a_date_before_the_first_is_refused(make_city: Callable[..., Settings], start: date) -> None:
    with pytest.raises(CityError, match="choose a later date"):
        deliver(make_city(400, 1), start - timedelta(days=1))


def test_on_a_quiet_date_nobody_delivers_and_the_next_brings_all(
    make_city: Callable[..., Settings], start: date
) -> None:
    quiet, plain = make_city(400, 1), make_city(400, 3)
    before = everything(quiet)
    done = deliver(quiet, start + timedelta(days=1), quiet=True)
    assert (done.days, everything(quiet)) == ((), before)
    assert deliver(quiet, start + timedelta(days=2)).days == (1, 2)
    assert everything(quiet) == everything(plain)


def test_every_later_day_brings_something_from_most_departments(ten_days: Settings, start: date) -> None:
    for day in range(1, 11):
        stamp = f"{start + timedelta(days=day):%Y%m%d}"
        taps = ten_days.inbox / "transport" / f"gjsk_{stamp}.ndjson.gz"
        assert taps.stat().st_size > 100
    with sqlite3.connect(ten_days.home / "city" / "health.db") as connection:
        found = dict(connection.execute("SELECT day, count(*) FROM visits GROUP BY day").fetchall())
    assert set(found) == set(range(11))
    changed = {str(row[-3])[:10] for row in rows(ten_days.home / "city" / "public_security.db", "HJ_CZRK")}
    assert {f"{start + timedelta(days=day - 1)}" for day in range(2, 11)} <= changed


def test_the_first_day_after_brings_births_deaths_moves_marriages_and_new_names(larger: Settings) -> None:
    settings = larger
    kinds = {
        row[5] for row in rows(settings.home / "city" / "public_security.db", "HJ_BGDJ") if str(row[-1]) >= "2026-11-22"
    }
    assert {"01", "02", "04", "05", "08"} <= kinds
    wed = (settings.inbox / "civil_affairs" / "hydj_20261123.csv").read_text("GB18030")
    assert ",I," in wed


def test_a_repeated_file_has_the_bytes_of_the_first(ten_days: Settings) -> None:
    folder = ten_days.inbox / "civil_affairs"
    assert (folder / "hydj_20261122_重报.csv").read_bytes() == (folder / "hydj_20261122.csv").read_bytes()


def test_a_late_file_speaks_of_the_day_before(ten_days: Settings) -> None:
    late = (ten_days.inbox / "civil_affairs" / "火化登记_20261122_补报.csv").read_text("GB18030").splitlines()
    place = late[0].split(",").index("死亡日期")
    assert len(late) > 1
    assert all(line.split(",")[place] < "2026-11-22" for line in late[1:])


def test_a_file_in_the_wrong_encoding_is_followed_by_a_good_one(ten_days: Settings) -> None:
    folder = ten_days.inbox / "civil_affairs"
    wrong = (folder / "火化登记_20261124.csv").read_bytes()
    assert wrong.decode("UTF-8") == (folder / "火化登记_20261124_更正.csv").read_bytes().decode("GB18030")


def test_a_truncated_file_is_followed_by_a_whole_one(ten_days: Settings) -> None:
    folder = ten_days.inbox / "transport"
    broken, whole = folder / "gjsk_20261125.ndjson.gz", folder / "gjsk_20261125_更正.ndjson.gz"
    with pytest.raises(EOFError):
        gzip.decompress(broken.read_bytes())
    assert whole.read_bytes().startswith(broken.read_bytes())
    lines = gzip.decompress(whole.read_bytes()).decode().splitlines()
    assert set(json.loads(lines[0])) == set(layout("transport.bus_tap").columns)


def test_a_file_with_changed_columns_is_followed_by_one_as_agreed(ten_days: Settings) -> None:
    folder = ten_days.inbox / "civil_affairs"
    wrong = (folder / "hydj_20261201.csv").read_text("GB18030").splitlines()
    right = (folder / "hydj_20261201_更正.csv").read_text("GB18030").splitlines()
    assert right[0].split(",") == list(layout("civil_affairs.marriage").columns)
    assert wrong[0] != right[0]
    assert wrong[1:] == right[1:]


def test_the_stale_list_is_the_first_one_under_its_old_date(ten_days: Settings) -> None:
    folder = ten_days.inbox / "justice"
    assert (folder / "服刑人员_20261122_补.xlsx").read_bytes() == (folder / "服刑人员_20261122.xlsx").read_bytes()
    assert not (folder / "服刑人员_20261128.xlsx").exists()


def test_the_pension_roster_is_stale_on_the_seventh_day(tmp_path: Path, start: date) -> None:
    settings = Settings(home=tmp_path)
    deliver(settings, start, quiet=True)
    deliver_day(settings, City(400, 3707, start), 7)
    assert {row[-1] for row in rows(settings.home / "city" / "hrss.db", "IC10")} == {"20261127"}


def test_the_list_of_prisoners_has_a_title_and_two_merged_header_rows(ten_days: Settings) -> None:
    sheet = openpyxl.load_workbook(ten_days.inbox / "justice" / "服刑人员_20261122.xlsx")["花名册"]
    merged = {str(item) for item in sheet.merged_cells.ranges}
    assert {"A1:M1", "A2:A3", "B2:F2", "G2:L2", "M2:M3"} == merged
    assert sheet["B2"].value == "基本信息"
    assert sheet["B3"].value == "姓名"
    assert isinstance(sheet["E4"].value, int)
    assert 5_000 < sheet["E4"].value < 46_000


def test_connections_are_written_for_their_owner_only(ten_days: Settings) -> None:
    path = ten_days.secrets / "connections.yml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(yaml.safe_load(path.read_text())) == set(departments("database"))


def test_people_registered_twice_have_their_second_row_deleted_some_day(start: date) -> None:
    city = City(8000, 3707, start)
    everybody = Lives(people(city, np.arange(city.blocks)))
    operations = [set(written(household_register(everybody, day)).column("CZBZ").to_pylist()) for day in range(41)]
    assert operations[0] == {"I"}
    assert set().union(*operations) == {"I", "U", "D"}


def test_no_half_written_file_is_left(ten_days: Settings) -> None:
    assert not [path for path in ten_days.home.rglob("*") if path.name.endswith(".part")]
