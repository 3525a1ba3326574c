"""人社局, 医保局, 公积金中心: who is insured where, who looks for work, and whose employer pays into the housing fund."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.births import YEAR
from city.courses import NEVER
from city.departments.hrss import personal_no
from city.departments.public_security import correction_day
from city.documents import identity, registered_twice, second_id_no
from city.frames import Frame, stack
from city.hashing import Bools, Ints
from city.lives import Lives
from city.places import COUNTY_CODES
from city.standing import Standing, plain
from city.texts import NONE, Text, choose, constant, join, month_index, month_text, number, take
from city.work import EMPLOYEES, EMPLOYEES_HEALTH, RESIDENTS, RESIDENTS_HEALTH, STAFF, UNEMPLOYMENT, Employers, Work

_AGAINST_UNEMPLOYMENT = 0.4
"""Of the employees, as far as this city is made."""
_FUND = 0.5
"""Of all who work."""
OCCUPATIONS = ("1", "2", "3", "4", "5", "6")
FOUNDED = 8035
"""1992-01-01: nobody was insured before."""
AGENT_PHONES = 0.06
"""How often the village's agent leaves his own number for those he registers."""


def insured_person(lives: Lives, day: int) -> Frame:
    """Return the insurances that began, ended or changed hands; day 0 has all."""
    work = Work(lives)
    nobody = np.full(len(lives.people), -1, dtype=np.int64)
    office, elsewhere = work.stints(public=True), work.stints(public=False)
    some = lives.city.chance(lives.people.person, "insured.unemployment", _AGAINST_UNEMPLOYMENT)
    limited = (np.where(some, elsewhere[0], NEVER), elsewhere[1], elsewhere[2])
    parts = [
        (STAFF, office),
        (EMPLOYEES, elsewhere),
        (UNEMPLOYMENT, limited),
        (RESIDENTS, (work.resident_from, work.ended, nobody)),
    ]
    return stack([_insured(lives, work, day, place, *part) for place, part in enumerate(parts)])


