"""What a contract may say, and how its author hears of what it may not."""

from pathlib import Path
from typing import Any

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.engine_columns import engine_columns
from citylake.contract.errors import ContractError
from citylake.contract.rules import Rule, Rules
from tests.contract.given import CLEAN, DERIVED, clean, derived, write

ADDED = {name for contract in load_catalog().collected for name in engine_columns(contract)}


def refused(root: Path) -> str:
    with pytest.raises(ContractError) as error:
        load_catalog(root)
    return str(error.value)


def test_the_small_folder_is_right_as_it_stands(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path))
    assert list(catalog.contracts)[-1] == "topic.register__person"


def test_an_unknown_key_is_answered_with_file_key_the_allowed_ones_and_the_nearest(tmp_path: Path) -> None:
    told = refused(write(tmp_path, collected=clean(titel="登记")))
    assert "clean/bureau/record.yml" in told
    assert "titel: unknown key; allowed here:" in told
    assert "retention" in told
    assert "did you mean 'title'?" in told


def test_an_unknown_key_of_a_column_is_answered_with_what_a_column_may_say(tmp_path: Path) -> None:
    columns = {**CLEAN["columns"], "record_no": {"label": "编号", "grade": "L2", "typ": "int"}}
    told = refused(write(tmp_path, collected=clean(columns=columns)))
    assert "columns.record_no.typ: unknown key" in told
    assert "did you mean 'type'?" in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "delta"}, "mode: Input should be 'snapshot', 'change' or 'event'"),
        ({"mode": "change"}, "mode change needs it"),
        ({"change": {"order": ["record_no"]}}, "'change:' goes with mode change"),
        ({"key": ["no"]}, "not among the columns: no"),
        ({"rules": {"gate": [{"sane": "record_no"}]}}, "unknown rule 'sane'; known: not_null,"),
        ({"rules": {"gate": [{"unique": ["nobody"]}]}}, "not among the columns: nobody"),
        ({"rules": {"quarantine": [{"row_count": {"min": 1}}]}}, "move it to gate or warn"),
        ({"identity": {"person": {"self": {"id_no": "sfzh"}}}}, "names no column: sfzh"),
        ({"identity": {"ship": {"self": {"id_no": "id_no"}}}}, "no resolve.yml says what a ship is; there are person"),
        (
            {"identity": {kind: {"self": {"id_no": "id_no"}} for kind in ("person", "ship")}},
            "two kinds have the role self",
        ),
        ({"source": {"form": "csv", "files": "*", "as_of": {}}}, "exactly one of filename, column, received"),
        ({"source": {"form": "csv", "files": "*", "as_of": {"filename": "dj"}}}, "exactly one (group)"),
        ({"source": {"form": "database", "as_of": {"received": True}}}, "form database needs 'table'"),
        ({"owner": "nobody"}, "owner: 'nobody' is no department; known: bureau"),
    ],
)
def test_a_wrong_delivered_table_is_refused_with_what_is_allowed(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert said in refused(write(tmp_path, collected=clean(**changes)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": {}}, "a transform needs inputs"),
        ({"by": ["record_no"]}, "by: not among the columns: record_no"),
        ({"inputs": {"r": {"table": "linked.bureau__record", "on": ["person_id", "sex_code"]}}}, "needs 1 columns"),
        ({"inputs": {"r": {"table": "linked.bureau__record", "any": [["a", "b"]]}}}, "needs 1 columns"),
        ({"inputs": {"r": {"table": "linked.bureau__record"}}}, "exactly one of on, any, all"),
        ({"inputs": {"r": {"table": "linked.bureau__recrd", "all": True}}}, "no table 'linked.bureau__recrd'"),
        ({"inputs": {"r": {"table": "linked.bureau__record", "all": True, "via": "p"}}}, "via needs on"),
        ({"inputs": {"r": {"table": "linked.bureau__record", "on": ["x"], "via": "p"}}}, "via 'p' must name an input"),
        (
            {"inputs": {"r": {"table": "base.population__crosswalk", "on": ["person_id"], "part": "bureau__record"}}},
            "inputs.r.part: Value error, 'bureau__record': a resource is spelt <department>.<resource>: write bureau.record",
        ),
        ({"generated": "linked"}, "generated: unknown key"),
        ({"flags": {"is_new": "records > 1"}}, "flags: is_new: only columns of a table with golden fields"),
        (
            {"inputs": {}, "golden": {"records": {"label": "件数", "grade": "L2"}}},
            "no resolve.yml beside it chooses golden values",
        ),
        ({"columns": {"person_id": {}}}, "columns.person_id: no data element 'person_id' in schemas/elements/"),
        ({"grade": "L1"}, "grade: L1 is below that of person_id, records: the table has its highest column's"),
        ({"columns": {"person_id": {"label": "标识", "grade": "L2", "type": "text"}}}, "allowed: string, int, bigint"),
        ({"columns": {"person_id": {"label": "标识", "grade": "L2", "codes": "sexes"}}}, "no code list 'sexes'"),
    ],
)
def test_a_wrong_made_table_is_refused_with_what_is_allowed(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert said in refused(write(tmp_path, made=derived(**changes)))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.b", "column 'a.b': a name is made of the letters a to z in lower case"),
        ("a b", "the department's own name stands in 'from:'"),
        ("RecordNo", "since engines do not tell case apart"),
        ("编号", "a name is made of the letters a to z"),
        ("2nd", "begins with a letter"),
        ("_line", "column '_line': the engine keeps this name for a column of its own"),
        *[(name, "the engine keeps this name") for name in sorted({*ADDED, "_line_hash"})],
        ("inner_pad", "the engine keeps this name"),
        ("", "a name is made of the letters a to z"),
    ],
)
def test_a_column_that_an_engine_would_not_take_is_refused_with_the_reason(
    tmp_path: Path, name: str, said: str
) -> None:
    columns = {**CLEAN["columns"], name: {"label": "值", "grade": "L2"}}
    assert said in refused(write(tmp_path, collected=clean(columns=columns)))


