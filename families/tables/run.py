"""What a run works out: who is who, who lives where and with whom, and what the rules make of it."""

from __future__ import annotations

import dataframely as dy

from families.tables.columns import column, key
from families.tables.records import Coverage, Rejected


class PersonOfRecord(dy.Schema):
    """Which person a record is of, and why."""

    source = key(dy.String, "source", retention="run")
    delivery = key(dy.String, "delivery", retention="run")
    row = key(dy.Int64, "row", retention="run")
    part = key(dy.String, "part of the row", retention="run")
    person_id = key(dy.String, "person", retention="run")
    reason = column(dy.String, "sentence: why this record is of this person", retention="run", nullable=False)
    weight = column(dy.Float64, "match weight, log2; blank for exact rules", unit="bits", retention="run")


class DoubtfulPairs(dy.Schema):
    """Two people of whom it is in doubt whether they are one, by a record of each: what a person is asked to decide."""

    source_a = key(dy.String, "source of a record of the one", retention="run")
    delivery_a = key(dy.String, "its delivery", retention="run")
    row_a = key(dy.Int64, "its row there", retention="run")
    part_a = key(dy.String, "its part of the row", retention="run")
    source_b = key(dy.String, "source of a record of the other", retention="run")
    delivery_b = key(dy.String, "its delivery", retention="run")
    row_b = key(dy.Int64, "its row there", retention="run")
    part_b = key(dy.String, "its part of the row", retention="run")
    person_a = key(dy.String, "the one", retention="run")
    person_b = key(dy.String, "the other", retention="run")
    kind = column(dy.String, "alike, refused, twins or swapped_birth", retention="run", nullable=False)
    weight = column(dy.Float64, "match weight, log2; blank where not weighed", unit="bits", retention="run")
    waterfall = column(dy.String, "what the weight is made of: JSON list of [what, bits]", retention="run")


class People(dy.Schema):
    """A person, with the value most of their records give for each fact."""

    person_id = key(dy.String, "person", retention="run")
    forename = column(dy.String, "forename", retention="run")
    surname = column(dy.String, "surname", retention="run")
    sex = column(dy.String, "sex", retention="run")
    date_of_birth = column(dy.Date, "date of birth", retention="run")
    birth_year_low = column(dy.Int32, "earliest possible year of birth, from ages stated", retention="run")
    birth_year_high = column(dy.Int32, "latest possible year of birth", retention="run")
    upn = column(dy.String, "UPN", retention="run")
    is_pupil = column(dy.Bool, "some record holds the person as a pupil or child", retention="run", nullable=False)
    records = column(dy.Int64, "records linked", retention="run", nullable=False)


class FormerPeople(dy.Schema):
    """A person that a record was of in an earlier run and is not now: given its id back if they are parted again."""

    source = key(dy.String, "source", retention="run")
    delivery = key(dy.String, "delivery", retention="run")
    row = key(dy.Int64, "row", retention="run")
    part = key(dy.String, "part of the row", retention="run")
    person_id = key(dy.String, "person it was of", retention="run")


class FormerFamilies(dy.Schema):
    """A family that a child was in in an earlier run and is not now."""

    person_id = key(dy.String, "child", retention="run")
    family_id = key(dy.String, "family the child was in", retention="run")


class Continuity(dy.Schema):
    """What became of people and families known by an id since the run published before, and why."""

    kind = key(
        dy.String, "person_merged, person_split, records_moved, family_merged, family_split, ...", retention="run"
    )
    old_id = key(dy.String, "id in the run before", retention="run")
    new_id = key(dy.String, "id in this run; blank where there is none", retention="run")
    person_id = key(dy.String, "who joined or left; blank where the whole is meant", retention="run")
    sentence = column(dy.String, "one sentence: what happened and why", retention="run", nullable=False)
    record_a = column(
        dy.String, "of people put together, a record of the one: JSON of its key", sensitivity="key", retention="run"
    )
    record_b = column(dy.String, "and one of the other", sensitivity="key", retention="run")