def _insured(lives: Lives, work: Work, day: int, turn: int, kind: str, stint: tuple[Ints, Ints, Ints]) -> Frame:
    p, city, name = lives.people, lives.city, "hrss.insured_person"
    today = city.first + day
    begins, ends, place = np.maximum(stint[0], FOUNDED), stint[1], stint[2]
    insured = (begins < np.minimum(p.death, p.leave)) & (begins < ends)
    standing = Standing(lives, f"{name}.{kind}", day, np.where(insured, begins, NEVER))
    over = standing.learn(np.where(ends > begins, ends, NEVER))
    standing.learn(work.changed)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    who = identity(p, name, today).rows(index)
    shown = np.where(over, place, np.where(place >= 0, work.place(today), -1))[index]
    employer = Employers.of(city, name, today, np.where((shown < 0) & (place[index] >= 0), place[index], shown))
    phone, agent = attributes.given_phones(p, name, AGENT_PHONES if kind == RESIDENTS else 0.0)
    base = 400000 + 1000 * city.pick(person, "contribution_base", 900)
    id_no, twice = _second_numbers(lives, index, who.id_no)
    columns = {
        "personal_no": personal_no(city, person),
        "id_kind_code": who.id_kind,
        "id_no": id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "insurance_kind_code": constant(kind, count),
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "enrol_date": begins[index],
        "insured_state_code": choose(over[index], "4", "1"),
        "stop_date": np.where(over[index], ends[index], NONE),
        "contribution_base_amount": np.where(place[index] >= 0, base, 36000),
        "months_paid_count": plain(np.maximum(np.minimum(today, ends[index]) - begins[index], 0) // 31),
        "occupation_code": take(OCCUPATIONS, city.pick(person, "occupation", len(OCCUPATIONS))),
        "social_card_no": join("37070", number(city.serial(person, "social_card"), 10)),
        "social_card_state_code": constant("1", count),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    noted = (
        who.noted | employer.noted | {("phone", "shared_phone"): agent[index], ("id_no", "two_ids_one_person"): twice}
    )
    return Frame(name, ("personal_no", "insurance_kind_code"), columns, person * 4 + turn, {"self": person}, person,
                 p.case[index] >= 0, firms={"employer": employer.number}, noted=noted)  # fmt: skip


def _second_numbers(lives: Lives, index: Ints, numbers: Text) -> tuple[Text, Bools]:
    """Return the numbers as HRSS has them: for half of those registered twice by the police, the second one."""
    twice = registered_twice(lives.people) & lives.city.chance(lives.people.person, "insured.second_number", 0.5)
    return choose(twice[index], second_id_no(lives.people).take(pa.array(index)), numbers), twice[index]


def medical_insured(lives: Lives, day: int) -> Frame:
    """Return the insured persons new or changed; day 0 has all."""
    p, city, name = lives.people, lives.city, "medical_insurance.medical_insured"
    today = city.first + day
    work = Work(lives)
    begins = work.health_from
    standing = Standing(lives, name, day, begins)
    gone = np.minimum(p.death, p.leave)
    over = standing.learn(gone)
    for turn in (work.begun, work.changed, work.ended):
        standing.learn(turn)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    who = identity(p, name, today).rows(index)
    place = work.place(today)[index]
    employer = Employers.of(city, name, today, place)
    phone, agent = attributes.given_phones(p, name, AGENT_PHONES)
    month = month_index(np.full(count, today))
    columns = {
        "medical_personal_no": join("3707", number(city.serial(person, "medical_personal_no"), 10)),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "insurance_kind_code": choose(place >= 0, EMPLOYEES_HEALTH, RESIDENTS_HEALTH),
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "enrol_date": begins[index],
        "insured_state_code": choose(over[index], "4", "1"),
        "stop_date": np.where(over[index], gone[index], NONE),
        "paid_to_month": month_text(np.where(place >= 0, month - 1, month // 12 * 12 + 11)),
        "year_paid_amount": np.where(place >= 0, 180000, 38000) + 100 * city.pick(person, "year_paid", 900),
        "account_balance_amount": 100 * city.pick(person, "account_balance", 8000),
        "subsidy_kind_code": take(("1", "2", "9"), np.minimum(city.pick(person, "subsidy", 60), 2)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    noted = who.noted | employer.noted | {("phone", "shared_phone"): agent[index]}
    hidden = {"_lender_id_no": attributes.lender_id(p).take(pick)}
    frame = Frame(name, ("medical_personal_no",), columns, person, {"self": person}, person, p.case[index] >= 0,
                  hidden, {"employer": employer.number}, noted)  # fmt: skip
    again = join("3707", number(city.serial(person, "medical_personal_no.again"), 10))
    return stack([frame, frame.again(city.chance(person, f"{name}.again", 0.005), "medical_personal_no", again)])


def fund_account(lives: Lives, day: int) -> Frame:
    """Return the accounts new or changed; day 0 has all."""
    p, city, name = lives.people, lives.city, "housing_fund.fund_account"
    today = city.first + day
    work = Work(lives)
    begins = np.where(work.begun < NEVER, np.maximum(work.begun + 60, city.first - 6000), NEVER)
    has = (
        city.chance(p.person, "fund", _FUND) & (p.abroad < 0) & (begins < work.ended) & (work.ended > city.first - 700)
    )
    standing = Standing(lives, name, day, np.where(has, begins, NEVER))
    for turn in (work.changed, work.ended, p.married):
        standing.learn(turn)
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    known = identity(p, name, today)
    kin = np.where((p.married < today) & ~np.isin(p.slot, (50, 52)), p.spouse, -1)[index]
    who, spouse = known.rows(index), known.rows(kin, "spouse_")
    place = work.place(today)[index]
    employer = Employers.of(city, name, today, place)
    month = month_index(np.minimum(np.full(len(index), today), work.ended[index]))
    columns = {
        "fund_account_no": join("GJJ", number(city.serial(person, "fund_account"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "spouse_id_no": spouse.id_no,
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "open_date": begins[index],
        "deposit_base_amount": 400000 + 1000 * city.pick(person, "contribution_base", 900),
        "deposit_ratio_pct": take(("5", "8", "10", "12"), city.pick(person, "fund_ratio", 4)),
        "account_balance_amount": 10000 + 100 * city.pick(person, "fund_balance", 90000),
        "last_deposit_month": month_text(month - 1),
        "account_state_code": choose(place >= 0, "1", "2"),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"self": person, "spouse": np.where(kin < 0, -1, p.person[kin])}
    noted = (
        who.noted | employer.noted | {what: rows for what, rows in spouse.noted.items() if what[0] == "spouse_id_no"}
    )
    return Frame(name, ("fund_account_no",), columns, person, roles, person, p.case[index] >= 0,
                 firms={"employer": employer.number}, noted=noted)  # fmt: skip


def job_seeker(lives: Lives, day: int) -> Frame:
    """Return the people who look for work, new or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "hrss.job_seeker"
    today = city.first + day
    begins = city.first - 500 + city.pick(p.person, "seeks", 900)
    age = (begins - p.birth) / YEAR
    seeks = city.chance(p.person, "seeks.drawn", 0.06) & (age > 19) & (age < 55) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, name, day, np.where(seeks & (p.slot < 100), begins, NEVER), 0.5)
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    who = identity(p, name, today).rows(index)
    work = Work(lives)
    before = np.where(work.begun < begins, work.firms.index(work.firms.employer(p.person)), -1)[index]
    employer = Employers.of(city, name, today, before, "previous_employer_")
    columns = {
        "seeker_no": join("QZ", number(city.serial(person, "seeker_no"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "registered_date": begins[index],
        "education_code": attributes.education(p, correction_day(lives) <= day).take(pick),
        "occupation_code": take(OCCUPATIONS, city.pick(person, "seeks.occupation", len(OCCUPATIONS))),
        "skill_name": take(("电工", "焊工", "会计", "厨师", "驾驶", "护理", "缝纫"), city.pick(person, "skill", 7)),
        "expected_salary_amount": 300000 + 10000 * city.pick(person, "salary", 50),
        "county_code": number(COUNTY_CODES[p.county[index]], 6),
        "unemployed_date": np.where(before >= 0, begins[index] - 20, NONE),
        "unemployed_reason_code": take(
            ("1", "2", "3", "9"), np.where(before >= 0, city.pick(person, "unemployed", 4), -1)
        ),
        "previous_employer_uscc": employer.uscc,
        "previous_employer_name": employer.name,
        "seeker_state_code": choose(standing.corrected[index], "2", "1"),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    return Frame(name, ("seeker_no",), columns, person, {"self": person}, person, p.case[index] >= 0,
                 firms={"previous_employer": employer.number}, noted=who.noted | employer.noted)  # fmt: skip
