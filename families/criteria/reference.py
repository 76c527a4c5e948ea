"""Writes REFERENCE.md: every ruleset in plain English with its worked cases, and how to write a case and an overlay.

Run as `python -m families.criteria.reference tests/spec`, where the worked cases lie; `make reference` does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from families import dates
from families.criteria import case, overlay
from families.criteria import ruleset_in_words as words
from families.criteria.askable import ASKABLE, NEVER, VALUES, allowed_values, codes
from families.criteria.case import Case, Expected
from families.criteria.case_facts import TERM_SESSIONS
from families.criteria.format_in_words import rows_of_model
from families.criteria.plain_english import TABLES, capital, value_in_words
from families.criteria.rulebook import load_ruleset, shipped
from families.criteria.ruleset import GRADES, Asked, Criterion, Ruleset
from families.criteria.spec_cases import WorkedCase, worked_cases

HERE = Path(__file__).parent
REFERENCE_PAGE = HERE / "REFERENCE.md"
PROSE = HERE / "reference_words"
EXAMPLES = HERE / "examples"
OVERLAY_EXAMPLE = EXAMPLES / "overlays" / "tf1-2012.toml"
TERMS_SHOWN = ("2009/10", "2026/27")
OUTCOMES = {"met": "met", "not_met": "not met", "unknown": "not known"}


def reference(cases: Sequence[WorkedCase]) -> str:
    """The whole page."""
    parts = [
        _prose("head"),
        "",
        *(f"- {words.grade_in_words(grade)}" for grade in GRADES),
        "",
        "## The rulesets",
        "",
    ]
    for name in shipped():
        loaded = load_ruleset(name)
        parts += [*_ruleset(loaded.rules, [each for each in cases if each.ruleset == name]), ""]
    parts += [*_case_format(), "", *_overlay_format(), "", *_tables_and_columns()]
    return "\n".join(parts).rstrip("\n") + "\n"


def _prose(name: str, **values: str) -> str:
    """A passage written by hand, with its {names} filled in."""
    text = (PROSE / f"{name}.md").read_text("utf-8").rstrip("\n")
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _ruleset(rules: Ruleset, cases: Sequence[WorkedCase]) -> Iterator[str]:
    yield f"### {rules.id}: {rules.title}"
    yield from ("", f"{rules.framework}. {words.in_force_in_words(rules)}.", "")
    yield from words.family_in_words(rules)
    yield from ("", "#### Eligible", "", *table(words.routes(rules)), "", "#### Strands and criteria")
    for strand in rules.strand:
        yield from ("", f"**{strand.label}** (`{strand.id}`)", "")
        said = words.strand_in_words(rules, strand.id)
        yield from (*said, "") if said else ()
        yield from table(_named(words.criteria_of(rules, strand.id)))
    if rules.review:
        yield from (
            "",
            "#### To look at",
            "",
            "These count towards nothing; a person looks before it is relied on.",
            "",
        )
        yield from table(_named(rules.review))
    yield from ("", *_results(rules), "", *_switches(rules), "", *_cases(cases))


def _named(asked: Sequence[Asked]) -> pl.DataFrame:
    """Questions with their ids and labels, and what would settle them."""
    told = words.questions(asked)
    return told.select(
        pl.Series("Id", [f"`{each.id}`" for each in asked]),
        pl.Series("Label", [each.label for each in asked]),
        "In words",
        "Data that counts",
        "Also",
        pl.Series("Settled by", [each.settled_by for each in asked]),
        "Source",
        "Grade",
    )


def _results(rules: Ruleset) -> Iterator[str]:
    yield from ("#### Results", "", *words.result_in_words(rules), "", *table(words.result_routes(rules)), "")
    if rules.condition:
        yield from ("Conditions that facts decide:", "", *table(_named(rules.condition)), "")
    if rules.casework_condition or rules.progress_condition:
        yield from ("Conditions that the casework decides:", "", *table(words.casework_conditions(rules)), "")
    yield from ("#### Money", "", *words.money_in_words(rules), "")
    if rules.money:
        yield from (*table(words.money_by_year(rules)), "")
    if rules.claim_window:
        yield from ("Claim windows:", "", *table(words.claim_windows(rules)))


def _switches(rules: Ruleset) -> Iterator[str]:
    yield from (
        "#### Switches",
        "",
        "What the text leaves open, each with the ways to read it; the first in bold is used",
        "where nobody chooses.",
        "",
    )
    rows = []
    for switch in rules.switch:
        options = [
            f"**`{option.id}`**: {option.label}" if option.id == switch.default else f"`{option.id}`: {option.label}"
            for option in switch.option
        ]
        rows.append(
            (
                f"`{switch.id}`",
                switch.label,
                "; ".join(options),
                ", ".join(switch.cases),
                switch.source,
                switch.confidence,
            )
        )
    yield from lines_of(("Switch", "Question", "Options", "Cases", "Source", "Grade"), rows)


def _cases(cases: Sequence[WorkedCase]) -> Iterator[str]:
    """Worked cases, those of the programme's text first, then those at the bounds."""
    yield from ("#### Worked cases", "")
    for heading, chosen in (
        ("", [each for each in cases if each.case.basis]),
        (
            "At the bounds: on each, beside it, outside what is asked, and not known.",
            [e for e in cases if not e.case.basis],
        ),
    ):
        if chosen:
            yield from ((heading, "") if heading else ())
            rows = [
                (
                    each.case.id,
                    each.case.about,
                    each.case.basis,
                    _setting(each.case),
                    expected_in_words(each.case.expected),
                )
                for each in chosen
            ]
            yield from (*lines_of(("Case", "About", "Basis", "Asked on", "Expected"), rows), "")


