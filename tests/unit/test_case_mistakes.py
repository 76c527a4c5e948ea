"""A case file with mistakes gets a sentence for each, with its place; never a traceback."""

from pathlib import Path

import pytest

from families.criteria.case import Case, read_cases
from families.criteria.trying import try_cases
from families.errors import Refused

HEAD = 'id = "x"\nruleset = "tf1-2012"\nas_of = 2012-10-01\n'
PERSON = HEAD + '[[person]]\nname = "A"\nrole = "child"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PERSON + "age = -4\n", "age is -4; a number of 0 or more is needed"),
        (PERSON + 'sessions = [{ term = "winter 2011", possible = 9 }]\n', "person A, sessions: There is no term"),
        (
            PERSON + 'sessions = [{ term = "2011/12", possible = 9, unauthorised = 10 }]\n',
            "10 of absence are more than",
        ),
        (
            PERSON + 'care = [{ kind = "CP", from = 2012-05-01, to = 2011-01-01 }]\n',
            "ends on 2011-01-01, before it begins",
        ),
        (PERSON + 'benefits = [{ kind = "JSR" }]\n', "there is no JSR (did you mean JSA?)"),
        (PERSON + "born = 2012-10-02\n", "born 2012-10-02 is after the last day asked about, 2012-10-01"),
        (PERSON + "joined_on = 2012-05-01\nleft_on = 2012-05-01\n", "they were never in the family"),
        (
            PERSON + "offences = [{ on = 2012-05-01, offence_on = 2012-05-02 }]\n",
            "the outcome of 2012-05-01 is before the offence",
        ),
        (
            PERSON + "[programme]\nattached_on = 2012-05-01\nclosed_on = 2012-04-30\n",
            "closed_on 2012-04-30 is before attached_on 2012-05-01",
        ),
        (
            PERSON
            + '[programme]\nearlier_claim = [{ ruleset = "tf1-2012", route = "A", on = 2012-10-02, amount = 700 }]\n',
            "2012-10-02 is after the claim of 2012-10-01",
        ),
        (
            PERSON
            + '[programme]\nearlier_claim = [{ ruleset = "tf1-2012", route = "A", on = 2012-09-02, amount = 700, '
            + 'same_family = false, children = ["B"] }]\n',
            "nobody in the case is called B",
        ),
        (PERSON + '[[case]]\nabout = "another"\n', "put what holds for every case under [defaults]"),
        (HEAD + "[authority]\nworked_with = [750]\n", "the list is too short"),
        (HEAD + "[authority]\nfamilies = -6\n", "a number of 0 or more is needed"),
        ("about = " + "[" * 5000, "nested too deeply"),
        ("as_of =", "is not TOML"),
    ],
)
def test_a_mistake_has_its_sentence(text: str, said: str, tmp_path: Path):
    path = tmp_path / "case.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(Refused) as refused:
        read_cases(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"switches": {"rounding": "up"}}, "case x: Switch rounding has no option up"),
        ({"ruleset": "tf9"}, "case x: There is no ruleset 'tf9'"),
        (
            {"programme": {"problem": [{"strand": "educaton"}]}},
            "case x: programme, problem, strand: there is no educaton",
        ),
        (
            {"programme": {"earlier_claim": [{"ruleset": "tf1-2012", "route": "Z", "on": "2012-09-01", "amount": 1}]}},
            "route: there is no Z; there is A, B, PtW",
        ),
    ],
)
def test_a_name_of_nothing_is_told_with_its_case(wrong: dict, said: str):
    person = {"name": "A", "role": "child", "age": 9}
    case = {"id": "x", "ruleset": "tf1-2012", "as_of": "2012-10-01", "person": [person], **wrong}
    with pytest.raises(Refused) as refused:
        try_cases([Case.model_validate(case, strict=False)])
    assert said in str(refused.value)


def test_outcomes_are_worth_nothing_where_or_when_nobody_pays_by_results():
    made = {"ruleset": "sf-2022", "as_of": "2023-06-01", "authority": {"valid_outcomes": 515}}
    upfront = {**made, "authority": {"valid_outcomes": 515, "payment_by_results_area": False}}
    over = {**made, "as_of": "2025-05-01"}
    verdicts = try_cases([Case.model_validate(each, strict=False) for each in (made, upfront, over)])
    assert [each.authority["funding"] for each in verdicts] == [412_000, 0, 0]
