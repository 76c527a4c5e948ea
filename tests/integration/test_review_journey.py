"""From a refresh to a doubt, an answer, and a refresh that keeps to it; with two plain lists of one town."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from deliveries import RECEIVED, write
from directly import directly
from sqlalchemy import text

from families.casebook import review
from families.casebook.database import open_casebook
from families.casebook.views import Reader
from families.cli import app
from families.errors import Refused
from families.home import Home, Run
from families.refresh import Asked, refresh
from families.sources.store import load

ANALYST = Reader(staff_id="s7", role="data_analyst", purpose="settle who is who")
AS_OF = dt.date(2013, 9, 1)
PUPILS = """id,forename,surname,sex,date_of_birth,address,postcode,school
1,Jayden,Reed,M,2001-05-04,"1 ELM ROAD, HARLOW",CM1 1AA,8814001
2,Jayden,Khan,M,2002-09-14,"2 ELM ROAD, HARLOW",CM1 1AA,8814001
3,Jayden,Cole,M,2000-03-24,"3 ELM ROAD, HARLOW",CM1 1AA,8814001
4,Hayden,Webb,M,1999-11-30,"4 ELM ROAD, HARLOW",CM1 1AA,8814001
5,Hayden,Ford,M,2003-01-15,"5 ELM ROAD, HARLOW",CM1 1AA,8814001
"""
OTHERS = """id,forename,surname,sex,date_of_birth,address,postcode,school
71,Hayden,Reed,M,2001-05-04,"1 ELM ROAD, HARLOW",CM1 1AA,8814002
72,Oscar,Nash,M,2001-02-12,"7 ELM ROAD, HARLOW",CM1 1AA,8814002
"""
ADULTS = """id,forename,surname,sex,date_of_birth,address,postcode
A1,Grace,Reed,F,1975-03-09,"1 ELM ROAD, HARLOW",CM1 1AA
A2,Peter,Nash,M,1970-06-01,"7 ELM ROAD, HARLOW",CM1 1AA
"""
FILES = {"first.csv": ("pupils", PUPILS), "second.csv": ("pupils", OTHERS), "adults.csv": ("adults", ADULTS)}


def loaded(home: Path, *, order: tuple[str, ...] = tuple(FILES)) -> Path:
    for name in order:
        source, content = FILES[name]
        load(home, [write(home / "inbox", name, content)], source=source, received_on=RECEIVED, is_apart=False)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return loaded(tmp_path / "home")


def refreshed(home: Path, url: str) -> Run:
    now = dt.datetime.now(dt.UTC)
    asked = Asked(as_of=AS_OF, ruleset="tf1-2012", database_url=url, published_at=now, is_sample=True)
    return refresh(Home(home), asked)


def people_named(run: Run, surname: str) -> list[str]:
    children = run.table("people").filter(pl.col("surname") == surname, "is_pupil")
    return children["person_id"].sort().to_list()


def question_about(url: str, a: str, b: str) -> str:
    listed = review.doubts(open_casebook(url), ANALYST, page_size=200).doubts
    (found,) = [each.doubt_id for each in listed if {a, b} == {each.name_a, each.name_b}]
    return found


def test_an_answer_binds_every_later_refresh_until_it_is_withdrawn(home: Path, casebook_url: str) -> None:
    first = refreshed(home, casebook_url)
    assert len(people_named(first, "Reed")) == 2
    engine = open_casebook(casebook_url)
    question = question_about(casebook_url, "Jayden Reed", "Hayden Reed")
    assert refreshed(home, casebook_url).run_id == first.run_id

    number = review.decide(engine, ANALYST, question, answer="same", reason="one birth certificate")
    bound = refreshed(home, casebook_url)
    assert bound.run_id != first.run_id
    assert len(people_named(bound, "Reed")) == 1
    reasons = bound.table("person_of_record")["reason"].to_list()
    assert reasons.count("a person decided that the two are one") == 2
    with pytest.raises(ValueError, match="unpack"):
        question_about(casebook_url, "Jayden Reed", "Hayden Reed")

    review.withdraw(engine, ANALYST, number, reason="the certificate was another's")
    after = refreshed(home, casebook_url)
    assert after.run_id == first.run_id
    assert len(people_named(after, "Reed")) == 2
    assert question_about(casebook_url, "Jayden Reed", "Hayden Reed") == question


def test_an_adult_is_out_of_the_family_once_a_person_says_so(home: Path, casebook_url: str) -> None:
    first = refreshed(home, casebook_url)
    (oscar,) = people_named(first, "Nash")
    assert family_of(first, oscar).height == 2
    question = question_about(casebook_url, "Peter Nash", "Oscar Nash")
    engine = open_casebook(casebook_url)
    review.decide(engine, ANALYST, question, answer="does_not_belong", reason="a lodger of the same name")
    bound = refreshed(home, casebook_url)
    assert family_of(bound, oscar)["person_id"].to_list() == [oscar]
    waiting = review.doubts(engine, ANALYST, page_size=200).doubts
    assert "Peter Nash" not in [each.name_a for each in waiting]


def family_of(run: Run, person: str) -> pl.DataFrame:
    members = run.table("family_members")
    return members.join(members.filter(person_id=person).select("family_id"), on="family_id", how="semi")


def test_who_cannot_tell_is_not_asked_again_of_the_same_data(home: Path, sqlite_url: str) -> None:
    refreshed(home, sqlite_url)
    question = question_about(sqlite_url, "Jayden Reed", "Hayden Reed")
    before = people_named(refreshed(home, sqlite_url), "Reed")
    review.decide(open_casebook(sqlite_url), ANALYST, question, answer="cannot_tell", reason="nobody answers")
    assert people_named(refreshed(home, sqlite_url), "Reed") == before
    assert question not in [each.doubt_id for each in review.doubts(open_casebook(sqlite_url), ANALYST).doubts]
    later = '1,Ida,Moss,F,2004-05-04,"9 ELM ROAD, HARLOW",CM1 1AA,8814001\n'
    file = write(home / "inbox", "later.csv", PUPILS.splitlines()[0] + "\n" + later)
    load(home, [file], source="pupils", received_on=RECEIVED, is_apart=False)
    refreshed(home, sqlite_url)
    assert question_about(sqlite_url, "Jayden Reed", "Hayden Reed")


def test_another_order_of_files_gives_the_same_questions(home: Path, tmp_path: Path, sqlite_url: str) -> None:
    other = loaded(tmp_path / "other", order=tuple(reversed(FILES)))
    one = refreshed(home, sqlite_url).table("doubts")
    assert one.height
    assert refreshed(other, f"sqlite:///{tmp_path / 'other.sqlite'}").table("doubts").equals(one)


def test_the_command_lists_asks_answers_and_takes_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from families.casebook.demo import add_demo_staff

    monkeypatch.setenv("FAMILIES_HOME", str(home))
    monkeypatch.delenv("FAMILIES_DATABASE_URL", raising=False)
    url = f"sqlite:///{home / 'casebook.sqlite'}"
    refreshed(home, url)
    add_demo_staff(open_casebook(url))
    question = question_about(url, "Jayden Reed", "Hayden Reed")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["review", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    me = ("--by", "demo-data-analyst")
    assert f"{question}  Are " in run(*me)
    assert "Forename       Jayden" in run(question, *me) or "Forename       Hayden" in run(question, *me)
    said = run(question, "--different", "--reason", "two birth certificates", *me)
    assert said.startswith("Decision 1: two people.")
    assert "Decision 1 is withdrawn" in run("--withdraw", "1", "--reason", "a slip", *me)
    with pytest.raises(Refused, match="--by"):
        run()
    with pytest.raises(Refused, match="one answer"):
        run(question, "--same", "--different", *me)
    with directly(open_casebook(url)) as connection:
        who = connection.execute(text("SELECT DISTINCT staff_id FROM audit_event WHERE action = 'decide_doubt'"))
        assert who.scalars().all() == ["demo-data-analyst"]
