"""What was delivered: one table for the people a row names, and one for each kind of fact a row states.

Every row knows its delivery, its row there (from 1, header not counted; the n-th pupil element in XML), and its
part: which person or block of that row it is ("" where the row is one thing). Facts join to the person they are
about on (delivery, row, part). Values are as delivered after trimming; nothing is guessed.
"""

from __future__ import annotations

import dataframely as dy

from families.tables.columns import column, key


class Provenance(dy.Schema):
    """Where a row stands: the three columns that every record table starts with."""

    delivery = key(dy.String, "delivery id: first 16 hex digits of the SHA-256")
    row = key(dy.Int64, "row in the delivery, from 1")
    part = key(dy.String, "which person or block of the row")


class Persons(Provenance):
    """A person as one row of one source names them. The only input of linkage about people."""

    source = key(dy.String, "source")
    role = column(dy.String, "what the source holds the person as: pupil, contact, liable, claimant, ...")
    source_person_id = column(dy.String, "the source's own id of the person", sensitivity="key")
    title = column(dy.String, "title")
    forename = column(dy.String, "forename")
    middle_names = column(dy.String, "middle names")
    surname = column(dy.String, "surname")
    preferred_forename = column(dy.String, "preferred forename")
    preferred_surname = column(dy.String, "preferred surname")
    former_surname = column(dy.String, "former surname")
    sex = column(dy.String, "sex: F, M or U")
    date_of_birth = column(dy.Date, "date of birth, where day, month and year are all given")
    birth_year = column(dy.Int32, "year of birth")
    birth_month = column(dy.Int32, "month of birth")
    birth_day = column(dy.Int32, "day of birth")
    age = column(dy.Int32, "age in whole years on `stated_on`", unit="years")
    upn = column(dy.String, "Unique Pupil Number, upper case; may fail its check letter (see flags)")
    former_upn = column(dy.String, "former UPN")
    uln = column(dy.String, "Unique Learner Number")
    nhs_number = column(dy.String, "NHS number")
    nino = column(dy.String, "National Insurance number, without spaces")
    phone = column(dy.String, "telephone")
    email = column(dy.String, "e-mail")
    uprn = column(dy.String, "UPRN as delivered, valid by form", sensitivity="address")
    saon = column(dy.String, "secondary name or number: flat, unit", sensitivity="address")
    paon = column(dy.String, "primary name or number", sensitivity="address")
    street = column(dy.String, "street", sensitivity="address")
    town = column(dy.String, "town", sensitivity="address")
    address = column(
        dy.String,
        "the whole address but postcode as one text, comma separated, always filled when any part is",
        sensitivity="address",
    )
    postcode = column(dy.String, "postcode, upper case with one space where valid", sensitivity="address")
    stated_on = column(dy.Date, "the day the row speaks of: reference, extract or received date")
    valid_from = column(dy.Date, "from when the person was at this address or in this record, where given")
    valid_to = column(dy.Date, "to when, where given")


class Enrolments(Provenance):
    """A pupil on, or no longer on, the roll of a school."""

    school = column(dy.String, "LAESTAB, 7 digits")
    stated_on = column(dy.Date, "reference date of the return")
    is_on_roll = column(dy.Bool, "on roll on the reference date")
    enrol_status = column(dy.String, "C single, M main, S subsidiary, F, O, G")
    entry_date = column(dy.Date, "entry date")
    leaving_date = column(dy.Date, "leaving date")
    nc_year = column(dy.String, "national curriculum year, actual")
    boarder = column(dy.String, "boarder code")


class Contacts(Provenance):
    """A contact of a pupil. (delivery, row, part) is the contact; (delivery, row, pupil_part) the pupil."""

    pupil_part = key(dy.String, "the pupil's part in the same row")
    relationship = column(dy.String, "CTF relationship code")
    has_parental_responsibility = column(dy.Bool, "parental responsibility: a legal fact, not a residence")
    lives_with_pupil = column(dy.Bool, "the file says that the contact's address is the pupil's")
    priority = column(dy.Int32, "order in which to call")


