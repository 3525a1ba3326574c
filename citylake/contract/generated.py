"""What the contracts of the tables of who is who are put together from."""

from collections.abc import Mapping, Sequence
from typing import Any

from citylake.contract.model import Column, DerivedContract, Generated, Grade
from citylake.contract.resolve_spec import ResolveSpec
from citylake.spelling import table_name

RECHECK_LABEL = "仅因时间而变化的日期"


def contract(
    spec: ResolveSpec, thing: str, generated: Generated, *, gate: Sequence[Mapping[str, Any]] = (), **said: Any
) -> DerivedContract:
    """Return the contract of one of a kind's tables; ``gate``: its rules, ``said``: all else that it says."""
    values = {"share": "none", "grade": "L3", **said}
    return DerivedContract.model_validate(
        {
            "name": table_name("base", spec.library, thing),
            "owner": spec.owner,
            "generated": generated,
            "rules": {"gate": gate},
            **values,
        }
    )


def column(
    label: str, kind: str = "string", *, grade: Grade = "L2", codes: str | None = None, direct: bool = False
) -> Column:
    """Return a column."""
    return Column(label=label, type=kind, grade=grade, codes=codes, direct=direct)


def _personal(label: str, kind: str = "string") -> Column:
    return column(label, kind, grade="L3")


def _direct(label: str) -> Column:
    return column(label, grade="L3", direct=True)


_EVERY = {
    "subject_id": column("主体标识"),
    "source": column("来源资源"),
    "role": column("主体在记录中的角色"),
    "is_anchor": column("是否为锚点记录", "boolean"),
    "is_standing": column("是否有未删除未注销的记录", "boolean"),
    "since": column("首次交付日期", "date"),
}
_PERSON = {
    "id_text": _direct("证件号码（原样）"),
    "id_no": _direct("可用证件号码"),
    "id_class": column("证件类别"),
    "id_state": column("号码状态", codes="id_state"),
    "name": _direct("姓名（规范形式）"),
    "name_key": _direct("姓名读音"),
    "surname": _personal("姓氏读音"),
    "birth": _personal("出生日期", "date"),
    "birth_digits": _personal("号码中的出生日期位"),
    "id_birth": _personal("可用号码中的出生日期", "date"),
    "sex": column("性别代码"),
    "phone": _direct("联系电话"),
    "village": _personal("村居代码"),
    "context": _direct("同时登记的住址或单位"),
    "former_key": _direct("曾用名读音"),
    "former_no": _direct("曾用证件号码"),
    "_recheck_on": column(RECHECK_LABEL, "date"),
}
_LEGAL_ENTITY = {
    "id_text": column("组织机构代码（原样）"),
    "id_no": _direct("可用组织机构代码"),
    "id_class": column("代码类别"),
    "id_state": column("代码状态", codes="id_state"),
    "uscc": column("可用统一社会信用代码"),
    "registration_no": column("注册号"),
    "name": _direct("名称（规范形式）"),
    "name_key": column("字号与行业读音"),
    "representative": _direct("法定代表人姓名读音"),
    "established": column("成立日期", "date"),
    "phone": _direct("联系电话"),
    "address": _direct("住所（规范形式）"),
    "village": column("村居代码"),
    "former_key": column("曾用名称"),
    "former_no": column("曾用代码"),
}
_OF_THINGS = {
    "id_text": _direct("号码（原样）"),
    "id_no": _direct("可用号码"),
    "id_class": column("号码类别"),
    "id_state": column("号码状态", codes="id_state"),
    "name": _direct("名称（规范形式）"),
    "name_key": _personal("名称读音"),
    "registration_no": _direct("另一号码"),
    "representative": _direct("所有人或负责人姓名读音"),
    "established": _personal("起始日期", "date"),
    "phone": _direct("联系电话"),
    "address": _direct("地址（规范形式）"),
    "village": _personal("村居代码"),
    "context": _direct("同时登记的地址或单位"),
    "former_key": _direct("曾用名称"),
    "former_no": _direct("曾用号码"),
}
_OF_KIND = {"person": _PERSON, "legal_entity": _LEGAL_ENTITY}


def subject_columns(spec: ResolveSpec) -> dict[str, Column]:
    """Return the columns of a kind's table of subjects."""
    return {**_EVERY, **_OF_KIND.get(spec.kind, _OF_THINGS)}
