"""The keys of the files people write by hand, from their models: what each means and what may stand there.

A key without a meaning here is an error, so that none can be added and not explained.
"""

from __future__ import annotations

import datetime as dt
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from families.criteria import case, overlay, ruleset

SPAN = {
    "from_": "the first day; left out, it began on a day not known: it is in force until it ends, and where "
    "beginnings or weeks are counted, that is not known",
    "to": "the last day; left out, it goes on",
}
MEANINGS: dict[type[BaseModel], dict[str, str]] = {
    case.Case: {
        "id": "a name of the case, shown with the answer",
        "about": "what the case shows, in a sentence",
        "basis": "of a worked case: T where the text of the programme says so, I where it is interpretation",
        "ruleset": "the ruleset to try, by id, or the path of an overlay or ruleset file that ends in .toml; "
        "`by_date`: the one in force when the work began, or with no `programme.attached_on` on the day of the claim",
        "as_of": "the day asked about; ages, terms and months are counted back from it",
        "switches": "options of the ruleset's switches, as `{ rounding = \"whole_percent\" }`; left out, each default",
        "benefit_data_on": "the day the benefit data was drawn; left out, the day asked about",
        "not_known": "sources of which nothing was delivered, for the whole family",
        "person": "the members of the family",
        "programme": "what the programme did; left out, no result is asked about",
        "authority": "a question about an authority's funding, not about a family",
        "expected": "what the case expects, compared with the answer",
    },
    case.Person: {
        "name": "any text; each person of a case has a name of their own",
        "role": "child; parent or carer of the children; adult: another grown-up of the household, as a grown sibling; "
        "linked: a parent who lives elsewhere",
        "born": "the date of birth",
        "age": "instead of `born`: age in whole years on `as_of`; the birthday is taken as half a year before. "
        "With neither, the role decides who is a child and who an adult, and ages are not known",
        "lives_here": "left out: everybody does but linked people",
        "lives_with_parent": "left out: whoever lives in a family where a parent or carer lives",
        "joined_on": "the first day as a member of the family; left out, always",
        "left_on": "the first day as a member no more; left out, never",
        "school": "where a child is educated on `as_of`; left out: on a school's roll where of compulsory school age "
        "or older or where `sessions` are given, until the last Friday in June of the school year of the 16th birthday",
        "school_until": "the last day on a school's roll",
        "not_known": "sources of which nothing was delivered for this person",
        "sessions": "attendance by term; left out, a pupil attended every term in full. Where given, a term of school "
        "age that is not among them was not delivered and is not known",
        "exclusions": "exclusions and suspensions",
        "provision": "places in a pupil referral unit or alternative provision",
        "offences": "offences with an outcome",
        "asb": "anti-social behaviour, and what was done about it",
        "benefits": "benefits and tax credits; what is claimed on the day of the benefit data counts",
        "care": "episodes with children's social care",
        "early_help": "early help episodes",
        "housing": "what a housing service has on record",
        "sentences": "sentences served, and releases from prison to come",
        "domestic_incidents": "domestic abuse reported to the police",
        "services": "health and treatment services",
        "destinations": "what a young person does after 16. Of somebody asked about it who is on no school's roll, "
        "nothing listed for the day means not known",
        "nominations": "professionals' nominations for a need",
        "work": "jobs and steps to work",
    },
    case.Sessions: {
        "term": "as `autumn 2012`, by the year in which the term is; or a school year as `2012/13`, shared evenly "
        "over its three terms",
        "possible": "sessions (half days) the child could attend",
        "unauthorised": "of these, missed without leave",
        "authorised": "of these, missed with leave",
    },
    case.Exclusion: {
        "on": "the first day",
        "kind": "fixed: for a fixed term, a suspension",
        "half_days": "its length in sessions",
        "number": "so many alike",
    },
    case.Provision: {**SPAN, "because": "after an exclusion, or for another reason (which counts nowhere)"},
    case.Offence: {
        "on": "the day of the outcome",
        "offence_on": "the day of the offence; left out, the same day",
        "proven": "whether it was proven",
        "number": "so many alike",
    },
    case.Asb: {
        "kind": "an order, injunction, contract, notice, warning or a reported incident",
        "on": "the day it was issued or happened",
        "to": "the last day in force; left out, it goes on",
        "ground": "of a housing measure: why",
        "number": "so many alike",
    },
    case.Benefit: {**SPAN, "kind": "a code of the list below"},
    case.Care: {**SPAN, "kind": "CIN child in need, CP protection plan, LAC looked after, S47 enquiry"},
    case.Span: SPAN,
    case.Housing: {**SPAN, "kind": "what is on record"},
    case.Sentence: {
        **SPAN,
        "kind": "custody, on licence or supervision after it, or a sentence in the community",
        "release_on": "the day of release from prison",
        "parenting": "whether with parenting responsibilities",
    },
    case.DomesticIncident: {
        "on": "the day",
        "role": "the person's part in it",
        "marac": "whether it went to the multi-agency conference",
        "risk": "as the police graded it",
    },
    case.Service: {**SPAN, "kind": "which service; expectant_parent: with maternity services"},
    case.Destination: {**SPAN, "status": "neet: not in education, employment or training; no_offer: nothing yet"},
    case.Nomination: {
        "need": "a code of the list below",
        "on": "the day of the nomination",
        "to": "the last day it stood; only kept, a nomination counts by its day",
        "by": "who nominated",
    },
    case.Work: {
        **SPAN,
        "kind": "a job, or a step towards one",
        "benefit_left": "the benefit left for it, a code of the list below; left out, the benefit that ended last "
        "before it began, and where there is none, not known",
        "meets_earnings_floor": "whether it earns the floor that Universal Credit sets; left out, not known",
    },
    case.Programme: {
        "attached_on": "the day the work with the family began",
        "closed_on": "the day the case was closed",
        "claim_on": "the day of the claim; left out, `as_of`",
        "left_area_on": "the day the family moved to another authority",
        "consent_withdrawn_on": "the day the family withdrew its consent",
        "whole_family_assessment": "whether the whole family was assessed",
        "whole_family_plan": "whether there is a plan for the whole family",
        "lead_worker": "whether there is a lead worker",
        "plan_meets_outcomes_plan": "whether the plan follows the authority's outcomes plan",
        "internal_audit": "pending: a result that is met is ready and not yet claimable",
        "evidenced": "strands whose evidence was found when the claim was sampled; left out, it was not sampled",
        "children_at_attachment": "names of the children the work began with, of whom most must still be in the family",
        "problem": "each problem or need, known at the start or found later",
        "earlier_claim": "results claimed before",
    },
    case.Problem: {
        "strand": "the id of a strand of the ruleset, from its table",
        "found_on": "the day it was found; one found after the claim is not asked about",
        "resolved_on": "the day from which the plan's measure has been met without a break",
        "measure_met": "says outright whether the plan's measure, with the time it must last, is met",
        "equivalent_progress": "a named person's decision that progress is as good; counts where a switch accepts it, "
        "and from its day",
    },
    case.EquivalentProgress: {"by": "who decided", "on": "the day of the decision"},
    case.EarlierClaim: {
        "ruleset": "under which ruleset, by id; one of another programme changes nothing",
        "route": "the id of its result route",
        "on": "the day of the claim",
        "amount": "pounds paid",
        "same_family": "false: paid to another family, under another name or address",
        "children": "of another family: its children who are in this one, as named here",
    },
    case.Authority: {
        "families": "families the authority was told to turn around",
        "funded": "or those it is funded for",
        "worked_with": "families worked with, and the year's allocation: `[750, 900]`",
        "valid_outcomes": "outcomes found valid, paid at the rate of the year of `as_of`",
        "payment_by_results_area": "whether the authority is paid by results",
    },
    case.Expected: {
        "strands": "by strand id: met, not_met or unknown",
        "eligible": "whether the family is eligible",
        "reviews": "ids of the reviews that ask a person to look",
        "routes": "by result route: met, not_met or unknown",
        "result": "claimable; ready: met and not yet audited; not_claimable; unknown; review: waits for a person; "
        "invalid: sampled and not evidenced; blocked: paid before, or nothing more is payable",
        "claimable_from": "the first day on which what must last has lasted",
        "payable": "pounds payable now",
        "attachment": "pounds of attachment fee",
        "total": "pounds of attachment fee and results, those paid before included",
        "counts_as_result": "whether it counts as a result in published figures",
        "ruleset": "the ruleset that `by_date` comes to",
        "funded": "families funded",
        "attachment_year_one": "attachment fees of the first year, in pounds",
        "results_year_one": "results of the first year, in pounds",
        "funding": "funding altogether, in pounds",
        "release": "how much of the next year's fees is released, in the ruleset's words",
    },
    overlay.Overlay: {
        "extends": "the shipped ruleset that the file builds on, by id",
        "authority": "the authority's name",
        "switches": "options of its switches",
        "setting": "new values for criteria and conditions whose rule is of grade M or I",
        "criterion": "local criteria, written as in a ruleset, each with a strand of the ruleset",
        "leaves_out": "local factors of the ruleset that the authority does not use",
        "payment_by_results_area": "whether the authority is paid by results",
        "outcomes_plan": "the authority's outcomes plan",
    },
    overlay.Setting: {
        "id": "of a criterion, review, condition or progress_condition of the ruleset",
        "bound": "as `{ at_least = 2 }`",
        "window": "as `{ months = 12 }`",
        "where": "which rows count, as `{ need = [\"police_call_outs\"] }`",
        "fresh_within_months": "how old data may be",
        "averaging": "pooled, mean_of_terms or each_term",
        "sustained_months": "of a progress_condition: how long progress must last",
        "source": "where the authority settled it",
    },
    overlay.OutcomesPlan: {
        "title": "its title",
        "adopted_on": "the day it was adopted",
        "outcome": "what is taken for success, strand by strand",
    },
    overlay.PlannedOutcome: {
        "strand": "a strand of the ruleset, by id",
        "goal": "what is to be reached",
        "measure": "what shows that it is",
        "evidence": "where that is read",
    },
    ruleset.Criterion: {
        "id": "an id of its own",
        "strand": "the strand it counts towards",
        "label": "the question as people say it",
        "asked_of": "each child, adult or member, or the family as a whole",
        "ages": "`{ from = 16, to = 18 }`, either may be left out",
        "compulsory_school_age": "only of children of compulsory school age",
        "measure": "count of rows; total of a column; share of sessions; status: is there a row in force; reduction "
        "against a time before; duration in whole weeks",
        "table": "a table of the last section",
        "where": "which of its rows count: columns, each with the values that count",
        "unless": "a duration leaves out spells that overlap such a row",
        "numerator": "of a share: the sessions counted",
        "denominator": "of a share: the sessions they are a part of",
        "total_of": "of a total: the column added up",
        "consecutive": "of a duration: the longest run of weeks, and not all of them",
        "averaging": "of a share: sessions added up over the terms, the mean of the terms' shares, or each term",
        "rounding": "of a share: whether it is rounded, halves up, before it is compared",
        "dated_by": "the column of days that an event goes by",
        "age_at": "event: the age on the day of the event counts",
        "window": "one of `terms = 3` (with `including_current_term`, `since_attachment`), `academic_years = 1`, "
        "`months = 12`, `months_ahead = 12`, `weeks = 30`, `current = true`, `ever = true`",
        "baseline": "of a reduction: `{ months = 6, ends = \"window\" }` or `\"attachment\"`",
        "bound": "one comparison, or a list of them with the days `from` and `to` on which each is in force. Of a "
        "count, total, status or duration: at_least, more_than, below, at_most; of a share the same with _percent; "
        "of a reduction: reduced_by_percent, or reduced_by = [1, 3]",
        "what": "what is counted, or for a status how it reads when it is so",
        "what_not": "for a status: how it reads when it is not so",
        "settled_by": "what would settle it where it is not known",
        "fresh_within_months": "data older than that leaves it not known",
        "snapshot": "the data tells of the day it was drawn",
        "source": "where the rule stands",
        "confidence": "V, C, M or I",
    },
}  # fmt: skip
WORDS = {str: "text", int: "whole number", bool: "true or false", dt.date: "date, as 2012-10-01"}