class AttendanceCounts(Provenance):
    """Sessions per code and period, as the school census and termly extracts state them; long."""

    upn = column(dy.String, "UPN of the pupil")
    school = column(dy.String, "LAESTAB, 7 digits")
    academic_year = column(dy.String, "academic year, as 2012/13", nullable=False)
    term = column(dy.String, "autumn, spring or summer", nullable=False)
    half = column(dy.Int32, "half term counted: 1, 2, or blank where the whole term is")
    code = column(
        dy.String, "attendance code; or possible, authorised, unauthorised for a stated total", nullable=False
    )
    sessions = column(dy.Int32, "sessions", unit="sessions", nullable=False)


class Marks(Provenance):
    """Session marks, wide: one row per pupil, school and half term of a delivery.

    `row` is the delivery row of the pupil's first mark in it; the pupil's Persons row has the same key.
    Character i of `marks` is the session `first_monday` + (i // 10) weeks + (i % 10 // 2) days, AM where i is even.
    A space means no mark delivered. Codes of two characters are stored as one (data/reference/mark_characters.csv).
    """

    school = column(dy.String, "LAESTAB, 7 digits")
    academic_year = column(dy.String, "academic year, as 2012/13", nullable=False)
    term = column(dy.String, "autumn, spring or summer", nullable=False)
    half = column(dy.Int32, "1 or 2", nullable=False)
    first_monday = column(dy.Date, "the Monday on which the string starts", nullable=False)
    marks = column(dy.String, "one character a session", nullable=False)


class Exclusions(Provenance):
    """An exclusion or suspension."""

    school = column(dy.String, "LAESTAB, 7 digits")
    category = column(dy.String, "PERM, FIXD, SUSP or LNCH", nullable=False)
    started_on = column(dy.Date, "first day", nullable=False)
    ended_on = column(dy.Date, "last day")
    sessions = column(dy.Int32, "length in half days", unit="sessions")
    reasons = column(dy.String, "reason codes, comma separated")


class Liabilities(Provenance):
    """A person liable for council tax or a tenancy."""

    account = column(dy.String, "account reference", sensitivity="key")
    liable_from = column(dy.Date, "liable from")
    liable_to = column(dy.Date, "liable to")
    discount = column(dy.String, "discount, exemption or disregard code; SPD is single person discount")


class Benefits(Provenance):
    """An out-of-work benefit of an adult at an address submitted to DWP, on the reference date."""

    stated_on = column(dy.Date, "reference date of the match", sensitivity="dwp", nullable=False)
    benefit = column(dy.String, "JSA, ESA, IS, IB, SDA or CA", sensitivity="dwp", nullable=False)
    started_on = column(dy.Date, "start date of the benefit", sensitivity="dwp")


class BenefitChecks(Provenance):
    """An address submitted to DWP, matched or not: where it answers, no benefit row means none claimed."""

    stated_on = column(dy.Date, "reference date of the match", sensitivity="dwp", nullable=False)
    is_matched = column(dy.Bool, "DWP found the address", sensitivity="dwp", nullable=False)
    address = column(dy.String, "address as the authority sent it, without postcode", sensitivity="address")
    postcode = column(dy.String, "postcode as sent", sensitivity="address")
    uprn = column(dy.String, "UPRN as sent", sensitivity="address")


class Offences(Provenance):
    """A proven offence of a young person, as youth justice holds it."""

    offence = column(dy.String, "offence description", sensitivity="criminal")
    offence_date = column(dy.Date, "date of the offence", sensitivity="criminal")
    outcome = column(dy.String, "caution, conviction, reprimand, final warning, ...", sensitivity="criminal")
    outcome_date = column(dy.Date, "date of the outcome", sensitivity="criminal")
    is_proven = column(dy.Bool, "the outcome proves the offence", sensitivity="criminal")


