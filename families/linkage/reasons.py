"""Why two records are one person: the sentences people read, strongest first."""

from __future__ import annotations

from enum import StrEnum


class LinkReason(StrEnum):
    """One reason why a record is of a person."""

    ONLY_RECORD = "no other record is known to be of this person"
    DECIDED = "a person decided that the two are one"
    SAME_UPN = "same UPN"
    FORMER_UPN = "the former UPN in one record is the UPN of the other"
    SAME_NHS_NUMBER = "same NHS number, and the names or dates of birth agree"
    SAME_NINO = "same National Insurance number, and the names or dates of birth agree"
    SAME_ULN = "same Unique Learner Number, and the names or dates of birth agree"
    SAME_SOURCE_ID = "same number in the source's own system, and the names or dates of birth agree"
    NAME_AND_BIRTH = "same name and date of birth"
    NICKNAME_AND_BIRTH = "same surname and date of birth, and forenames that are forms of one name"
    SURNAME_AND_BIRTH = "same forename and date of birth, and a former, preferred or part surname that agrees"
    SWAPPED_AND_BIRTH = "same date of birth and the same names, forename and surname the other way round"
    NAME_AND_CHILD = "same name, contact of the same child"
    NICKNAME_AND_CHILD = "contact of the same child, same surname, and forenames that are forms of one name"
    SURNAME_AND_CHILD = "contact of the same child, same forename, and a former, preferred or part surname that agrees"
    SWAPPED_AND_CHILD = "contact of the same child, forename and surname the other way round"
    NAME_AND_ADDRESS = "same name at one address"
    NICKNAME_AND_ADDRESS = "same surname at one address, and forenames that are forms of one name"
    SURNAME_AND_ADDRESS = "same forename at one address, and a former, preferred or part surname that agrees"
    SWAPPED_AND_ADDRESS = "same names at one address, forename and surname the other way round"
    NAME_AND_FAMILY = "same name, at two addresses where one and the same child is known"
    NICKNAME_AND_FAMILY = "same surname and a form of the same forename, at two addresses where the same child is known"
    SURNAME_AND_FAMILY = "same forename and an agreeing surname, at two addresses where the same child is known"
    SWAPPED_AND_FAMILY = "same names the other way round, at two addresses where the same child is known"
    NAME_AND_PARTNER = "same name, with the same other adult at two addresses or on the contact lists of two children"
    NICKNAME_AND_PARTNER = "same surname and a form of the same forename, with the same other adult at two addresses"
    SURNAME_AND_PARTNER = "same forename and an agreeing surname, with the same other adult at two addresses"
    SWAPPED_AND_PARTNER = "same names the other way round, with the same other adult at two addresses"
    NAME_AND_SURNAME_OF_CHILD = "same name, with a child at one address and an adult at the other who share a surname"
    NAME_AND_MOVE = "same name, liable at one address from when liability at the other ended"
    RARE_NAME = "same name, which nobody else here is known by"
    NAME_AND_NEIGHBOURHOOD = "same name, which few have, in one postcode sector; no source knows both of them"
    LIKENESS = "names, date of birth, address and sex are together too alike for chance"
    SPELLING_AND_ADDRESS = (
        "surnames and forenames (or forms of one) spelt alike, at one home where no source knows both of them"
    )
    OLD_ENOUGH_AND_ADDRESS = "same name at one address, a pupil now old enough for the electoral register"
    FORENAME_AND_CHILD = "same forename, contact of the same child, surname changed"
    FORENAME_AND_ADDRESS = "same forename at one home, where no other adult has it; surname changed"
    FORENAME_LIKE_AND_ADDRESS = (
        "forms or spellings of one forename at one home, where no other adult has it; surname changed"
    )


STRENGTH = {reason.value: float(len(LinkReason) - place) for place, reason in enumerate(LinkReason)}