class LinkageQuality(dy.Schema):
    """A count about linkage; nobody is named."""

    figure = key(dy.String, "what is counted: links_by_reason, records_by_source, ...", retention="run")
    label = key(dy.String, "reason, source or band", retention="run")
    part = key(dy.String, "which of these; blank where they are not parted", retention="run")
    place = column(dy.Int64, "order in which labels are shown", retention="run", nullable=False)
    number = column(dy.Int64, "records or people", retention="run", nullable=False)


class DeliveryQuality(LinkageQuality):
    """A count about what was delivered; nobody is named."""


class SamplePairs(dy.Schema):
    """Two records drawn by kind and by hash, to measure by whether they are of one person."""

    pair_id = key(dy.String, "hash of the two records' keys", retention="run")
    place = column(dy.Int64, "order in which they are asked about", retention="run", nullable=False)
    sides = column(
        dy.String,
        "JSON list of [field, what the one says, what the other says]",
        sensitivity="address",
        retention="run",
        nullable=False,
    )
    stratum = column(
        dy.String, "kind of pair: the reason of a link, or how near they are", nullable=False, retention="run"
    )
    is_linked = column(dy.Bool, "the run says they are of one person", nullable=False, retention="run")
    stratum_pairs = column(dy.Int64, "pairs of this kind in the run", nullable=False, retention="run")
    source_a = key(dy.String, "source of the one record", retention="run")
    delivery_a = key(dy.String, "its delivery", retention="run")
    row_a = key(dy.Int64, "its row there", retention="run")
    part_a = key(dy.String, "its part of the row", retention="run")
    source_b = key(dy.String, "source of the other", retention="run")
    delivery_b = key(dy.String, "its delivery", retention="run")
    row_b = key(dy.Int64, "its row there", retention="run")
    part_b = key(dy.String, "its part of the row", retention="run")


class AddressOfRecord(dy.Schema):
    """Which address a record states, and why."""

    source = key(dy.String, "source", retention="run")
    delivery = key(dy.String, "delivery", retention="run")
    row = key(dy.Int64, "row", retention="run")
    part = key(dy.String, "part of the row", retention="run")
    address_id = key(dy.String, "address", retention="run")
    reason = column(dy.String, "sentence: why this record is at this address", retention="run", nullable=False)
    weight = column(dy.Float64, "match weight, log2; blank for exact rules", unit="bits", retention="run")


class Addresses(dy.Schema):
    """An address: a UPRN, or a cluster of like addresses standing in for one."""

    address_id = key(dy.String, "address: U and the UPRN, or A and a hash of the normalised text", retention="run")
    uprn = column(dy.String, "UPRN", sensitivity="address", retention="run")
    label = column(dy.String, "address to show", sensitivity="address", retention="run")
    postcode = column(dy.String, "postcode", sensitivity="address", retention="run")
    classification = column(dy.String, "AddressBase classification", retention="run")
    is_communal = column(dy.Bool, "hostel, refuge, children's home, boarding school", retention="run", nullable=False)
    is_shared = column(
        dy.Bool, "house in multiple occupation, or a building without its units", retention="run", nullable=False
    )


class Residences(dy.Schema):
    """A stay of a person at an address, as the records put it."""

    person_id = key(dy.String, "person", retention="run")
    address_id = key(dy.String, "address", retention="run")
    lived_from = column(dy.Date, "first day some record puts the person there", retention="run")
    lived_to = column(dy.Date, "last day; blank where it goes on", retention="run")
    is_current = column(dy.Bool, "lives there on the as-of date", retention="run", nullable=False)
    sources = column(dy.String, "sources, comma separated", retention="run", nullable=False)
    reason = column(dy.String, "sentence", retention="run", nullable=False)


class Links(dy.Schema):
    """A tie: a reason why two people belong together."""

    person_a = key(dy.String, "person; the child where the tie is parent and child", retention="run")
    person_b = key(dy.String, "the other", retention="run")
    tie = column(dy.String, "short name of the kind of tie", retention="run", nullable=False)
    strength = column(dy.Int32, "1 strongest to 6 weakest: design order of evidence", retention="run", nullable=False)
    is_resident = column(dy.Bool, "the tie says they live together on the as-of date", retention="run", nullable=False)
    relation = column(
        dy.String, "what b is to a: parent, step_parent, grandparent, carer, partner, sibling, ...", retention="run"
    )
    valid_from = column(dy.Date, "from", retention="run")
    valid_to = column(dy.Date, "to", retention="run")
    source = column(dy.String, "source", retention="run", nullable=False)
    delivery = column(dy.String, "delivery", sensitivity="key", retention="run")
    row = column(dy.Int64, "row", sensitivity="key", retention="run")
    reason = column(dy.String, "sentence", retention="run", nullable=False)