class AsbMeasures(Provenance):
    """An anti-social behaviour order, injunction or contract, a housing notice, or an incident laid to the person."""

    kind = column(
        dy.String,
        "ASBO, ASBI, ABC, CBO, NOSP (notice seeking possession), injunction, demotion, eviction, warning, incident",
        sensitivity="criminal",
        nullable=False,
    )
    ground = column(dy.String, "asb, arrears or other: the ground of a housing notice", sensitivity="criminal")
    issued_on = column(dy.Date, "issued; the day of an incident", sensitivity="criminal")
    ended_on = column(dy.Date, "ended or expires", sensitivity="criminal")


class CareEpisodes(Provenance):
    """An episode with children's social care."""

    kind = column(dy.String, "CIN, CP, LAC, S47, EH (early help)", sensitivity="special", nullable=False)
    started_on = column(dy.Date, "start", sensitivity="special")
    ended_on = column(dy.Date, "end", sensitivity="special")
    category = column(dy.String, "primary need or category of abuse", sensitivity="special")


class EducationStatuses(Provenance):
    """A status of a child outside a school roll, as the education welfare service keeps it."""

    status = column(
        dy.String, "CME (missing education), EHE (elective home education), AP (alternative provision)", nullable=False
    )
    reason = column(dy.String, "why, e.g. permanently excluded")
    started_on = column(dy.Date, "from")
    ended_on = column(dy.Date, "to")


class HousingStatuses(Provenance):
    """What a housing service has on record against a tenancy or for a household without a home."""

    kind = column(
        dy.String,
        "arrears, notice_arrears (notice for arrears), eviction_risk, temporary_accommodation, homeless, unsuitable, "
        "excluded_from_home",
        nullable=False,
    )
    amount_pence = column(dy.Int64, "amount owed, where the kind is arrears and the file says", unit="pence")
    started_on = column(dy.Date, "from")
    ended_on = column(dy.Date, "to; blank where it is still so")


class Sentences(Provenance):
    """A sentence being served, in custody or in the community, as probation holds it."""

    kind = column(
        dy.String, "custody, licence, community_order, suspended_sentence", sensitivity="criminal", nullable=False
    )
    started_on = column(dy.Date, "start", sensitivity="criminal")
    ended_on = column(dy.Date, "end", sensitivity="criminal")
    release_on = column(dy.Date, "expected release from custody", sensitivity="criminal")
    has_parenting_responsibility = column(
        dy.Bool, "probation records that the person has parenting responsibilities", sensitivity="criminal"
    )


class DomesticIncidents(Provenance):
    """One person's part in an incident of domestic abuse reported to the police."""

    occurred_on = column(dy.Date, "date of the incident", sensitivity="criminal")
    role = column(dy.String, "victim, suspect or child", sensitivity="criminal", nullable=False)
    is_marac = column(dy.Bool, "heard by a multi-agency risk assessment conference", sensitivity="criminal")
    risk = column(dy.String, "standard, medium or high, as last assessed", sensitivity="criminal")


class ServiceFlags(Provenance):
    """That a person is or was with a health service: which and when, and nothing of the reason or the care."""

    service = column(
        dy.String,
        "mental_health, drugs, alcohol, perinatal, expectant_parent, learning_disability, physical_health, "
        "early_years_development",
        sensitivity="special",
        nullable=False,
    )
    started_on = column(dy.Date, "from", sensitivity="special")
    ended_on = column(dy.Date, "to", sensitivity="special")


class Destinations(Provenance):
    """What a young person does after compulsory schooling, as the destinations record has it."""

    status = column(dy.String, "neet, no_offer, education, training, employment, unknown", nullable=False)
    started_on = column(dy.Date, "from")
    ended_on = column(dy.Date, "to")


class Nominations(Provenance):
    """A professional's nomination of a person for a need. No free text is kept."""

    need = column(dy.String, "code of data/reference/nomination_needs.csv", sensitivity="special", nullable=False)
    nominated_by = column(
        dy.String, "kind of agency: school, police, health_visitor, housing, social_care, voluntary, other"
    )
    nominated_on = column(dy.Date, "date of the nomination")
    ended_on = column(dy.Date, "withdrawn or answered")


