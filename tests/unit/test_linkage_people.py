"""Hard cases of who is who, five lines each: records, and which of them are one person."""

from pathlib import Path

import pytest
from linkage_makers import people

from families.linkage.people import link_people

ONE, APART = "one person", "apart"

CASES = {
    "same UPN, nickname and misspelt surname": (
        [
            "census Samantha Wright upn=W881200115001 born=2001-05-04",
            "ctf Sam Wrihgt upn=W881200115001 born=2001-05-04",
        ],
        ["12"],
    ),
    "same UPN, but clearly another child": (
        [
            "census Samantha Wright upn=W881200115001 born=2001-05-04",
            "ctf Oliver Khan upn=W881200115001 born=1999-11-23",
        ],
        ["1", "2"],
    ),
    "temporary UPN, then a permanent one that names it": (
        [
            "census Ada Lowe upn=X00180001701A born=2001-05-04",
            "ctf Ada Cole upn=W881200115001 former_upn=X00180001701A",
        ],
        ["12"],
    ),
    "twins of one sex": (
        [
            "census Ella Reed upn=W881200115001 born=2001-05-04 sex=F at=U1",
            "census Emma Reed upn=K881200115002 born=2001-05-04 sex=F at=U1",
            "yj Ella Reed born=2001-05-04 at=U1",
            "yj Emma Reed born=2001-05-04 at=U1",
        ],
        ["13", "24"],
    ),
    "twins without UPN, one letter apart": (
        ["pupils:a.1 Jayden Reed born=2001-05-04 at=U1", "pupils:a.2 Hayden Reed born=2001-05-04 at=U1"],
        ["1", "2"],
    ),
    "father and son of one name": (
        [
            "census:c.1.pupil John Reed upn=W881200115001 born=2001-05-04 sex=M at=U1",
            "contact:t.1.contact_1 John Reed at=U1",
            "tax John Reed at=U1",
            "ctf:t.1.pupil John Reed upn=W881200115001 born=2001-05-04 at=U1",
        ],
        ["14", "23"],
    ),
    "a father and a grown-up son in one benefit return": (
        ["dwp:d.1 John Reed age=50 at=U1", "dwp:d.2 John Reed age=22 at=U1", "tax John Reed at=U1 age=50"],
        ["13", "2"],
    ),
    "one mother in both children's contact lists, her name spelt differently": (
        [
            "ctf:t.1.pupil Ada Lowe upn=W881200115001 born=2001-05-04 at=U1",
            "ctf:t.2.pupil Ben Lowe upn=K881200115002 born=2003-05-04 at=U1",
            "contact:t.1.contact_1 Catherine Lowe at=U1",
            "contact:t.2.contact_1 Kathryn Lowe at=U1",
        ],
        ["1", "2", "34"],
    ),
    "a mother at the old and the new home of her child": (
        [
            "ctf:t.1.pupil Ada Lowe upn=W881200115001 born=2001-05-04 at=U1",
            "census Ada Lowe upn=W881200115001 born=2001-05-04 at=U2",
            "tax Grace Lowe at=U1",
            "dwp Grace Lowe at=U2 age=40",
        ],
        ["12", "34"],
    ),
    "two of one name in two homes are two": (["tax John Smith at=U1", "dwp John Smith at=U2 age=40"], ["1", "2"]),
    "two liable for one bill": (["tax:c.1.1 Jo Reed at=U1", "tax:c.1.2 Joanne Reed at=U1"], ["1", "2"]),
    "day and month swapped, same home": (
        ["census Ada Lowe upn=W881200115001 born=2001-05-04 at=U1", "yj Ada Lowe born=2001-04-05 at=U1"],
        ["12"],
    ),
    "names the other way round": (
        ["census Ada Lowe upn=W881200115001 born=2001-05-04", "yj Lowe Ada born=2001-05-04"],
        ["12"],
    ),
    "forename miswritten": (
        ["census Benjamin Lowe upn=W881200115001 born=2001-05-04 at=U1", "care Benjmain Lowe born=2001-05-04 at=U1"],
        ["12"],
    ),
    "1 January is no evidence": (
        ["adults John Smith born=1980-01-01 at=U1", "asb John Smith born=1980-01-01 at=U2"],
        ["1", "2"],
    ),
    "a placeholder is no name": (
        ["adults Unknown Lowe born=1980-03-01 at=U1", "asb Unknown Lowe born=1980-03-02 at=U1"],
        ["1", "2"],
    ),
    "one NHS number, two clearly different people": (
        ["care Ada Lowe nhs_number=9434765919 born=2001-05-04", "yj Omar Khan nhs_number=9434765919 born=1999-05-14"],
        ["1", "2"],
    ),
    "only a UPN": (
        ["census Ada Lowe upn=W881200115001 born=2001-05-04", "census:m.1 - - upn=W881200115001"],
        ["12"],
    ),
    "same home, same forename, former surname": (
        ["contact Sarah Lowe at=U1", "tax Sarah Cole at=U1"],
        ["12"],
    ),
    "a mover: one liability ends as the other begins": (
        ["tax Wendy Lowry at=U1 from=2005-01-01 to=2012-08-31", "tax Wendy Lowry at=U2 from=2012-09-01"],
        ["12"],
    ),
    "a couple who moved": (
        [
            "tax:c.1.1 Neil Naylor at=U1",
            "tax:c.1.2 Natalie Naylor at=U1",
            "contact Neil Naylor at=U2",
            "contact Natalie Naylor at=U2",
        ],
        ["13", "24"],
    ),
    "two couples of the same common names, each paying for a home": (
        [
            "tax:c.1.1 Arjun Singh at=U1",
            "tax:c.1.2 Jaspreet Kaur at=U1",
            "tax:c.2.1 Arjun Singh at=U2",
            "tax:c.2.2 Jaspreet Kaur at=U2",
            "tax:c.3.1 Arjun Singh at=U3",
            "tax:c.4.1 Jaspreet Kaur at=U4",
        ],
        ["1", "2", "3", "4", "5", "6"],
    ),
    "two who pay for two homes and share a forename": (
        ["tax Wendy Dykes at=U1", "tax Wendy Thomas at=U2", "contact Wendy Thomas at=U1"],
        ["13", "2"],
    ),
    "a typing error in each name, one home": (
        ["contact Tegan Omahoney at=U1", "tax Teagan Omaloney at=U1"],
        ["12"],
    ),
    "a father is not the daughter who has his surname for a forename": (
        ["census Katherine Gladwell upn=W881200115001 born=1995-04-11 at=U1", "tax Gladwell Geogie at=U1"],
        ["1", "2"],
    ),
    "a pupil's second address is the same pupil": (
        [
            "census:c.1.pupilonroll Ada Lowe upn=W881200115001 at=U1",
            "census:c.1.pupilonroll_address_2 Ada Lowe upn=W881200115001 at=U2",
        ],
        ["12"],
    ),
    "a father and his son of 17, of one name": (
        ["census Michael Thomas upn=Y881200100013 born=1995-12-01 at=U1", "tax Michael Thomas at=U1"],
        ["1", "2"],
    ),
    "brother and sister": (
        ["care Daniel Lowe sex=M born=2001-05-04 at=U1", "yj Danielle Lowe sex=F born=2001-05-04 at=U1"],
        ["1", "2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_who(case: str, tmp_path: Path) -> None:
    lines, expected = CASES[case]
    persons, of_record = people(lines)
    order = {tuple(row): str(n + 1) for n, row in enumerate(persons.select(*KEYS).rows())}
    linked, _ = link_people(persons, of_record, previous=None, work=tmp_path)
    groups = linked.group_by("person_id").agg("source", "delivery", "row", "part")
    found = sorted("".join(sorted(order[key] for key in zip(*keys, strict=True))) for _, *keys in groups.iter_rows())
    assert found == expected


KEYS = ["source", "delivery", "row", "part"]