@pytest.mark.parametrize("name", sorted(ADDED - {"_record_id", "_as_of"}))
def test_a_made_table_cannot_give_out_a_column_of_the_engines_own(tmp_path: Path, name: str) -> None:
    columns = {**DERIVED["columns"], name: {"label": "值", "grade": "L2"}}
    assert "the engine keeps this name" in refused(write(tmp_path, made=derived(columns=columns)))


@pytest.mark.parametrize("name", ["a.b", "_line", "_change_type", "Records"])
def test_the_same_holds_for_a_made_table(tmp_path: Path, name: str) -> None:
    columns = {**DERIVED["columns"], name: {"label": "值", "grade": "L2"}}
    assert f"column '{name}'" in refused(write(tmp_path, made=derived(columns=columns)))


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("order", "input 'order': SQL keeps this word for itself"),
        ("left", "SQL keeps this word for itself"),
        ("user", "SQL keeps this word for itself"),
        ("R", "input 'R': a name is made of the letters a to z in lower case"),
        ("r.s", "input 'r.s': a name is made of"),
        ("_r", "begins with a letter"),
    ],
)
def test_an_input_that_no_select_could_name_is_refused(tmp_path: Path, alias: str, said: str) -> None:
    inputs = {alias: {"table": "linked.bureau__record", "on": ["person_id"]}}
    assert said in refused(write(tmp_path, made=derived(inputs=inputs)))


def test_a_table_is_partitioned_by_its_own_columns(tmp_path: Path) -> None:
    assert "partition: not among the columns: year" in refused(write(tmp_path, made=derived(partition=["year"])))


def test_an_input_is_not_reached_through_one_that_is_read_whole(tmp_path: Path) -> None:
    inputs = {
        "p": {"table": "linked.bureau__record", "all": True},
        "e": {"table": "linked.bureau__record", "on": ["sex_code"], "via": "p"},
    }
    assert "via 'p' must name an input that has on" in refused(write(tmp_path, made=derived(inputs=inputs)))


