"""A small town in a few lines: who says that who lives where, with every record linked without error."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from typing import Any

import polars as pl

from families.households.form import FormedFamilies, form_families
from families.linkage.decisions import DECISIONS
from families.linkage.prepare import KEYS
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES

AS_OF = dt.date(2013, 9, 1)
CENSUS, CTF, COUNCIL_TAX, DWP = "2013-05-16", "2013-07-12", "2013-04-30", "2013-06-30"


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


class Town:
    """Facts are added one by one; a person's id is their name, an address's id its text, its street its postcode."""

    def __init__(self) -> None:
        self.persons: list[dict[str, Any]] = []
        self.contacts: list[dict[str, Any]] = []
        self.liabilities: list[dict[str, Any]] = []
        self.enrolments: list[dict[str, Any]] = []
        self.born: dict[str, dt.date | None] = {}
        self.pupils: set[str] = set()
        self.communal: set[str] = set()
        self.shared: set[str] = set()
        self.flats: dict[str, str] = {}
        self.unmatched: set[str] = set()

    def record(self, name: str, *, source: str, part: str = "", at: str | None, on: str | None, **values: Any) -> None:
        delivery = f"{source} {on}"
        row = values.pop("row", None) or len(self.persons) + 1
        forename, _, surname = name.partition(" ")
        self.persons.append(
            {"delivery": delivery, "row": row, "part": part, "source": source, "person_id": name, "address": at}
            | {"forename": forename, "surname": surname, "stated_on": day(on)}
            | values
        )

    def pupil(
        self,
        name: str,
        at: str | None,
        *,
        on: str = CENSUS,
        born: str | None = "2003-04-01",
        nc_year: str | None = None,
    ) -> Town:
        self.born.setdefault(name, day(born))
        self.pupils.add(name)
        self.record(name, source="school_census_tables", part="pupilonroll", at=at, on=on, role="pupil")
        if nc_year:
            self.enrolments.append(self.persons[-1] | {"nc_year": nc_year, "is_on_roll": True})
        return self

    def transfer(
        self,
        name: str,
        at: str | None,
        contacts: Iterable[tuple[str, str, bool] | tuple[str, str, bool, str]],
        *,
        on: str = CTF,
        born: str | None = "2003-04-01",
    ) -> Town:
        """A pupil in a Common Transfer File; contacts are (name, relationship, responsibility[, other address])."""
        self.born.setdefault(name, day(born))
        self.pupils.add(name)
        row = len(self.persons) + 1
        source = "common_transfer_file"
        self.record(name, source=source, part="pupil", at=at, on=on, role="pupil", row=row)
        for order, (contact, relationship, responsible, *other) in enumerate(contacts, start=1):
            part = f"contact {order}"
            own = other[0] if other else None
            self.record(contact, source=source, part=part, at=own or at, on=on, role="contact", row=row)
            self.contacts.append(
                {"delivery": f"{source} {on}", "row": row, "part": part, "pupil_part": "pupil"}
                | {"relationship": relationship, "has_parental_responsibility": responsible}
                | {"lives_with_pupil": own is None, "priority": order}
            )
        return self

    def council_tax(
        self,
        at: str,
        *liable: str,
        discount: str | None = None,
        since: str = "2010-04-01",
        until: str | None = None,
        on: str = COUNCIL_TAX,
    ) -> Town:
        row = len(self.persons) + 1
        for order, name in enumerate(liable, start=1):
            part = f"liable {order}"
            self.record(name, source="council_tax", part=part, at=at, on=on, role="liable", row=row)
            self.liabilities.append(
                {"delivery": f"council_tax {on}", "row": row, "part": part, "account": f"account {at} {since}"}
                | {"liable_from": day(since), "liable_to": day(until), "discount": discount}
            )
        return self

    def benefit(self, name: str, at: str, *, on: str = DWP, born: str | None = None) -> Town:
        self.born.setdefault(name, day(born))
        self.record(name, source="dwp_match", at=at, on=on, role="claimant")
        return self

    def adult(self, name: str, at: str, *, born: str | None = None) -> Town:
        """A row of the generic adults file, which states no date."""
        self.born.setdefault(name, day(born))
        self.record(name, source="adults", at=at, on=None, role="adult")
        return self

    def without(self, source: str) -> Town:
        """The same town without one source."""
        kept = {(p["delivery"], p["row"], p["part"]) for p in self.persons if p["source"] != source}
        other = Town()
        other.__dict__.update(self.__dict__)
        for table in ("persons", "contacts", "liabilities"):
            rows = getattr(self, table)
            setattr(other, table, [r for r in rows if (r["delivery"], r["row"], r["part"]) in kept])
        return other

    def shuffled(self, seed: int) -> Town:
        """The same town with its rows in another order."""
        other = Town()
        other.__dict__.update(self.__dict__)
        for table in ("persons", "contacts", "liabilities"):
            rows = list(getattr(self, table))
            random.Random(seed).shuffle(rows)
            setattr(other, table, rows)
        return other

    def formed(
        self,
        *,
        as_of: dt.date = AS_OF,
        previous: pl.DataFrame | None = None,
        decided: Iterable[tuple[str, str, str]] = (),
    ) -> FormedFamilies:
        """The families; `decided` are decisions of people, as (adult, child, answer)."""
        return form_families(
            self.records(),
            as_of=as_of,
            person_of_record=self._of_record("person_of_record", "person_id"),
            people=self.people(),
            address_of_record=self._of_record("address_of_record", "address_id"),
            addresses=self._addresses(),
            previous=previous,
            decisions=self._decisions(decided),
        )

    def _decisions(self, decided: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
        """Decisions over the first record of each of the two."""
        rows = []
        for number, (adult, child, answer) in enumerate(decided):
            row: dict[str, Any] = {"answer": answer, "decision": number}
            for end, name in (("a", adult), ("b", child)):
                record = next(person for person in self.persons if person["person_id"] == name)
                row |= {f"{key}_{end}": record[key] for key in KEYS}
            rows.append(row)
        return pl.DataFrame(rows, schema=DECISIONS)

    def families(self, **options: Any) -> list[dict[str, str]]:
        """The families, each as {name: role}, sorted."""
        members = self.formed(**options).family_members
        grouped = members.group_by("family_id").agg("person_id", "role")
        found = [dict(zip(names, roles, strict=True)) for _, names, roles in grouped.iter_rows()]
        return sorted(found, key=lambda family: sorted(family.items()))

    def family_of(self, child: str, **options: Any) -> dict[str, str]:
        """The one family of a child."""
        (family,) = [family for family in self.families(**options) if child in family]
        return family

    def reason(self, member: str) -> str:
        """Why a person is in the one family they are in."""
        members = self.formed().family_members.filter(pl.col("person_id") == member)
        return str(members["reason"].item())

    def records(self) -> dict[str, pl.DataFrame]:
        """The canonical tables of this layer's inputs."""
        rows: dict[str, list[dict[str, Any]]] = {
            "persons": self.persons,
            "contacts": self.contacts,
            "liabilities": self.liabilities,
            "properties": [self._property(uprn, parent) for uprn, parent in sorted(self.flats.items())],
            "enrolments": self.enrolments,
            "benefits": [],
        }
        return {name: _table(RECORD_TABLES[name].create_empty().schema, rows[name]) for name in rows}

    def _property(self, uprn: str, parent: str) -> dict[str, Any]:
        return {"delivery": "gazetteer", "row": 1, "part": "", "uprn": uprn, "parent_uprn": parent}

    def _of_record(self, table: str, column: str) -> pl.DataFrame:
        key = "address" if column == "address_id" else column
        rows = [p | {column: p[key], "reason": "made up"} for p in self.persons if p[key] is not None]
        return _table(RUN_TABLES[table].create_empty().schema, rows)

    def people(self) -> pl.DataFrame:
        names = sorted({p["person_id"] for p in self.persons})
        rows = [
            {"person_id": name, "forename": name.partition(" ")[0], "surname": name.partition(" ")[2]}
            | {"date_of_birth": self.born.get(name), "is_pupil": name in self.pupils, "records": 1}
            for name in names
        ]
        return _table(RUN_TABLES["people"].create_empty().schema, rows)

    def _addresses(self) -> pl.DataFrame:
        stated = {p["address"] for p in self.persons if p["address"]} | set(self.flats) | set(self.flats.values())
        rows = [
            {"address_id": text, "uprn": None if text in self.unmatched else text, "label": text}
            | {
                "postcode": f"CM1 {text.split()[-1]}",
                "is_communal": text in self.communal,
                "is_shared": text in self.shared,
            }
            for text in sorted(stated)
        ]
        return _table(RUN_TABLES["addresses"].create_empty().schema, rows)


def _table(schema: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