def _setting(each: Case) -> str:
    switches = [f"{name} = {option}" for name, option in each.switches.items()]
    return "; ".join([str(each.as_of), *switches])


def expected_in_words(expected: Expected) -> str:
    """What a case expects, in a line."""
    said = [f"{strand} {OUTCOMES[found]}" for strand, found in expected.strands.items()]
    said += [f"eligible: {OUTCOMES[expected.eligible]}"] if expected.eligible else []
    said += [f"to look at: {', '.join(expected.reviews) or 'nothing'}"] if expected.reviews is not None else []
    said += [f"route {route} {OUTCOMES[found]}" for route, found in expected.routes.items()]
    rest = expected.model_dump(exclude={"strands", "eligible", "reviews", "routes"}, exclude_none=True)
    said += [f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in rest.items()]
    return "; ".join(said)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")


def _case_format() -> Iterator[str]:
    yield _prose("case_format", full=str(TERM_SESSIONS))
    yield ""
    sections: list[tuple[str, type[BaseModel]]] = [
        ("The case", case.Case),
        ("`[[person]]`", case.Person),
        *((f"`{key}` of a person", model) for key, model in _of_person()),
        ("`[programme]`", case.Programme),
        ("`[[programme.problem]]`", case.Problem),
        ("`equivalent_progress` of a problem", case.EquivalentProgress),
        ("`earlier_claim` of the programme", case.EarlierClaim),
        ("`[authority]`", case.Authority),
        ("`[expected]`", case.Expected),
    ]
    for heading, model in sections:
        yield from (f"### {heading}", "", *keys_of(model), "")
    yield from (_prose("terms"), "", *_calendar(), "", *_names(), "", *_examples())


