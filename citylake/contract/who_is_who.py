"""The tables of who is who of one kind: their contracts and SELECTs follow from its ``resolve.yml``; nobody writes them.

Written is only the contract of the table of golden values, since it names them; its inputs follow from here as well.
"""

from collections.abc import Iterator, Mapping, Sequence

from citylake.contract.element import Element
from citylake.contract.generated import RECHECK_LABEL, column, contract, subject_columns
from citylake.contract.golden_tables import golden_tables
from citylake.contract.linked import kind_id
from citylake.contract.model import Contract, DerivedContract, Input
from citylake.contract.resolve_spec import ResolvedRole, ResolveSpec
from citylake.spelling import table_name


def who_is_who(
    spec: ResolveSpec, named: Sequence[ResolvedRole], contracts: Mapping[str, Contract], elements: Mapping[str, Element]
) -> Iterator[DerivedContract]:
    """Yield the contracts of a kind's tables.

    Args:
        spec: how the kind is resolved.
        named: the roles of clean tables that are of this kind.
        contracts: clean and linked ones by name.
        elements: data elements by name; the restricted table's fields are called after them.

    Raises:
        ContractError: survivorship names what is not there.
    """
    yield _subject(spec, named)
    yield _override(spec)
    yield _crosswalk(spec)
    yield _event(spec)
    yield _review(spec)
    yield from golden_tables(spec, contracts, elements)


def review_select(spec: ResolveSpec) -> str:
    """Return the SELECT of what people have to look at."""
    thing = kind_id(spec.kind)
    names = ("subject_id", "source", "role", "review_reason", thing, f"other_{thing}", "rule", "candidates", "evidence")
    told = ", ".join(f"crosswalk.{name}" for name in names)
    return f"SELECT {told}, crosswalk.valid_from AS since FROM crosswalk WHERE crosswalk.review_reason IS NOT NULL"


def _subject(spec: ResolveSpec, named: Sequence[ResolvedRole]) -> DerivedContract:
    return contract(
        spec, "subject", "subject",
        title=f"{spec.noun}身份主体（受限）",
        grain="一条为一个来源主体（一条记录或一组相同的身份信息）及其整理后的身份信息",
        description=f"各来源对{spec.noun}身份的说法，号码、名称、电话已统一形式并逐项判定，只在变化时重新整理。"
        "含直接标识，不发布，只供解析使用。",
        key=("subject_id",), made_by="resolver", disjoint=True, restricted=True,
        inputs={role.alias: Input(table=role.table, on=(role.subject,)) for role in named},
        columns=subject_columns(spec),
        gate=({"not_null": "subject_id"}, {"row_count": {"min": 1}}),
    )  # fmt: skip


def _override(spec: ResolveSpec) -> DerivedContract:
    return contract(
        spec, "override", "override",
        title=f"{spec.noun}归并的人工决定",
        grain=f"一条为一个对两个来源主体是否同一{spec.counter}的决定",
        description=f"复核者作出的“是同一{spec.counter}”“不是同一{spec.counter}”的决定，由 citylake override 记入台账，"
        "每晚应用，直到期满或撤回。",
        key=("override_id",), made_by="resolver",
        columns={
            "override_id": column("决定编号", "bigint"),
            "subject_id": column("主体标识"),
            "other_subject_id": column("另一主体标识"),
            "decision": column("决定", codes="link_decision"),
            "actor": column("决定人"),
            "reason": column("理由"),
            "until": column("有效期至", "date"),
            "is_in_force": column("是否有效", "boolean"),
            "_recheck_on": column(RECHECK_LABEL, "date"),
        },
        gate=({"not_null": "subject_id"}, {"not_null": "other_subject_id"}),
    )  # fmt: skip


