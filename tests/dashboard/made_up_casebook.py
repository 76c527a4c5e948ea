"""The made-up casebook of the dashboard's tests, published the way a refresh publishes; no one in it is real.

To the thirty families of `made_up` it adds one that has everything a record can show, said by the ruleset's own
sentences, and one whose names hold what Markdown would act on.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from casework import raise_alerts
from following import Feeds, followed_of
from made_up import AS_OF, MadeUpRun, made_up_run, upns
from sqlalchemy import Engine, update

from families.casebook.database import open_casebook, writing
from families.casebook.demo import add_demo_staff
from families.casebook.models import Publication, Staff, table
from families.casebook.publish import publish
from families.casebook.reading import data_as_at
from families.casebook.row_security import WHOLE
from families.casebook.views import Reader
from families.cases import alerts, demo, opening
from families.cases.clock import casework_today
from families.criteria.explain import explained
from families.criteria.rulebook import load_ruleset

RULES = load_ruleset("tf1-2012").rules
FULL, NAUGHTY, NEAR_MISS = "FULL1", "NAUGHTY1", "F03"
NAUGHTY_SURNAME = "[Wm](https://example.org/x) *Bold* :red[o] <b>"
FILES = {
    "d5": "marks_2012-13_summer.csv",
    "d6": "exclusions_2012-13_summer.csv",
    "d7": "youth_justice_2013-08.csv",
    "d8": "dwp_match_2013-06.csv",
}
YEARS = {"covers_from": dt.date(2011, 9, 1), "covers_to": dt.date(2013, 8, 31), "basis": "stated"}
HALF_TERMS = [
    (year, term, half) for year in ("2011/12", "2012/13") for term in ("autumn", "spring", "summer") for half in (1, 2)
]
STAFF = table(Staff)
on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)  # for a test's own casebooks
Rows = dict[str, list[dict[str, object]]]


def casebook(path: Path, *, is_sample: bool = True) -> Engine:
    """A new casebook file with the made-up authority published, and its staff where it is a sample."""
    engine = open_casebook(f"sqlite:///{path}")
    fill(engine, is_sample=is_sample)
    return engine


def fill(engine: Engine, *, is_sample: bool = True) -> None:
    """Publish the made-up authority to a casebook, with its staff where it is a sample."""
    run = with_two_more(made_up_run(is_sample=is_sample))
    publish(engine, **run.for_publish(), followed=followed_of(run, _schooling(), [FULL]))
    if is_sample:
        add_demo_staff(engine)


def _schooling() -> Feeds:
    """What feeds tell of how the full family's children go to school: suspensions, and two schools of one of them."""
    ria, tom = "P0000010", "P0000011"
    feeds = Feeds(records={"coverage": [{"delivery": "d6", "row": 1, "part": "", "source": "exclusions"} | YEARS]})
    feeds = feeds.of("exclusions", ria, school="8812001", category="SUSP", started_on=dt.date(2013, 3, 4), sessions=2)
    for day in ("2012-10-02", "2013-03-11", "2013-05-01", "2013-06-27"):
        suspended = {"category": "SUSP", "started_on": dt.date.fromisoformat(day), "sessions": 4}
        feeds = feeds.of("exclusions", tom, school="8814001", **suspended)
    at = {"stated_on": dt.date(2013, 5, 16), "is_on_roll": True, "enrol_status": "S"}
    return feeds.of("enrolments", tom, school="8811100", entry_date=dt.date(2013, 2, 25), **at)


def with_two_more(run: MadeUpRun) -> MadeUpRun:
    """The made-up run with the two families of this file."""
    rows: Rows = {name: [] for name in run.tables}
    _full_family(rows)
    _naughty_family(rows)
    frames = {name: pl.DataFrame(table, schema_overrides=_kinds(run, name)) for name, table in rows.items() if table}
    tables = {
        name: pl.concat([frame, frames[name]], how="diagonal") if name in frames else frame
        for name, frame in run.tables.items()
    }
    said = explained(frames["findings"], rules=RULES, people=frames["people"], as_of=AS_OF, file_names=FILES)
    said = said.select(name for name in run.explained.columns if name in said.columns)
    return replace(
        run,
        tables=tables,
        explained=pl.concat([run.explained, said], how="diagonal_relaxed"),
        strands=RULES.strand_labels | {"eligible": "Eligible"},
        file_names=run.file_names | FILES,
    )


