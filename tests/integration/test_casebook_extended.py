"""One hop beyond a family: only people of families that the reader may read, no more than a drawing holds, audited."""

import pytest
import sqlalchemy as sa
from casework import MANAGER, READERS, WORKER, Work, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook import extended
from families.casebook.extended import extended_family
from families.casebook.models import PublishedFamily, PublishedMember, PublishedTie, table
from families.errors import NotAllowed


def join(engine: Engine, family_id: str, *, through: str, to: str, name: str) -> None:
    """Put somebody of the first family into another as well, and tie them there to a person of that name."""
    with directly(engine) as connection:
        person = {"role": "linked", "is_resident": False, "why": "Made up.", "name_folded": name.lower(), "place": 90}
        rows = [
            {**person, "family_id": family_id, "person_id": through, "name": "The one they share"},
            {**person, "family_id": family_id, "person_id": to, "name": name, "place": 91},
        ]
        connection.execute(sa.insert(table(PublishedMember)), rows)
        tie = {"tie": "same_parent", "strength": 1, "is_resident": False, "why": "Made up."}
        connection.execute(
            sa.insert(table(PublishedTie)), [{**tie, "family_id": family_id, "person_a": through, "person_b": to}]
        )


def test_who_is_found_for_whom_and_what_is_written_down(casebook: Engine, monkeypatch) -> None:
    engine = with_staff(casebook)
    Work(engine, "F01").confirm().allocate().accept()
    with directly(engine) as connection:
        hidden = (
            connection.execute(
                sa.select(table(PublishedFamily).c.family_id).where(table(PublishedFamily).c.status == "near_miss")
            )
            .scalars()
            .first()
        )
    join(engine, "F02", through="P010", to="PX1", name="Uncle")
    join(engine, hidden, through="P010", to="PX2", name="Canary")

    def found(reader) -> set[str]:
        return {kin.member.name for kin in extended_family(engine, reader, "F01").people}

    assert found(MANAGER) == {"Uncle", "Canary"}
    assert found(READERS["auditor"]) == {"Uncle"}
    assert found(WORKER) == set(), "F02 is not theirs"
    Work(engine, "F02").confirm().allocate().accept()
    assert found(WORKER) == {"Uncle"}
    with directly(engine) as connection:
        query = "SELECT staff_id, family_id FROM audit_event WHERE action = 'read_extended_family' ORDER BY event_id"
        written = [tuple(row) for row in connection.execute(sa.text(query))]
    assert written[-2:] == [(WORKER.staff_id, "F01"), (WORKER.staff_id, "F02")]
    assert {family for _, family in written[:3]} == {"F01", "F02", hidden}
    with pytest.raises(NotAllowed):
        extended_family(engine, WORKER, "F07")
    with pytest.raises(NotAllowed):
        extended_family(engine, READERS["statistician"], "F01")

    monkeypatch.setattr(extended, "MOST_PEOPLE", 0)
    nobody = extended_family(engine, MANAGER, "F01")
    assert (nobody.people, nobody.ties, nobody.left_out) == ((), (), 2)