def rows_of_model(model: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """The keys of a part: key, meaning, what may stand there, what it is where left out."""
    told = MEANINGS[model]
    return [
        (f"`{field.alias or name}`", told[name], type_in_words(field.annotation, field.metadata), _left_out(field))
        for name, field in model.model_fields.items()
    ]


def type_in_words(annotation: Any, metadata: list[Any] | None = None) -> str:
    """What may stand at a key: `date`, `one of child, parent`, `list of tables`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(inner[0])
    if origin is Literal:
        shown = [str(value) for value in inner if value != ""]
        return f"one of {', '.join(shown)}" if len(shown) > 1 else shown[0]
    if origin in (UnionType, Union):
        return " or ".join(type_in_words(each) for each in inner if each is not NoneType)
    if origin is list:
        return _list_in_words(inner[0], metadata or [])
    if origin is tuple:
        return "two whole numbers in square brackets"
    if origin is dict:
        return "table"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return WORDS.get(annotation, "see the meaning")


def _list_in_words(inner: Any, metadata: list[Any]) -> str:
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return "table, or list of tables" if metadata else "list of tables"
    if get_origin(inner) is Literal:
        return f"list of {', '.join(str(value) for value in get_args(inner))}"
    return "text, or list of texts" if metadata else "list of texts"


def _left_out(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int) and default != "" else ""