def _kinds(run: MadeUpRun, name: str) -> dict[str, pl.DataType]:
    return dict(run.tables[name].schema)


def _person(rows, family, person, forename, surname, sex, born, role, *, why, resident=True, school=None) -> None:
    rows["people"].append(
        {
            **{"person_id": person, "forename": forename, "surname": surname, "sex": sex, "date_of_birth": born},
            **{"is_pupil": role == "child", "records": 3},
        }
    )
    rows["family_members"].append(
        {"family_id": family, "person_id": person, "role": role, "is_resident": resident, "reason": why}
    )
    if resident:
        rows["households"].append(
            {"household_id": f"H{family}", "address_id": f"U{family}", "person_id": person, "reason": why}
        )
    if school:
        record = {"delivery": "d5", "row": len(rows["enrolments"]) + 1, "part": ""}
        on_roll = {"school": school, "stated_on": dt.date(2013, 5, 16), "is_on_roll": True, "enrol_status": "C"}
        rows["enrolments"].append(record | on_roll)
        rows["person_of_record"].append(record | {"source": "session_marks", "person_id": person, "reason": "same UPN"})
        rows["persons"].append(record | {"source": "session_marks", "role": "pupil"} | upns(person))


def _address(rows, family: str, label: str) -> None:
    rows["addresses"].append(
        {"address_id": f"U{family}", "label": label, "postcode": "CO1 1AB", "is_communal": False, "is_shared": False}
    )


def _finding(
    rows, family, person, criterion, outcome, *, value=None, out_of=None, newest=None, detail=None, evidence=()
):
    rows["findings"].append(
        {
            **{"family_id": family, "person_id": person, "criterion": criterion, "outcome": outcome, "value": value},
            **{"strand": RULES.criteria()[criterion].strand, "out_of": out_of, "newest_on": newest, "detail": detail},
            **{"window_from": dt.date(2012, 9, 4), "window_to": dt.date(2013, 7, 24)},
            "bound": RULES.criteria()[criterion].bound_on(AS_OF).words,
            "evidence": json.dumps(evidence) if evidence else None,
        }
    )


def _assessed(rows, family: str, **outcomes: tuple[str, str]) -> None:
    rows["assessments"] += [
        {"family_id": family, "strand": strand, "outcome": outcome, "reason": reason}
        for strand, (outcome, reason) in outcomes.items()
    ]


def _tie(rows, a: str, b: str, tie: str, strength: int, reason: str, *, resident: bool = True) -> None:
    rows["links"].append(
        {
            **{"person_a": a, "person_b": b, "tie": tie, "strength": strength, "is_resident": resident},
            **{"source": "common_transfer_file", "reason": reason},
        }
    )


def _absent(rows, person: str, shares: list[tuple[int, int, int] | None]) -> None:
    for (year, term, half), share in zip(HALF_TERMS[-len(shares) :], shares, strict=True):
        if share is None:
            continue
        possible, authorised, unauthorised = share
        rows["absence"].append(
            {
                **{"person_id": person, "school": "8812001", "academic_year": year, "term": term, "half": half},
                **{"possible": possible, "authorised": authorised, "unauthorised": unauthorised},
                "source": "session_marks",
            }
        )