def _crosswalk(spec: ResolveSpec) -> DerivedContract:
    thing = kind_id(spec.kind)
    pattern = f"^{spec.id.prefix}[0-9a-f]{{{spec.id.digits}}}$"
    return contract(
        spec, "crosswalk", "crosswalk",
        title=f"{spec.noun}交叉索引",
        grain=f"一条为一个来源主体（一条记录或一组相同的身份信息）与其所属{spec.noun}",
        description=f"由身份解析产生的状态表：以自身上一版为输入，{spec.noun}标识一经铸造不再改变，不含任何直接标识。",
        key=("subject_id",), made_by="resolver", partition=("source",),
        inputs={
            "subject": Input(table=spec.subjects, all=True),
            "override": Input(table=table_name("base", spec.library, "override"), all=True),
        },
        columns={
            "source": column("来源资源"),
            "role": column("主体在记录中的角色"),
            "subject_id": column("主体标识"),
            thing: column(f"{spec.noun}标识"),
            "rule": column("归并规则", codes="link_rule"),
            "score": column("规则置信度", "decimal(5,4)"),
            "guard": column("号码核对结论", codes="link_guard"),
            "id_state": column("号码状态", codes="id_state"),
            "candidates": column("候选数", "int"),
            "review_reason": column("需复核的原因", codes="review_reason"),
            f"other_{thing}": column(f"复核涉及的另一{spec.noun}标识"),
            f"own_{thing}": column(f"不计人工合并的{spec.noun}标识"),
            "part_key": column(f"按规则归为一{spec.counter}的首个主体"),
            "other_key": column("复核涉及的另一首个主体"),
            "evidence": column("逐项比对结果"),
            "valid_from": column("归属起始日期", "date"),
        },
        gate=(
            {"not_null": "subject_id"},
            {"not_null": thing},
            {"matches": {"column": thing, "pattern": pattern}},
            {"row_count": {"min": 1}},
        ),
    )  # fmt: skip


def _event(spec: ResolveSpec) -> DerivedContract:
    thing = kind_id(spec.kind)
    return contract(
        spec, "event", "event",
        title=f"{spec.noun}标识事件",
        grain=f"一条为某日一个{spec.noun}标识发生的一类变化",
        description=f"{spec.noun}标识的新建、归入、改归、分出，只增不改；由交叉索引的变更得出，以自身上一版为输入。",
        key=("event_id",), made_by="resolver",
        inputs={"crosswalk": Input(table=spec.crosswalk, all=True)},
        columns={
            "event_id": column("事件标识"),
            "event_date": column("事件日期", "date"),
            "event_kind_code": column("事件类别", codes="id_event_kind"),
            thing: column(f"{spec.noun}标识"),
            f"other_{thing}": column(f"另一{spec.noun}标识"),
            "subject_count": column("涉及主体数", "int"),
        },
        gate=({"not_null": "event_id"}, {"not_null": thing}),
    )  # fmt: skip


def _review(spec: ResolveSpec) -> DerivedContract:
    thing = kind_id(spec.kind)
    return contract(
        spec, "review", "review",
        title=f"{spec.noun}归并复核清单",
        grain="一条为一个需要人工判断的来源主体",
        description=f"借用号码、一号两{spec.counter}、一{spec.counter}两号和多个候选的主体；只有标识、规则和原因，不含直接标识。",
        key=("subject_id",),
        inputs={"crosswalk": Input(table=spec.crosswalk, on=("subject_id",))},
        columns={
            "subject_id": column("主体标识"),
            "source": column("来源资源"),
            "role": column("主体在记录中的角色"),
            "review_reason": column("需复核的原因", codes="review_reason"),
            thing: column(f"现归属{spec.noun}标识"),
            f"other_{thing}": column(f"复核涉及的另一{spec.noun}标识"),
            "rule": column("归并规则", codes="link_rule"),
            "candidates": column("候选数", "int"),
            "evidence": column("逐项比对结果"),
            "since": column("列入日期", "date"),
        },
        gate=({"not_null": "subject_id"}, {"not_null": "review_reason"}),
    )  # fmt: skip
