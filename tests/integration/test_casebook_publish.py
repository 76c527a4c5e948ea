"""What a refresh publishes, on both databases."""

from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook.publish import publish
from families.casebook.reading import family_record, list_families
from families.casebook.views import Reader

MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="identification")


def test_a_published_family_can_be_read_whole(casebook: Engine) -> None:
    counts = publish(casebook, **made_up_run().for_publish())

    listed = list_families(casebook, MANAGER, sort="name")
    record = family_record(casebook, MANAGER, "F01")

    assert (counts.families_assessed, counts.eligible, counts.near_misses) == (30, 10, 10)
    assert listed.total == 20
    assert record.name == "Okafor family"
    assert [member.role for member in record.members] == ["child"] * 3 + ["parent"] * 2 + ["adult", "linked"]
