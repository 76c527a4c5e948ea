"""The frames that pages of casework show; like `tables`, only columns on the screen, cells as plain text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from dashboard import tables, words
from families.casebook.leave import LeaveLine
from families.casebook.views import Days, FamilySummary
from families.cases.attendance import AttendanceNow, Sessions
from families.cases.identified import Dropped, Standing
from families.cases.referrals import Duplicate
from families.cases.views import CaseLine, CaseList, ReferralLine, ReferralRecord, TodayLine, WorkerLoad
from families.cases.workflow import clock
from families.working_days import add_working_days

KINDS = {
    "overdue": "Overdue",
    "due_soon": "Due in 7 days",
    "allocation": "New family",
    "alert": "New alert",
    "draft": "Draft",
    "approval": "Waits for you",
}


def today(lines: Sequence[TodayLine], *, as_at: dt.date) -> pl.DataFrame:
    """What somebody must do, in order of the day it is due."""
    return pl.DataFrame(
        {
            "What": [KINDS[line.what] for line in lines],
            "Family": [words.plain(line.family_name) for line in lines],
            "Why": [words.plain(line.sentence) for line in lines],
            "Due": [due(line.due_on, as_at) for line in lines],
        },
        schema=dict.fromkeys(("What", "Family", "Why", "Due"), pl.String),
    )


def my_cases(found: CaseList, *, as_at: dt.date) -> pl.DataFrame:
    """The same with how the children attend now and did before the work, in numbers, and the alerts that wait."""
    how = [found.attendance.get(case.case_id, AttendanceNow(None, None)) for case in found.cases]
    return cases(found.cases, as_at=as_at).with_columns(
        pl.Series("Attendance now", [attended(each.now) for each in how], pl.String),
        pl.Series("At baseline", [attended(each.baseline) for each in how], pl.String),
        pl.Series("Change", [change(each) for each in how], pl.String),
        pl.Series("Alerts", [words.counted(each.alerts, "alert") if each.alerts else "none" for each in how]),
    )


def attended(sessions: Sessions | None) -> str:
    """The share of sessions attended, or that nothing is known of it."""
    return words.NOT_SUPPLIED if sessions is None else f"{sessions.attended_percent:g}%"


def change(attendance: AttendanceNow) -> str:
    """How attendance changed, in words."""
    if attendance.now is None:
        return words.NOT_SUPPLIED
    if attendance.baseline is None:
        return "no baseline"
    points = round(attendance.now.attended_percent - attendance.baseline.attended_percent, 1)
    if not points:
        return "the same"
    return f"{'up' if points > 0 else 'down'} {abs(points):g} points"


def cases(lines: Sequence[CaseLine], *, as_at: dt.date) -> pl.DataFrame:
    """A page of cases: where each stands, what comes next, and whose it is."""
    return pl.DataFrame(
        {
            "Family": [words.plain(line.family_name) for line in lines],
            "Children": [line.children for line in lines],
            "Stage": [line.state_label for line in lines],
            "Next": [_next(line, as_at) for line in lines],
            "Last step": [words.short_date(line.last_step_on) for line in lines],
            "Worker": [words.plain(line.worker_name or "nobody yet") for line in lines],
        },
        schema={"Family": pl.String, "Children": pl.Int64}
        | dict.fromkeys(("Stage", "Next", "Last step", "Worker"), pl.String),
    )


def _next(line: CaseLine, as_at: dt.date) -> str:
    return f"{line.next_due} {due(line.next_due_on, as_at)}" if line.next_due_on else "Nothing is due."


def due(day: dt.date | None, as_at: dt.date) -> str:
    """A day something is due on, with how far off it is in words."""
    if day is None:
        return ""
    days = (day - as_at).days
    if days == 0:
        return f"{words.short_date(day)} (today)"
    number = f"{abs(days)} day{'s' if abs(days) > 1 else ''}"
    return f"{words.short_date(day)} ({number} overdue)" if days < 0 else f"{words.short_date(day)} (in {number})"


GONE = " (works here no more: give the families to somebody else in their records)"
LOADS = (
    *("Open families", "Children", "Overdue reviews", "Due in 7 days", "Due later", "No review yet"),
    "New in 30 days",
)


def loads(them: Sequence[WorkerLoad], *, as_at: dt.date) -> pl.DataFrame:
    """What each worker has, by name: never ranked."""
    return pl.DataFrame(
        {
            "Worker": [words.plain(load.name) + (GONE if load.is_disabled else "") for load in them],
            "Open families": [load.families for load in them],
            "Children": [load.children for load in them],
            "Overdue reviews": [load.overdue_reviews for load in them],
            "Due in 7 days": [load.due_soon_reviews for load in them],
            "Due later": [load.later_reviews for load in them],
            "No review yet": [load.without_review for load in them],
            "New in 30 days": [load.new for load in them],
            "Leave": [away(load.leave, as_at) or "none entered" for load in them],
        },
        schema={"Worker": pl.String} | dict.fromkeys(LOADS, pl.Int64) | {"Leave": pl.String},
    ).sort("Worker", maintain_order=True)


def days(these: Days) -> str:
    """A first and a last day; one day where they are the same."""
    first, last = (words.short_date(day) for day in these)
    return first if first == last else f"{first} to {last}"


def away(leave: Sequence[Days], as_at: dt.date) -> str:
    """When somebody is away, from now on."""
    return words.listed(
        f"away until {words.short_date(each[1])}" if each[0] <= as_at else f"away {days(each)}" for each in leave
    )


def leave(lines: Sequence[LeaveLine]) -> pl.DataFrame:
    """Who is away, from when to when."""
    rows = [(words.plain(line.name), words.short_date(line.from_day), words.short_date(line.to_day)) for line in lines]
    return _texts(("Who", "First day", "Last day"), rows)


def waiting(lines: Sequence[CaseLine], *, as_at: dt.date) -> pl.DataFrame:
    """Confirmed families without a worker, for how long, and by when each is to have one."""
    allocate_by = [add_working_days(line.state_since, clock("allocate")) for line in lines]
    return pl.DataFrame(
        {
            "Family": [words.plain(line.family_name) for line in lines],
            "Children": [line.children for line in lines],
            "Waiting since": [words.short_date(line.state_since) for line in lines],
            "Days": [(as_at - line.state_since).days for line in lines],
            "Allocate by": [due(day, as_at) for day in allocate_by],
        },
        schema={
            **{"Family": pl.String, "Children": pl.Int64, "Waiting since": pl.String, "Days": pl.Int64},
            "Allocate by": pl.String,
        },
    )


def referrals(lines: Sequence[ReferralLine]) -> pl.DataFrame:
    """Referrals, each with how long there is to decide on it."""
    return _texts(
        ("Time left", "Family", "From", "Urgency", "Received"),
        [
            (
                words.capital(line.time_left or line.state_label),
                words.plain(line.family_name),
                words.plain(line.agency),
                line.urgency_label,
                words.short_date(line.received_on),
            )
            for line in lines
        ],
    )


def time_left_icon(line: ReferralLine) -> str:
    """The icon beside the words for how long there is."""
    if line.is_overdue:
        return ":material/warning:"
    if line.time_left.startswith("The clock stands still"):
        return ":material/pause_circle:"
    return ":material/schedule:" if line.time_left else ":material/task_alt:"


def referral_facts(record: ReferralRecord) -> pl.DataFrame:
    """A referral as a list of what is asked and what it says."""
    line = record.line
    rows = [
        ("Received", words.long_date(line.received_on)),
        ("To be decided by", words.long_date(line.due_on)),
        ("From", f"{record.reporter}, {line.agency}"),
        ("How to reach them", record.contact),
        ("Basis for sharing", record.basis),
        ("Privacy notice given", "Yes" if record.notice_given else "No"),
        ("Reasons", record.reasons),
        ("Needs", words.listed(record.needs) or "none named"),
        ("Asked of the referrer", line.asked),
        ("What they answered", record.answered),
        ("Decided", _decided(record)),
        ("Rationale", record.rationale),
        ("The referrer is told", line.told),
    ]
    return _texts(("What", "Said"), [(what, words.plain(said)) for what, said in rows if said])


def _decided(record: ReferralRecord) -> str | None:
    if record.decided_on is None:
        return None
    who = f" by {record.decided_by}" if record.decided_by else ""
    return (
        f"{record.outcome_label or words.capital(record.line.state_label)}, {words.long_date(record.decided_on)}{who}"
    )


def referral_people(record: ReferralRecord) -> pl.DataFrame:
    """The people a referral names."""
    rows = [(words.plain(name), words.short_date(born), words.role(relation)) for name, born, relation in record.people]
    return _texts(("Name", "Born", "In the family"), rows)


DUPLICATES = {"same_family": "The same family", "same_person": "The same person", "open_plan": "Open work"}


def duplicates(found: Sequence[Duplicate]) -> pl.DataFrame:
    """Why a referral may be of a family that is known."""
    return _texts(
        ("What", "Why", "Family"),
        [(DUPLICATES[each.what], words.plain(each.sentence), each.family_id or "not known") for each in found],
    )


def own_referrals(lines: Sequence[ReferralLine]) -> pl.DataFrame:
    """What somebody referred: where it stands, and what they were told."""
    return _texts(
        ("Family", "Referred", "Outcome"),
        [
            (words.plain(line.family_name), words.short_date(line.received_on), line.told or _not_decided(line))
            for line in lines
        ],
    )


def _not_decided(line: ReferralLine) -> str:
    return "Waits for information from you" if line.state == "more_information" else "Waits for a decision"


def identified(families: Sequence[FamilySummary], known: Mapping[str, Standing], *, with_change: bool) -> pl.DataFrame:
    """Families of the run: what they meet, how new that is, to whom they are known, and what is not known of them."""
    shown = _texts(
        ("Family", "Strands met", "Newest evidence", "People", "Known to", "Not known"),
        [
            (
                words.plain(family.name),
                tables.strands_that_are("met", family.strands),
                words.short_date(family.newest_evidence_on),
                str(family.size),
                words.plain(known[family.family_id].known_to),
                family.near_miss or family.unknown or "nothing that is asked",
            )
            for family in families
        ],
    )
    if not with_change:
        return shown
    changes = [f"{words.short_date(each.changed_on)}: {each.change}" for each in map(_of(known), families)]
    return shown.insert_column(1, pl.Series("What changed", changes, dtype=pl.String))


def _of(known: Mapping[str, Standing]) -> Callable[[FamilySummary], Standing]:
    return lambda family: known[family.family_id]


def identified_facts(family: FamilySummary, stands: Standing) -> pl.DataFrame:
    """One family of the run, as a list of what is asked and what is known."""
    rows = [
        ("Children and ages", words.children(family.children, family=family.name)),
        ("People at home", str(family.size)),
        ("Known to", stands.known_to),
        ("In the casebook since", words.long_date(stands.in_casebook_since)),
        ("To be confirmed by", words.long_date(stands.confirm_by) if stands.confirm_by else ""),
        ("What changed", f"{words.long_date(stands.changed_on)}: {stands.change}" if stands.change else ""),
        ("What is missing", family.near_miss),
        ("Not known", family.unknown),
    ]
    return _texts(("What", "Known"), [(what, words.plain(said)) for what, said in rows if said])


def dropped(them: Sequence[Dropped]) -> pl.DataFrame:
    """Families that are no longer published, and why."""
    return _texts(
        ("Family", "Dropped", "Why", "Met before", "People", "Known to"),
        [
            (
                f"{words.plain(each.name)}, {each.family_id}",
                words.short_date(each.dropped_on),
                words.plain(each.why),
                each.strands or "none",
                str(each.size),
                words.plain(each.known_to),
            )
            for each in them
        ],
    )


def _texts(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