class WorkSteps(Provenance):
    """An adult's step to work, as the authority's own record has it."""

    kind = column(dy.String, "employment, work_programme, esf_provision", nullable=False)
    started_on = column(dy.Date, "start")
    ended_on = column(dy.Date, "end")
    benefit_left = column(
        dy.String, "benefit left for it: JSA, ESA, IS, IB, SDA, CA or UC; blank where not known", sensitivity="dwp"
    )
    meets_earnings_floor = column(
        dy.Bool, "earnings reach the floor that Universal Credit's conditions set", sensitivity="dwp"
    )


class Properties(Provenance):
    """An address of the gazetteer."""

    uprn = key(dy.String, "UPRN")
    parent_uprn = column(dy.String, "UPRN of the building", sensitivity="address")
    classification = column(dy.String, "AddressBase classification code: RD..., RH house in multiple occupation, RI")
    organisation = column(dy.String, "organisation at the address", sensitivity="address")
    saon = column(dy.String, "secondary addressable object", sensitivity="address")
    paon = column(dy.String, "primary addressable object", sensitivity="address")
    street = column(dy.String, "street", sensitivity="address")
    town = column(dy.String, "town", sensitivity="address")
    address = column(dy.String, "single line without postcode", sensitivity="address")
    postcode = column(dy.String, "postcode", sensitivity="address")
    logical_status = column(dy.Int32, "1 approved, 3 alternative, 6 provisional, 8 historical")
    x = column(dy.Float64, "easting", unit="m", sensitivity="address")
    y = column(dy.Float64, "northing", unit="m", sensitivity="address")


class Schools(Provenance):
    """A school or other provider."""

    school = key(dy.String, "LAESTAB, 7 digits")
    name = column(dy.String, "name")
    phase = column(dy.String, "primary, secondary, special, pru, other")
    opened_on = column(dy.Date, "opened")
    closed_on = column(dy.Date, "closed")


class Coverage(Provenance):
    """What a source speaks for: outside it, silence means unknown, never no."""

    source = key(dy.String, "the source spoken of")
    school = column(dy.String, "LAESTAB, or blank for the whole authority")
    covers_from = column(dy.Date, "first day covered", nullable=False)
    covers_to = column(dy.Date, "last day covered", nullable=False)
    basis = column(
        dy.String,
        "stated (by a delivery note or the file) or inferred (from its earliest to latest event)",
        nullable=False,
    )


class Rejected(Provenance):
    """A row refused, kept whole."""

    source = key(dy.String, "source")
    rule = column(dy.String, "short name of the rule", nullable=False)
    reason = column(dy.String, "what is wrong, why it matters and what to do; no personal value", nullable=False)
    raw = column(dy.String, "the row as received, as JSON", sensitivity="special")


class Flags(Provenance):
    """A doubt about an accepted row."""

    source = key(dy.String, "source")
    field = column(dy.String, "column in doubt", nullable=False)
    rule = column(dy.String, "short name of the rule", nullable=False)
    reason = column(dy.String, "what is doubtful; no personal value", nullable=False)


RECORD_TABLES: dict[str, type[dy.Schema]] = {
    "persons": Persons,
    "enrolments": Enrolments,
    "contacts": Contacts,
    "attendance_counts": AttendanceCounts,
    "marks": Marks,
    "exclusions": Exclusions,
    "liabilities": Liabilities,
    "benefits": Benefits,
    "benefit_checks": BenefitChecks,
    "offences": Offences,
    "asb_measures": AsbMeasures,
    "care_episodes": CareEpisodes,
    "education_statuses": EducationStatuses,
    "housing_statuses": HousingStatuses,
    "sentences": Sentences,
    "domestic_incidents": DomesticIncidents,
    "service_flags": ServiceFlags,
    "destinations": Destinations,
    "nominations": Nominations,
    "work_steps": WorkSteps,
    "properties": Properties,
    "schools": Schools,
    "coverage": Coverage,
    "rejected": Rejected,
    "flags": Flags,
}