class Households(dy.Schema):
    """The people living at one address on the as-of date."""

    household_id = key(dy.String, "household: H and a hash of the address", retention="run")
    address_id = key(dy.String, "address", retention="run")
    person_id = key(dy.String, "person", retention="run")
    reason = column(dy.String, "sentence", retention="run", nullable=False)


class FamilyMembers(dy.Schema):
    """A member of a family: children, and the adults who live with and care for them; others linked."""

    family_id = key(dy.String, "family", retention="run")
    person_id = key(dy.String, "person", retention="run")
    role = column(
        dy.String,
        "child, parent, carer, adult (grown-up household member) or linked (not resident parent)",
        retention="run",
        nullable=False,
    )
    is_resident = column(dy.Bool, "lives with the family on the as-of date", retention="run", nullable=False)
    member_from = column(dy.Date, "from", retention="run")
    member_to = column(dy.Date, "to", retention="run")
    reason = column(dy.String, "one sentence: why this person is in this family", retention="run", nullable=False)


class Absence(dy.Schema):
    """Sessions by child, school and half term: the roll-up of marks and counts."""

    person_id = key(dy.String, "child", retention="run")
    school = column(dy.String, "LAESTAB", retention="run")
    academic_year = column(dy.String, "academic year", retention="run", nullable=False)
    term = column(dy.String, "autumn, spring or summer", retention="run", nullable=False)
    half = column(dy.Int32, "half term, blank where only the term is known", retention="run")
    possible = column(dy.Int32, "possible sessions", unit="sessions", retention="run", nullable=False)
    authorised = column(dy.Int32, "authorised absence", unit="sessions", retention="run", nullable=False)
    unauthorised = column(dy.Int32, "unauthorised absence", unit="sessions", retention="run", nullable=False)
    source = column(dy.String, "source", retention="run", nullable=False)
    delivery = column(dy.String, "delivery of the newest evidence", sensitivity="key", retention="run")
    row = column(dy.Int64, "row there", sensitivity="key", retention="run")


class AbsenceCodes(dy.Schema):
    """Sessions of absence by child, school, half term and code."""

    person_id = key(dy.String, "child", retention="run")
    school = column(dy.String, "LAESTAB", retention="run")
    academic_year = column(dy.String, "academic year", retention="run", nullable=False)
    term = column(dy.String, "autumn, spring or summer", retention="run", nullable=False)
    half = column(dy.Int32, "half term, blank where only the term is known", retention="run")
    code = column(dy.String, "attendance code", sensitivity="special", retention="run", nullable=False)
    sessions = column(dy.Int32, "sessions", unit="sessions", retention="run", nullable=False)


class Findings(dy.Schema):
    """One criterion for one person or family on a date: met, not_met or unknown, with what shows it."""

    family_id = key(dy.String, "family", retention="run")
    person_id = column(dy.String, "person; blank where the family itself is asked", sensitivity="key", retention="run")
    criterion = key(dy.String, "criterion id in the ruleset", retention="run")
    strand = column(dy.String, "strand of the criterion", retention="run", nullable=False)
    outcome = column(dy.String, "met, not_met or unknown", sensitivity="special", retention="run", nullable=False)
    value = column(
        dy.Int64, "the measure: a count, or the numerator of a share", sensitivity="special", retention="run"
    )
    out_of = column(dy.Int64, "the denominator of a share", sensitivity="special", retention="run")
    bound = column(dy.String, "the bound, as the ruleset words it", retention="run")
    window_from = column(dy.Date, "first day asked about", retention="run")
    window_to = column(dy.Date, "last day asked about", retention="run")
    newest_on = column(dy.Date, "date of the newest evidence", retention="run")
    detail = column(
        dy.String,
        "what was found, in words, or what is missing and which source would settle it",
        sensitivity="special",
        retention="run",
    )
    evidence = column(
        dy.String, "rows that show it: JSON list of [source, delivery, row]", sensitivity="key", retention="run"
    )