def _full_family(rows) -> None:
    family, (ria, tom, ella, gran, mum, dad) = FULL, (f"P00000{n}" for n in range(10, 16))
    _address(rows, family, "14 Quayside Court, Harbour Street, Colchester")
    at_home = "lives at 14 Quayside Court (school census, May 2013)"
    _person(rows, family, ria, "Ria", "Okafor-Reilly", "F", dt.date(2003, 12, 4), "child",
            why=f"Child on whom the family is built: {at_home}.", school="8812001")  # fmt: skip
    _person(rows, family, tom, "Tom", "Okafor-Reilly", "M", dt.date(2000, 3, 17), "child",
            why="Child: same parent as Ria, and at the same address (Common Transfer File).", school="8814001")  # fmt: skip
    _person(rows, family, ella, "Ella", "Reilly", "F", dt.date(2009, 10, 30), "child",
            why="Child: Niamh Reilly has parental responsibility for her and lives at the pupil’s address.")  # fmt: skip
    _person(rows, family, mum, "Niamh", "Reilly", "F", dt.date(1979, 6, 2), "parent",
            why="Mother of Ria with parental responsibility, living at the pupil’s address (Common Transfer File).")  # fmt: skip
    _person(rows, family, gran, "Bridget", "Reilly", "F", None, "adult",
            why="Grown-up: liable for council tax where Ria lives (Council tax, April 2013).")  # fmt: skip
    _person(rows, family, dad, "Chidi", "Okafor", "M", None, "linked", resident=False,
            why="Father of Ria with parental responsibility, living at another address (Common Transfer File).")  # fmt: skip
    _tie(rows, ria, mum, "responsible_contact", 1, "Mother of Ria with parental responsibility, living at the pupil's address (Common Transfer File).")  # fmt: skip
    _tie(rows, tom, mum, "responsible_contact", 1, "Mother of Tom with parental responsibility, living at the pupil's address (Common Transfer File).")  # fmt: skip
    _tie(rows, ella, mum, "living_contact", 1, "Mother of Ella, living at the pupil's address (Common Transfer File).")
    _tie(rows, ria, dad, "responsible_elsewhere", 1, "Father of Ria with parental responsibility, living at another address (Common Transfer File).", resident=False)  # fmt: skip
    _tie(rows, ria, tom, "same_parent", 1, "Ria and Tom have Niamh as a parent or carer in common (Common Transfer File).")  # fmt: skip
    _tie(rows, ria, gran, "liable_at_home", 4, "Bridget is liable for council tax where Ria lives (Council tax).")
    _tie(rows, mum, gran, "same_surname", 5, "Niamh and Bridget have the same surname at the same address (Council tax).")  # fmt: skip
    _absent(rows, ria, [(66, 4, 3), (62, 6, 5), None, None, (54, 3, 8), (70, 4, 10), (70, 2, 11), (66, 9, 12), (62, 4, 13), (58, 5, 11), (50, 2, 10), (68, 3, 9)])  # fmt: skip
    _absent(rows, tom, [(70, 2, 0), (66, 0, 0), (62, 12, 1), (58, 3, 0), None, (68, 3, 2)])
    marks = [["session_marks", "d5", row] for row in (14, 1203, 2210, 3307)]
    _finding(rows, family, ria, "unauthorised_absence", "met", value=66, out_of=374, newest=dt.date(2013, 7, 19), evidence=marks)  # fmt: skip
    _finding(rows, family, ria, "fixed_exclusions", "not_met", value=1, evidence=[["exclusions", "d6", 41]])
    _finding(rows, family, ria, "not_on_roll", "not_met")
    _finding(rows, family, ria, "youth_offence", "not_met", value=0)
    _finding(rows, family, ria, "social_care", "unknown", detail="no return from children's social care covers the last three months")  # fmt: skip
    _finding(rows, family, tom, "unauthorised_absence", "unknown", value=3, out_of=324, detail="no attendance from school 8814001 for summer 2012/13; session marks or the school census would settle it")  # fmt: skip
    _finding(rows, family, tom, "fixed_exclusions", "met", value=4, newest=dt.date(2013, 6, 27), evidence=[["exclusions", "d6", row] for row in (7, 19, 52, 88)])  # fmt: skip
    _finding(rows, family, tom, "youth_offence", "met", value=1, newest=dt.date(2013, 3, 8), evidence=[["youth_justice", "d7", 17]])  # fmt: skip
    _finding(rows, family, mum, "out_of_work_benefit", "unknown", detail="the DWP match did not find this address; a DWP match that finds the address would settle it")  # fmt: skip
    _finding(rows, family, mum, "asb_measure", "not_met")
    _finding(rows, family, gran, "out_of_work_benefit", "met", value=1, newest=dt.date(2013, 6, 30), evidence=[["dwp", "d8", 230]])  # fmt: skip
    _assessed(
        rows,
        family,
        education=("met", "Ria and Tom each meet an education criterion."),
        crime_asb=("met", "Tom has a proven offence in the last 12 months."),
        work=("met", "Bridget claims an out-of-work benefit."),
        local=("unknown", "No return from children’s social care covers the last three months; it would settle it."),
        eligible=(
            "met",
            "The family meets all three national criteria: education, crime and anti-social behaviour, work.",
        ),
    )