def _of_person() -> list[tuple[str, type[BaseModel]]]:
    return [
        ("sessions", case.Sessions), ("exclusions", case.Exclusion), ("provision", case.Provision),
        ("offences", case.Offence), ("asb", case.Asb), ("benefits", case.Benefit), ("care", case.Care),
        ("early_help", case.Span), ("housing", case.Housing), ("sentences", case.Sentence),
        ("domestic_incidents", case.DomesticIncident), ("services", case.Service), ("destinations", case.Destination),
        ("nominations", case.Nomination), ("work", case.Work),
    ]  # fmt: skip


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a part as a table."""
    return lines_of(("Key", "Meaning", "What may stand there", "Left out"), rows_of_model(model))


def _calendar() -> list[str]:
    years: dict[str, dict[str, str]] = {}
    for term in dates.authority_terms():
        if TERMS_SHOWN[0] <= term.academic_year <= TERMS_SHOWN[1]:
            years.setdefault(term.academic_year, {})[term.name] = f"{term.first_day} to {term.last_day}"
    names = ("autumn", "spring", "summer")
    return lines_of(
        ("School year", *(capital(name) for name in names)),
        [(year, *(of[name] for name in names)) for year, of in years.items()],
    )


def _names() -> Iterator[str]:
    yield from (
        "### Names of strands and routes",
        "",
        "Problems and needs are named by the ids of the ruleset's strands.",
        "",
    )
    rows = [
        (name, f"`{strand.id}`", strand.label, strand.headline)
        for name in shipped()
        for strand in load_ruleset(name).rules.strand
    ]
    yield from (*lines_of(("Ruleset", "Strand", "Label", "Headline outcome"), rows), "")
    routes = [
        (name, f"`{route.id}`", route.label) for name in shipped() for route in load_ruleset(name).rules.result_route
    ]
    yield from (*lines_of(("Ruleset", "Result route", "Label"), routes), "", "### Codes", "")
    benefits = [(f"`{code}`", value_in_words("benefits", "benefit", code)) for code in codes("benefits.csv")]
    needs = [(f"`{code}`", value_in_words("nominations", "need", code)) for code in codes("nomination_needs.csv")]
    yield from (*lines_of(("Benefit", "Meaning"), benefits), "", *lines_of(("Need of a nomination", "Meaning"), needs))


def _examples() -> Iterator[str]:
    yield from ("### An example for each ruleset", "", "They lie in `families/criteria/examples`.")
    for name in shipped():
        yield from (
            "",
            f"#### {name}.toml",
            "",
            "```toml",
            (EXAMPLES / f"{name}.toml").read_text("utf-8").rstrip("\n"),
            "```",
        )


def _overlay_format() -> Iterator[str]:
    yield from (_prose("overlay_format"), "")
    for heading, model in (
        ("The overlay", overlay.Overlay),
        ("`[[setting]]`", overlay.Setting),
        ("`[[criterion]]`", Criterion),
        ("`[outcomes_plan]`", overlay.OutcomesPlan),
        ("`[[outcomes_plan.outcome]]`", overlay.PlannedOutcome),
    ):
        yield from (f"### {heading}", "", *keys_of(model), "")
    yield from ("### An example overlay", "", "```toml", OVERLAY_EXAMPLE.read_text("utf-8").rstrip("\n"), "```")


def _tables_and_columns() -> Iterator[str]:
    yield from (_prose("reading", never=capital(", ".join(NEVER))), "")
    rows = []
    for name, able in ASKABLE.items():
        columns = [f"`{column}`{_values(name, column)}" for column in able.filters]
        numbers = ", ".join(f"`{column}`" for column in able.numbers)
        days = ", ".join(f"`{day}`" for day in able.days)
        rows.append((f"`{name}`", TABLES[name], "; ".join(columns), numbers, days))
    yield from lines_of(("Table", "What it tells", "Filtered by", "Added up", "Dated by"), rows)


def _values(name: str, column: str) -> str:
    if (name, column) not in VALUES:
        return ""
    shown = [str(value).lower() if isinstance(value, bool) else value for value in allowed_values(name, column)]
    return f" ({', '.join(shown)})"


def table(frame: pl.DataFrame) -> list[str]:
    """A frame as a table of Markdown, without the columns that are blank throughout."""
    kept = [name for name in frame.columns if not (frame[name].cast(pl.String).fill_null("") == "").all()]
    return lines_of(
        kept, [tuple("" if cell is None else str(cell) for cell in row) for row in frame.select(kept).rows()]
    )


def lines_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of Markdown."""
    head = [_line(columns), _line(["---"] * len(columns))]
    return [*head, *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"


def main(arguments: Sequence[str]) -> int:
    """Write the page from the cases of a folder."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("Give the folder of the worked cases: python -m families.criteria.reference tests/spec\n")
        return 2
    REFERENCE_PAGE.write_text(reference(worked_cases(Path(arguments[0]))), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