class Assessments(dy.Schema):
    """A strand, or eligibility itself, for one family."""

    family_id = key(dy.String, "family", retention="run")
    strand = key(dy.String, "strand id, or eligible", retention="run")
    outcome = column(dy.String, "met, not_met or unknown", sensitivity="special", retention="run", nullable=False)
    reason = column(dy.String, "one sentence", sensitivity="special", retention="run", nullable=False)


class NearMisses(dy.Schema):
    """How far a family that is not eligible is from being so: a statement of fact, by which nobody is put in order."""

    family_id = key(dy.String, "family", retention="run")
    route = column(dy.String, "the route to eligibility that is nearest", retention="run", nullable=False)
    strand = column(
        dy.String,
        "of its unmet strands the nearest; blank where all are met",
        sensitivity="special",
        retention="run",
    )
    criterion = column(dy.String, "the strand's criterion nearest its bound", sensitivity="special", retention="run")
    person_id = column(dy.String, "the person nearest that bound", sensitivity="key", retention="run")
    gap = column(
        dy.Int64,
        "what is missing of the bound, in the criterion's own units; blank where not known",
        sensitivity="special",
        retention="run",
    )
    sentence = column(dy.String, "all of it in one sentence", sensitivity="special", retention="run", nullable=False)


class Doubts(dy.Schema):
    """A question about linkage that a person can answer, with both sides and what would follow."""

    doubt_id = key(dy.String, "the question: a hash of what it asks and of the two records", retention="run")
    place = column(dy.Int64, "order of work: what would follow for eligibility first", retention="run", nullable=False)
    asks = column(
        dy.String,
        "pair: are the two one person; tie: does the one, an adult, belong to the family of the other, a child",
        retention="run",
        nullable=False,
    )
    kind = column(dy.String, "why it is in doubt, in short", retention="run", nullable=False)
    sentence = column(dy.String, "why it is in doubt, in a sentence", retention="run", nullable=False)
    effect = column(dy.String, "eligible, not_eligible, strand or none", sensitivity="special", retention="run")
    if_so = column(dy.String, "what would follow, in a sentence", sensitivity="special", retention="run")
    weight = column(dy.Float64, "match weight, log2; blank where not weighed", unit="bits", retention="run")
    waterfall = column(dy.String, "what the weight is made of: JSON list of [what, bits]", retention="run")
    name_a = column(dy.String, "name of the one", retention="run", nullable=False)
    name_b = column(dy.String, "name of the other", retention="run", nullable=False)
    sides = column(
        dy.String,
        "JSON list of [field, what the one says, what the other says, match, differs or missing]",
        sensitivity="address",
        retention="run",
        nullable=False,
    )
    source_a = key(dy.String, "source of a record of the one", retention="run")
    delivery_a = key(dy.String, "its delivery", retention="run")
    row_a = key(dy.Int64, "its row there", retention="run")
    part_a = key(dy.String, "its part of the row", retention="run")
    source_b = key(dy.String, "source of a record of the other", retention="run")
    delivery_b = key(dy.String, "its delivery", retention="run")
    row_b = key(dy.Int64, "its row there", retention="run")
    part_b = key(dy.String, "its part of the row", retention="run")
    found = column(dy.Int64, "questions of this kind that the run found, asked or not", retention="run", nullable=False)


RUN_TABLES: dict[str, type[dy.Schema]] = {
    "rejected": Rejected,
    "coverage": Coverage,
    "person_of_record": PersonOfRecord,
    "people": People,
    "doubtful_pairs": DoubtfulPairs,
    "address_of_record": AddressOfRecord,
    "addresses": Addresses,
    "residences": Residences,
    "links": Links,
    "households": Households,
    "family_members": FamilyMembers,
    "absence": Absence,
    "absence_codes": AbsenceCodes,
    "findings": Findings,
    "assessments": Assessments,
    "reviews": Findings,
    "near_misses": NearMisses,
    "doubts": Doubts,
    "continuity": Continuity,
    "former_people": FormerPeople,
    "former_families": FormerFamilies,
    "linkage_quality": LinkageQuality,
    "delivery_quality": DeliveryQuality,
    "sample_pairs": SamplePairs,
}