def _naughty_family(rows: Rows) -> None:
    family, child, adult = NAUGHTY, "P000020", "P000021"
    _address(rows, family, "2 Mill Lane, Colchester")
    _person(rows, family, child, "Sam", NAUGHTY_SURNAME, "F", dt.date(2002, 2, 9), "child",
            why="Child on whom the family is built.", school="8812001")  # fmt: skip
    _person(rows, family, adult, "Jo", NAUGHTY_SURNAME, "F", dt.date(1980, 5, 1), "parent",
            why="Mother of Sam with parental responsibility, living at the pupil’s address.")  # fmt: skip
    _tie(rows, child, adult, "responsible_contact", 1, "Mother of Sam with parental responsibility.")
    evidence = [["session_marks", "d5", 8]]
    _finding(rows, family, child, "unauthorised_absence", "met", value=70, out_of=374, evidence=evidence)
    reasons = {"education": "Sam meets the absence criterion.", "crime_asb": "Jo has an order.", "work": "Jo claims."}
    _assessed(
        rows, family, **{strand: ("met", reason) for strand, reason in (reasons | {"eligible": "All met."}).items()}
    )


def made_real(path: Path, issuer: str) -> Engine:
    """The same casebook as one that holds no sample: its staff sign in at a provider, each by their staff id."""
    engine = open_casebook(f"sqlite:///{path}")
    with engine.begin() as transaction:
        transaction.execute(update(table(Publication)).values(is_sample=False))
        transaction.execute(update(STAFF).values(is_demo=False, issuer=issuer, subject=STAFF.c.staff_id))
    return engine


def copied(folder: Path, into: Path) -> str:
    """The address of a copy of a casebook that is closed, with the key of its audit trail."""
    shutil.copytree(folder, into, dirs_exist_ok=True)
    return f"sqlite:///{into / 'casebook.sqlite'}"


def fill_with_work(engine: Engine) -> None:
    """The made-up authority with made-up casework at every stage."""
    fill(engine)
    assert demo.add_demo_cases(engine)
    raise_alerts(engine)


def fill_with_accepted_family(engine: Engine) -> None:
    """The made-up authority, of which a worker has accepted the full family, and two alerts of it wait."""
    fill(engine)
    manager, worker = (
        Reader(f"demo-{role.replace('_', '-')}", role, "test") for role in ("programme_manager", "caseworker")
    )
    day = casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))
    said = {"decision": "confirm", "reason": "The records agree.", "today": day, "team_id": "demo-north"}
    case_id = opening.decide_identified(engine, manager, FULL, token="confirmed-1", **said)
    given = {"worker": worker.staff_id, "priority": "normal", "reason": "", "row_version": 1}
    opening.allocate(engine, manager, case_id, **given, today=day, token="allocated-1")
    opening.accept(engine, worker, case_id, row_version=2, today=day, token="accepted-1")
    raised = [alerts.Raised(f"k{n}", FULL, "suspension", f"Suspended {n} days.", day, "run-1") for n in (1, 2)]
    with writing(engine, WHOLE) as transaction:
        alerts.raise_alerts(transaction, raised)
