"""Of the tables of who is who those of golden values: what they read, how sources compare, and the restricted one."""

from collections.abc import Iterable, Iterator, Mapping

from citylake.contract.element import Element
from citylake.contract.errors import ContractError
from citylake.contract.generated import RECHECK_LABEL, column, contract
from citylake.contract.golden import COMPARISON, golden_columns
from citylake.contract.linked import id_column, kind_id, subject_column
from citylake.contract.model import Contract, DerivedContract, Input
from citylake.contract.resolve_spec import ResolveSpec
from citylake.contract.survivorship import Golden
from citylake.spelling import table_name, table_of

AGREEMENT = """WITH counted AS (
  SELECT comparison.source, comparison.authority, comparison.agreeing, comparison.disagreeing, count(*) AS things
  FROM comparison
  GROUP BY comparison.source, comparison.authority, comparison.agreeing, comparison.disagreeing
),
said AS (
  SELECT counted.source, counted.authority, field, counted.things AS agreeing, 0 AS disagreeing
  FROM counted LATERAL VIEW explode(split(counted.agreeing, ' ')) a AS field
  UNION ALL
  SELECT counted.source, counted.authority, field, 0 AS agreeing, counted.things AS disagreeing
  FROM counted LATERAL VIEW explode(split(counted.disagreeing, ' ')) d AS field
)
SELECT substring_index(said.source, '.', 1) AS department,
       said.source,
       said.field,
       said.authority,
       sum(said.agreeing + said.disagreeing) AS compared,
       sum(said.agreeing) AS agreeing,
       sum(said.disagreeing) AS disagreeing,
       round(sum(said.agreeing) / sum(said.agreeing + said.disagreeing), 6) AS agreement
FROM said
GROUP BY said.source, said.field, said.authority
"""
"""How often each source agrees with the one that answers for a field; few combinations of fields are there, so they are
counted before they are taken apart."""


def golden_tables(
    spec: ResolveSpec, contracts: Mapping[str, Contract], elements: Mapping[str, Element]
) -> Iterator[DerivedContract]:
    """Yield the contracts that follow from ``survivorship``; the arguments are those of ``citylake.contract.who_is_who``."""
    if spec.golden_table is not None:
        yield _comparison(spec, golden_inputs(spec, contracts))
        yield _agreement(spec)
    if spec.restricted is not None:
        yield _identity(spec, spec.restricted, contracts, elements)


def golden_inputs(spec: ResolveSpec, contracts: Mapping[str, Contract]) -> dict[str, Input]:
    """Return the linked tables that say the golden values, one input per role.

    Raises:
        ContractError: there is no such source, role or column.
    """
    inputs = {}
    for field in spec.survivorship[str(spec.golden_table)]:
        for given in field.given:
            _check_given(spec, field, given.source, given.role, (given.column, given.date), "linked", contracts)
            column = id_column(spec.kind, given.role)
            inputs[given.input] = Input(table=table_of(given.source, "linked"), on=(column,))
    return inputs


def crosswalk_input(spec: ResolveSpec) -> Input:
    """Return the crosswalk as the input of a table with a row per thing."""
    return Input(table=spec.crosswalk, on=(kind_id(spec.kind),))


def _comparison(spec: ResolveSpec, inputs: Mapping[str, Input]) -> DerivedContract:
    thing = kind_id(spec.kind)
    return contract(
        spec, f"{spec.golden_table}{COMPARISON}", "comparison",
        title=f"{spec.noun}数源比对",
        grain=f"一个{spec.noun}、一个来源、一个数源一行",
        description=f"来源与各字段的数源都说到同一{spec.noun}时，说法相同和不同的字段；只有字段名，没有值。供汇总一致率和向部门反馈。",
        key=(thing, "source", "authority"), by=(thing,), inputs=dict(inputs), share="conditional", grade="L2",
        columns={
            thing: column(f"{spec.noun}标识"),
            "source": column("来源资源"),
            "authority": column("数源资源"),
            "agreeing": column("与数源相同的字段"),
            "disagreeing": column("与数源不同的字段"),
        },
    )  # fmt: skip


