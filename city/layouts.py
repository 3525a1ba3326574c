"""What each department calls its columns, how it writes dates, and where the resource goes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The outer shape of a resource."""

    place: str
    """Table, file name pattern with ``{day}``, or API path."""
    columns: dict[str, str]
    """The department's name -> canonical name, in the department's order; ``=text`` is a constant, empty is always empty."""
    dates: str = "yyyyMMdd"


_PS = {
    "RYBH": "resident_no", "GMSFHM": "id_no", "XM": "name", "CYM": "former_name", "XB": "sex_code", "MZ": "ethnicity_code",
    "CSRQ": "birth_date", "CSDXZQH": "birth_place_code", "HH": "household_no", "YHZGX": "relation_to_head_code",
    "HKLB": "household_kind_code", "HJDZ": "household_address", "XZDZ": "residence_address", "DZBM": "address_code",
    "CJDM": "village_code", "HYZK": "marital_code", "XL": "education_code", "FQGMSFHM": "father_id_no", "MQGMSFHM": "mother_id_no",
    "POGMSFHM": "spouse_id_no", "LXDH": "phone", "QFRQ": "card_issue_date", "YXQZ": "card_valid_to_date",
    "HJZT": "household_state_code", "GXSJ": "updated_at", "CZBZ": "op_code", "SJLY": "=户政系统",
}  # fmt: skip
_PS_CHANGE = {
    "BGLSH": "change_no", "RYBH": "resident_no", "GMSFHM": "id_no", "XM": "name", "CSRQ": "birth_date", "BGLB": "change_kind_code",
    "BGRQ": "change_date", "BGQNR": "old_value", "BGHNR": "new_value", "QCDZ": "from_address", "QRDZ": "to_address",
    "CJDM": "village_code", "SWRQ": "death_date", "BGYY": "change_reason", "PCSMC": "police_station_name", "RKSJ": "entered_at",
}  # fmt: skip
_MARRIAGE = {
    "ZJZH": "certificate_no", "NFZJLX": "husband_id_kind_code", "NFZJHM": "husband_id_no", "NFXM": "husband_name",
    "NFCSRQ": "husband_birth_date", "NVZJLX": "wife_id_kind_code", "NVZJHM": "wife_id_no", "NVXM": "wife_name",
    "NVCSRQ": "wife_birth_date", "DJLB": "register_kind_code", "DJRQ": "registered_date", "FZJGMC": "issuer_name",
    "YZJZH": "previous_certificate_no", "ZZZT": "licence_state_code", "GXSJ": "updated_at", "CZBZ": "op_code", "BZ": "",
}  # fmt: skip
_CREMATION = {
    "火化证号": "cremation_no", "逝者身份证号": "id_no", "逝者姓名": "name", "性别": "sex_code", "出生日期": "birth_date",
    "户籍地址": "household_address", "村居代码": "village_code", "死亡日期": "death_date", "火化日期": "cremation_date",
    "死亡原因": "death_cause_name", "经办人身份证号": "relative_id_no", "经办人姓名": "relative_name", "经办人电话": "relative_phone",
    "殡仪馆": "funeral_home_name", "减免金额": "waiver_amount",
}  # fmt: skip
_RECIPIENT = {
    "AAC001": "personal_no", "AAE140": "pension_kind_code", "AAC002": "id_no", "AAC003": "name", "AAC004": "sex_code",
    "AAC006": "birth_date", "AAE005": "phone", "AAE006": "residence_address", "CJDM": "village_code", "AIC162": "retire_date",
    "AIC263": "monthly_pension_amount", "AAE010": "bank_account_no", "RZRQ": "last_certified_date", "RZFS": "certified_method_code",
    "AAE116": "receive_state_code", "AAE042": "stop_date", "AAE013": "", "TJRQ": "roster_date",
}  # fmt: skip
_PAYMENT = {
    "AAZ220": "payment_no", "AAC001": "personal_no", "AAE140": "pension_kind_code", "AAC002": "id_no", "AAC003": "name",
    "AAC006": "birth_date", "AAE002": "pay_month", "AAE019": "pay_amount", "AAE008": "bank_name", "AAE010": "bank_account_no",
    "AAE037": "pay_date", "AAE117": "pay_state_code", "AAE036": "entered_at",
}  # fmt: skip
_DEATH = {
    "deathCertNo": "death_cert_no", "idCard": "id_no", "patientName": "name", "gender": "sex_code", "birthDate": "birth_date",
    "registeredAddr": "household_address", "liveAddr": "residence_address", "deathDate": "death_date", "deathPlace": "death_place_code",
    "deathCause": "death_cause_code", "familyName": "relative_name", "familyTel": "relative_phone", "orgCode": "institution_code",
    "orgName": "institution_name", "issueDate": "issue_date", "uploadTime": "entered_at",
}  # fmt: skip
_VISIT = {
    "visitNo": "visit_no", "visitType": "visit_kind_code", "idType": "id_kind_code", "idCard": "id_no", "patientName": "name",
    "gender": "sex_code", "birthDate": "birth_date", "mobile": "phone", "healthCardNo": "health_card_no", "orgCode": "institution_code",
    "deptName": "clinic_name", "doctorName": "doctor_name", "bookTime": "booked_at", "visitTime": "visited_at",
    "outTime": "discharged_at", "outType": "discharge_kind_code", "diagCode": "diagnosis_code", "diagName": "diagnosis_name",
    "totalFee": "total_amount", "selfFee": "self_paid_amount", "payTime": "paid_at", "payChannel": "pay_channel_code",
    "status": "visit_state_code", "updateTime": "updated_at", "opType": "op_code",
}  # fmt: skip
_TAP = {
    "TapId": "tap_no", "CardNo": "bus_card_no", "CardType": "card_kind_code", "IDNo": "id_no", "HolderName": "name",
    "lineNo": "line_no", "lineName": "line_name", "StopName": "stop_name", "busPlate": "plate_no", "TapTime": "tapped_at",
    "Fare": "fare_amount",
}  # fmt: skip
_SENTENCE = {
    "编号": "record_no", "基本信息/姓名": "name", "基本信息/公民身份号码": "id_no", "基本信息/性别": "sex_code",
    "基本信息/出生日期": "birth_date", "基本信息/户籍地址": "household_address", "执行信息/刑罚类别": "sentence_kind_code",
    "执行信息/执行机关": "prison_name", "执行信息/收监（入矫）日期": "imprison_date", "执行信息/刑期截止": "sentence_to_date",
    "执行信息/释放（解矫）日期": "release_date", "执行信息/状态": "sentence_state_code", "备注": "",
}  # fmt: skip

LAYOUTS: dict[str, Layout] = {
    "public_security.household_register": Layout("HJ_CZRK", _PS),
    "public_security.household_change": Layout("HJ_BGDJ", _PS_CHANGE),
    "civil_affairs.marriage": Layout("hydj_{day}.csv", _MARRIAGE),
    "civil_affairs.cremation": Layout("火化登记_{day}.csv", _CREMATION, "yyyy-MM-dd"),
    "hrss.pension_recipient": Layout("IC10", _RECIPIENT),
    "hrss.pension_payment": Layout("IC61", _PAYMENT),
    "health.death_certificate": Layout("/death-certificates", _DEATH, "yyyy-MM-dd"),
    "health.medical_visit": Layout("/visits", _VISIT, "yyyy-MM-dd"),
    "transport.bus_tap": Layout("gjsk_{day}.ndjson.gz", _TAP),
    "justice.serving_sentence": Layout("服刑人员_{day}.xlsx", _SENTENCE, "serial"),
}