def test_tables_that_read_each_other_are_refused(tmp_path: Path) -> None:
    inputs = {"s": {"table": "topic.register__person", "on": ["person_id"]}}
    assert "tables read each other in a circle" in refused(write(tmp_path, made=derived(inputs=inputs)))


def test_a_table_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path))
    with pytest.raises(ContractError, match=r"did you mean topic\.register__person"):
        catalog.contract("topic.register__persons")


def test_a_code_list_without_a_head_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "codes" / "sex.csv").write_text("1,男\n", "utf-8")
    assert "the first line must be 'code,label'" in refused(root)


def test_on_is_a_word_and_not_a_truth_value(tmp_path: Path) -> None:
    root = write(tmp_path)
    path = root / "topic" / "register" / "person.yml"
    assert "on:" in path.read_text("utf-8").replace("'on':", "on:")
    path.write_text(path.read_text("utf-8").replace("'on':", "on:"), "utf-8")
    assert load_catalog(root).derived[-1].inputs["r"].on == ("person_id",)


def test_a_column_takes_from_its_element_what_it_does_not_say_itself(tmp_path: Path) -> None:
    columns = load_catalog(write(tmp_path)).contract("clean.bureau__record").columns
    assert (columns["sex_code"].label, columns["sex_code"].codes, columns["sex_code"].grade) == (
        "性别代码",
        "sex",
        "L3",
    )
    assert (columns["id_no"].direct, columns["id_no"].source) == (True, "SFZH")
    assert (columns["spouse_id_no"].label, columns["spouse_id_no"].direct) == ("配偶公民身份号码", True)


def test_a_linked_table_has_an_id_per_role_and_nothing_direct(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path))
    linked = catalog.contract("linked.bureau__record")
    assert list(linked.columns) == ["_record_id", "_as_of", "record_no", "sex_code", "person_id", "spouse_id"]
    assert not any(column.direct for column in linked.columns.values())
    assert linked in catalog.derived
    select = catalog.generated_select(next(item for item in catalog.derived if item.name == linked.name))
    assert select is not None
    assert "id_no" not in select
    assert "x_spouse.`person_id` AS `spouse_id`" in select
    assert "LEFT JOIN x_self ON x_self.subject_id = c.`_self_subject`" in select
    assert "NOT c._deleted" in select


def test_a_linked_table_reaches_each_role_through_the_record_and_in_the_part_of_its_source(tmp_path: Path) -> None:
    linked = next(item for item in load_catalog(write(tmp_path)).derived if item.layer == "linked")
    reached = linked.inputs["x_spouse"]
    assert (reached.via, reached.via_on, reached.on) == ("c", ("_spouse_subject",), ("subject_id",))
    assert reached.part == "bureau.record"


@pytest.mark.parametrize(
    ("short", "column", "arguments", "identifier"),
    [
        ({"not_null": "a"}, "a", {}, "not_null:a"),
        ({"in_range": {"column": "a", "min": 0}}, "a", {"min": 0}, "in_range:a"),
        ({"unique": "a"}, None, {"columns": ["a"]}, "unique:a"),
        ({"unique": ["a", "b"]}, None, {"columns": ["a", "b"]}, "unique:a_b"),
        ({"vanished": {"max_percent": 5}}, None, {"max_percent": 5}, "vanished"),
    ],
)
def test_a_rule_is_said_in_short(
    short: dict[str, Any], column: str | None, arguments: dict[str, Any], identifier: str
) -> None:
    rule = Rule.model_validate(short)
    assert (rule.column, rule.arguments, rule.id) == (column, arguments, identifier)


@pytest.mark.parametrize(
    ("short", "said"),
    [
        ({"in_range": {"column": "a", "minimum": 0}}, "does not take minimum; it takes column, min, max"),
        ({"in_range": {"min": 0}}, "rule 'in_range' needs a column"),
        ({"not_null": ["a"]}, "rule 'not_null' takes a column"),
        ({"not_null": "a", "unique": "a"}, "a rule is one name with its argument"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(short: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Rules.model_validate({"gate": [short]})