def _agreement(spec: ResolveSpec) -> DerivedContract:
    compared = table_name("base", spec.library, f"{spec.golden_table}{COMPARISON}")
    return contract(
        spec, "agreement", "agreement",
        title=f"{spec.noun}一数一源冲突台账",
        grain="一个来源、一个字段、其数源一行",
        description=f"各部门的每个来源与字段的数源比对的{spec.noun}数、相同与不同的{spec.noun}数和一致率；数源本身不列。",
        key=("source", "field", "authority"), by=("source",), share="unconditional", grade="L1",
        inputs={"comparison": Input(table=compared, on=("source",))},
        columns={
            "department": column("部门", grade="L1"),
            "source": column("来源资源", grade="L1"),
            "field": column("字段", grade="L1"),
            "authority": column("数源资源", grade="L1"),
            "compared": column(f"比对{spec.noun}数", "bigint", grade="L1"),
            "agreeing": column(f"相同{spec.noun}数", "bigint", grade="L1"),
            "disagreeing": column(f"不同{spec.noun}数", "bigint", grade="L1"),
            "agreement": column("一致率", "double", grade="L1"),
        },
        gate=({"in_range": {"column": "agreement", "min": 0, "max": 1}},),
    )  # fmt: skip


def _identity(
    spec: ResolveSpec, name: str, contracts: Mapping[str, Contract], elements: Mapping[str, Element]
) -> DerivedContract:
    thing, fields = kind_id(spec.kind), spec.survivorship[name]
    if unknown := [field.field for field in fields if field.field not in elements]:
        raise ContractError(f"resolve.yml of {spec.library}: survivorship.{name}: no data element {', '.join(unknown)}")
    labels = "、".join(elements[field.field].label for field in fields)
    columns = {field.field: elements[field.field].column() for field in fields}
    recheck = {"_recheck_on": column(RECHECK_LABEL, "date")} if any(field.maximum_age for field in fields) else {}
    return contract(
        spec, name, "identity",
        title=f"{spec.noun}直接标识（受限）",
        grain=f"一个有来源说过其中一项的{spec.noun}一行",
        description=f"{spec.noun}的权威{labels}；每个字段旁附来源、裁决规则、日期和说法相同、不同的来源数。"
        "含直接标识，不发布，只供解析和依授权还原使用。",
        key=(thing,), made_by="resolver", restricted=True, golden=tuple(columns),
        inputs={"crosswalk": crosswalk_input(spec), **_below(spec, fields, contracts)},
        columns={thing: column(f"{spec.noun}标识"), **recheck, **golden_columns(columns)},
        gate=({"not_null": thing}, {"row_count": {"min": 1}}),
    )  # fmt: skip


def _below(spec: ResolveSpec, fields: Iterable[Golden], contracts: Mapping[str, Contract]) -> dict[str, Input]:
    """Return the subjects and the clean tables that say direct identifiers, reached through the crosswalk."""
    inputs = {}
    for field in fields:
        if field.role_value is not None:
            inputs["subject"] = _reached(spec.subjects, "subject_id")
        for given in field.given:
            _check_given(spec, field, given.source, given.role, (given.column, given.date), "clean", contracts)
            inputs[given.input] = _reached(table_of(given.source), subject_column(given.role))
    return inputs


def _reached(table: str, column: str) -> Input:
    return Input(table=table, via="crosswalk", via_on=("subject_id",), on=(column,))


def _check_given(
    spec: ResolveSpec,
    field: Golden,
    source: str,
    role: str,
    columns: Iterable[str | None],
    layer: str,
    contracts: Mapping[str, Contract],
) -> None:
    told = f"resolve.yml of {spec.library}: field {field.field}: "
    clean, read = contracts.get(table_of(source)), contracts.get(table_of(source, layer))
    if clean is None or read is None:
        raise ContractError(f"{told}no source '{source}'")
    roles: Iterable[str] = getattr(clean, "identity", {}).get(spec.kind, ())
    if role not in roles:
        raise ContractError(
            f"{told}{source} has no role '{role}' of a {spec.kind}; it has {', '.join(roles) or 'none'}"
        )
    if lacking := [name for name in columns if name not in (None, "_as_of", *read.columns)]:
        raise ContractError(f"{told}{read.name} has no column {', '.join(map(str, lacking))}")
