"""From facts to findings to strands to eligibility, in three values at every level, for all families at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from families.criteria.ages import age
from families.criteria.coding import coded
from families.criteria.facts import Facts
from families.criteria.gaps import fresh_benefit_checks, gaps_of, of_everybody, school_ages
from families.criteria.measures import measured
from families.criteria.outcomes import MET, NOT_MET, OUTCOME, UNKNOWN, all_of, any_of, outcome_of
from families.criteria.requirements import required_members
from families.criteria.ruleset import Ages, Asked, Condition, MeasuredCondition, Route, Ruleset, Strand
from families.criteria.windows import window_of
from families.tables.run import Findings

IN_WORDS = {MET: "met", NOT_MET: "not met", UNKNOWN: "not known"}
FINDING = [
    "family_id", "person_id", "criterion", "strand", "outcome", "value", "out_of",
    "bound", "window_from", "window_to", "newest_on", "detail", "evidence",
]  # fmt: skip
REVIEW = "review"
LINKED = "linked"
ELIGIBLE = "eligible"
AGELESS, BIRTH = "no date of birth is known", "a record that gives it"
OLDEST = 200  # years, and nobody is older
_MANY = 2**32  # more than there are texts


@dataclass(frozen=True)
class Evaluation:
    """The Findings and Assessments of one ruleset on one day, and what a person must look at before relying on them.

    Findings are many: their criteria, strands, bounds and details are categories and their outcomes an Enum, which take
    a byte or four each where a text takes sixteen.
    """

    findings: pl.DataFrame
    assessments: pl.DataFrame
    reviews: pl.DataFrame


def evaluate(rules: Ruleset, facts: Facts) -> Evaluation:
    """Ask every criterion of everybody it is asked of, then strands by any-of, then routes by at-least-k."""
    in_numbers = facts.in_numbers(coded)
    made = _evaluate(rules, in_numbers.facts)
    return Evaluation(
        in_numbers.decoded(made.findings),
        in_numbers.decoded(made.assessments).with_columns(pl.col("strand", "outcome", "reason").cast(pl.String)),
        in_numbers.decoded(made.reviews),
    )


def _evaluate(rules: Ruleset, facts: Facts) -> Evaluation:
    members = members_asked(rules, facts)
    families = members.filter(pl.col("role") != LINKED).select(pl.col("family_id").unique().sort())
    members = members.join(families, on="family_id", how="semi", maintain_order="left")
    found = {each.id: asked_of_all(each, each.strand, rules, facts, members) for each in rules.criterion}
    strands = {
        strand.id: _strand(
            strand, rules, [found[each.id] for each in rules.criterion if each.strand == strand.id], families, facts
        )
        for strand in rules.strand
    }
    eligible = _eligible(rules, strands, found, members, facts)
    return Evaluation(
        in_order(found),
        pl.concat([rows for _, rows in sorted({**strands, ELIGIBLE: eligible}.items())], rechunk=False),
        reviews_of(rules, facts, {each.id for each in rules.review}),
    )


def in_order(found: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Findings by criterion, family and person; those of each criterion are given by family and person.

    Each part stays as it is: millions of rows in order of families would be sorted and copied for nobody's sake.
    """
    if not found:
        return Findings.create_empty()
    return pl.concat([found[name] for name in sorted(found)], rechunk=False)


def reviews_of(rules: Ruleset, facts: Facts, wanted: Collection[str]) -> pl.DataFrame:
    """What a person must look at, of everybody it is asked of; the reviews of these ids."""
    members = members_asked(rules, facts)
    asked = {each.id: asked_of_all(each, REVIEW, rules, facts, members) for each in rules.review if each.id in wanted}
    return in_order(asked)


def members_asked(rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """The members that count for a ruleset, with their age in years: residents in its roles, and linked people where
    it takes them in.
    """
    here = pl.col("is_resident") & pl.col("role").is_in(rules.family.members)
    linked = pl.col("role").eq(LINKED) & pl.lit(LINKED in rules.family.members)
    return facts.once(
        ("members", *rules.family.members),
        lambda: (
            facts.members.filter(here | linked)
            .sort("family_id", "person_id")
            .with_columns(age(pl.col("date_of_birth"), facts.as_of).alias("years"))
        ),
    )


def people_asked(asked: Asked, rules: Ruleset, facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    """The members a question is asked of. Without a date of birth the role in the family decides who is grown up."""
    born, years = pl.col("date_of_birth"), pl.col("years")
    grown_up = (years >= rules.family.adult_from).fill_null(pl.col("role") != "child")
    wanted = {"child": ~grown_up, "adult": grown_up}.get(asked.asked_of, pl.lit(True))
    if asked.age_at == "event":
        did = measured(asked, facts, adult_from=rules.family.adult_from)["person_id"]
        was_young = age(born, window_of(asked, facts).first_day) < rules.family.adult_from
        wanted = wanted | pl.col("person_id").is_in(did.implode()) | was_young.fill_null(False)
    if asked.ages is not None:
        wanted = wanted & _of_age(asked.ages, rules.family.adult_from)
    people = members.lazy().filter(wanted).select("family_id", "person_id").collect()
    if asked.compulsory_school_age:
        outside = school_ages(facts).filter(
            (pl.col("school_age_from") > facts.as_of) | (pl.col("school_age_to") < facts.as_of)
        )
        people = people.join(outside, on="person_id", how="anti", maintain_order="left")
    return people


def _of_age(ages: Ages, adult_from: int) -> pl.Expr:
    """Who is, or may be, of these ages. Without a date of birth a child may be; a grown-up is where every adult is."""
    from_, to = ages.from_ or 0, ages.to if ages.to is not None else OLDEST
    a_child_may_be = pl.lit(from_ < adult_from) & (pl.col("role") == "child")
    every_adult_is = pl.lit(from_ <= adult_from and to == OLDEST) & (pl.col("role") != "child")
    return pl.col("years").is_between(from_, to).fill_null(a_child_may_be | every_adult_is)


def _of_unknown_age(asked: Asked, rules: Ruleset, facts: Facts) -> pl.Series:
    """Children without a date of birth, where a question is asked of some ages only: whether of them is not known."""
    ages = asked.ages or Ages()
    every_child = (ages.from_ or 0) == 0 and (ages.to is None or ages.to >= rules.family.adult_from - 1)
    people = facts.members.select("person_id", "role", "date_of_birth")
    if every_child and not asked.compulsory_school_age:
        return people.clear()["person_id"]
    return people.filter(pl.col("role") == "child", pl.col("date_of_birth").is_null())["person_id"].unique()


def asked_of_all(asked: Asked, strand: str, rules: Ruleset, facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    """The findings of one question: one row for everybody it is asked of, or one a family where the family is asked."""
    people = people_asked(asked, rules, facts, members)
    known = with_knowledge(people, asked, rules, facts)
    if asked.asked_of == "family":
        known = _together(known)
    findings = as_findings(known, asked, strand, rules, facts)
    if asked.table != "benefits":
        return findings
    answered = fresh_benefit_checks(asked, facts).select("person_id", "stated_on")
    findings = (
        findings.join(answered, on="person_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("newest_on", "stated_on").alias("newest_on"))
        .select(FINDING)
    )
    residents = members.filter(pl.col("role") != LINKED)
    alone = residents.join(people, on="family_id", how="anti")
    if facts.is_whole_family or alone.is_empty():
        return findings
    return pl.concat([findings, _of_no_known_adult(asked, strand, facts, alone, template=findings)])


def with_knowledge(people: pl.DataFrame, asked: Asked, rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """People with their measure, and with what of it is not known."""
    adult_from = rules.family.adult_from
    told = measured(asked, facts, adult_from=adult_from)
    gaps = gaps_of(asked, facts, adult_from=adult_from)
    known = _beside(people, told)
    if (why := of_everybody(gaps, facts)) is not None:
        blank = pl.lit(None, dtype=gaps.schema["missing"])
        told_of_all = pl.lit(why, dtype=pl.Categorical).alias("why")
        known = known.with_columns(blank.alias("missing"), told_of_all, pl.lit(True).alias("has_gap"))
    else:
        known = _beside(known, gaps.with_columns(pl.col("why").cast(pl.Categorical), pl.lit(True).alias("has_gap")))
    return known.with_columns(
        pl.col("value").fill_null(0),
        pl.col("out_of").fill_null(0) if asked.measure == "share" else pl.col("out_of"),
        pl.col("has_gap").fill_null(False),
        *([pl.col("baseline").fill_null(0)] if asked.measure == "reduction" else []),
    )


def _beside(people: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """People with what is told of them; where nothing is told of anybody, blanks and no join."""
    if told.is_empty():
        blank = {name: dtype for name, dtype in told.schema.items() if name != "person_id"}
        return people.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in blank.items())
    return people.join(told, on="person_id", how="left", maintain_order="left")


def _together(known: pl.DataFrame) -> pl.DataFrame:
    """The members' measures added up, for a question asked of the family."""
    texts = pl.col("evidence").drop_nulls().str.strip_chars("[]").str.join(",")
    return known.group_by("family_id", maintain_order=True).agg(
        pl.lit(None, dtype=known.schema["person_id"]).alias("person_id"),
        pl.col("value").sum(),
        pl.col("out_of").sum(),
        pl.col("newest_on").max(),
        pl.when(pl.col("evidence").is_not_null().any()).then(pl.format("[{}]", texts)).alias("evidence"),
        pl.col("has_gap").any(),
        pl.col("missing").sum(),
        whys_together(),
        *([pl.col("baseline").sum()] if "baseline" in known.columns else []),
    )


def whys_together() -> pl.Expr:
    """Why things are not known of several people, each reason once."""
    return pl.col("why").drop_nulls().unique(maintain_order=True).cast(pl.String).str.join("; ").cast(pl.Categorical)


def as_findings(known: pl.DataFrame, asked: Asked, strand: str, rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """Measures against the bound of the day, as rows of the Findings table."""
    window, bound = window_of(asked, facts), asked.bound_on(facts.as_of)
    gap = pl.when(pl.col("outcome") == UNKNOWN).then(pl.col("why").fill_null("it is not known"))
    measured = known.with_columns(outcome_of(asked, bound).alias("outcome"))
    findings = _where_age_is_known(measured, asked, rules, facts).select(
        "family_id",
        "person_id",
        *_asked_by(asked, strand),
        "outcome",
        "value",
        pl.col("baseline").alias("out_of") if asked.measure == "reduction" else "out_of",
        pl.lit(bound.words, dtype=pl.Categorical).alias("bound"),
        pl.lit(window.first_day).alias("window_from"),
        pl.lit(window.last_day).alias("window_to"),
        "newest_on",
        gap.alias("detail"),
        "evidence",
    )
    whys = findings["detail"].drop_nulls().unique()
    if whys.is_empty():
        return findings
    sentences = {why: f"{why}; {BIRTH if why == AGELESS else asked.settled_by} would settle it" for why in whys}
    return findings.with_columns(pl.col("detail").replace_strict(sentences, default=None, return_dtype=pl.Categorical))


def _where_age_is_known(measured: pl.DataFrame, asked: Asked, rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """What would count for or against the family is not known of a child who may not be of the ages asked."""
    ageless = _of_unknown_age(asked, rules, facts)
    if ageless.is_empty():
        return measured
    counts = NOT_MET if isinstance(asked, MeasuredCondition) and asked.of == "each" else MET
    is_open = pl.col("person_id").is_in(ageless.implode()) & (pl.col("outcome") == counts)
    return measured.with_columns(
        pl.when(is_open).then(pl.lit(UNKNOWN, dtype=OUTCOME)).otherwise("outcome").alias("outcome"),
        pl.when(is_open).then(pl.lit(AGELESS, dtype=pl.Categorical)).otherwise("why").alias("why"),
    )


def _asked_by(asked: Asked, strand: str) -> list[pl.Expr]:
    return [
        pl.lit(asked.id, dtype=pl.Categorical).alias("criterion"),
        pl.lit(strand, dtype=pl.Categorical).alias("strand"),
    ]


def _of_no_known_adult(
    asked: Asked, strand: str, facts: Facts, members: pl.DataFrame, *, template: pl.DataFrame
) -> pl.DataFrame:
    """Families of whom no adult is known: where DWP answered for their home and named nobody there, nobody claims.

    Their home is where each of them lives; a child's other home is another family's.
    """
    window = window_of(asked, facts)
    checked = fresh_benefit_checks(asked, facts)
    unanswered = f"no adult of the family is known, and DWP has not answered for the address; {asked.settled_by}"
    somebody = "somebody claims at the address who is not known to be of the family; a record that ties them to a child"
    return (
        members.join(checked, on="person_id", how="left")
        .group_by("family_id")
        .agg(
            pl.col("stated_on").is_not_null().any().alias("answered"),
            pl.col("claimants").sum(),
            pl.col("stated_on").max().alias("newest_on"),
        )
        .with_columns(
            pl.when(pl.col("answered") & (pl.col("claimants") == 0))
            .then(pl.lit(NOT_MET, dtype=OUTCOME))
            .otherwise(pl.lit(UNKNOWN, dtype=OUTCOME))
            .alias("outcome"),
            pl.when(pl.col("answered") & (pl.col("claimants") > 0))
            .then(pl.lit(somebody))
            .otherwise(pl.lit(unanswered))
            .alias("why"),
        )
        .with_columns(
            pl.when(pl.col("outcome") == UNKNOWN)
            .then(pl.format("{} would settle it", "why"))
            .cast(pl.Categorical)
            .alias("detail"),
            *_asked_by(asked, strand),
            pl.lit(0, dtype=pl.Int64).alias("value"),
            pl.lit(asked.bound_on(facts.as_of).words, dtype=pl.Categorical).alias("bound"),
            pl.lit(window.first_day).alias("window_from"),
            pl.lit(window.last_day).alias("window_to"),
            *(pl.lit(None, dtype=template.schema[name]).alias(name) for name in ("person_id", "out_of", "evidence")),
        )
        .select(FINDING)
    )


def _strand(
    strand: Strand, rules: Ruleset, findings: list[pl.DataFrame], families: pl.DataFrame, facts: Facts
) -> pl.DataFrame:
    """Any one criterion of any one member is enough; one unknown among the unmet leaves it unknown."""
    labels = {criterion.id: criterion.label for criterion in rules.criterion}
    of_note = pl.concat(
        each.select("family_id", "criterion", "outcome", "detail").filter(pl.col("outcome") != NOT_MET)
        for each in findings
    )
    asked = "; ".join(each.label for each in rules.criterion if each.strand == strand.id)
    nobody = NOT_MET if facts.is_whole_family else strand.if_nobody_asked
    why_nobody = "nobody in the family is asked this" if facts.is_whole_family else strand.nobody_asked
    return (
        families.with_columns(
            pl.when(_is_of(of_note.filter(pl.col("outcome") == MET)))
            .then(pl.lit(MET, dtype=OUTCOME))
            .when(_is_of(of_note))
            .then(pl.lit(UNKNOWN, dtype=OUTCOME))
            .when(pl.any_horizontal(_is_of(each) for each in findings))
            .then(pl.lit(NOT_MET, dtype=OUTCOME))
            .alias("outcome")
        )
        .join(_labels_met(of_note, labels), on="family_id", how="left", maintain_order="left")
        .join(_what_is_missing(of_note), on="family_id", how="left", maintain_order="left")
        .select(
            "family_id",
            pl.lit(strand.id, dtype=pl.Categorical).alias("strand"),
            pl.col("outcome").fill_null(pl.lit(nobody, dtype=OUTCOME)),
            pl.when(pl.col("outcome") == MET)
            .then("met_by")
            .when(pl.col("outcome") == UNKNOWN)
            .then("gap")
            .when(pl.col("outcome") == NOT_MET)
            .then(pl.lit(f"Not met: none of these holds: {asked}.", dtype=pl.Categorical))
            .otherwise(pl.lit(f"{IN_WORDS[nobody].capitalize()}: {why_nobody}.", dtype=pl.Categorical))
            .alias("reason"),
        )
    )


def _is_of(rows: pl.DataFrame) -> pl.Expr:
    """Whether any of these rows is of the family."""
    return pl.col("family_id").is_in(rows["family_id"].unique().implode())


def _labels_met(rows: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """The labels of the criteria that each family meets, each once, as the reason."""
    return (
        rows.filter(pl.col("outcome") == MET)
        .select("family_id", "criterion")
        .unique()
        .sort("family_id", "criterion")
        .group_by("family_id", maintain_order=True)
        .agg(pl.col("criterion").replace_strict(labels, return_dtype=pl.String).str.join("; ").alias("met_by"))
        .with_columns(pl.format("Met: {}.", "met_by").cast(pl.Categorical).alias("met_by"))
    )


def _what_is_missing(rows: pl.DataFrame) -> pl.DataFrame:
    """What is not known of each family, each gap once, as the reason; written once for all who lack the same."""
    unknown = rows.filter(pl.col("outcome") == UNKNOWN).select("family_id", "criterion", "detail")
    each_gap = pl.col("criterion").to_physical().cast(pl.UInt64) * _MANY + pl.col("detail").to_physical()
    alike = (
        unknown.select("family_id", each_gap.alias("gaps"))
        .group_by("family_id")
        .agg("gaps")
        .group_by("gaps")
        .agg(pl.col("family_id").min().alias("like"), "family_id")
    )
    written = _written(unknown.join(alike.select(family_id="like"), on="family_id", how="semi", maintain_order="left"))
    return (
        alike.join(written, left_on="like", right_on="family_id")
        .select("family_id", "gap")
        .explode("family_id", empty_as_null=False, keep_nulls=False)
    )


def _written(unknown: pl.DataFrame) -> pl.DataFrame:
    """The gaps of each family in a sentence."""
    return (
        unknown.unique(["family_id", "detail"], keep="first", maintain_order=True)
        .with_columns(pl.col("criterion", "detail").cast(pl.String))
        .sort("family_id", "criterion", maintain_order=True)
        .group_by("family_id", maintain_order=True)
        .agg(pl.col("detail").str.join("; ").alias("gap"))
        .with_columns(pl.format("Not known: {}.", "gap").cast(pl.Categorical).alias("gap"))
    )


def _eligible(
    rules: Ruleset,
    strands: Mapping[str, pl.DataFrame],
    found: Mapping[str, pl.DataFrame],
    members: pl.DataFrame,
    facts: Facts,
) -> pl.DataFrame:
    """Eligible by any route whose conditions all hold, where the family has whom the programme is for."""
    families = next(iter(strands.values())).select("family_id")
    wide = (
        families.with_columns(rows["outcome"].alias(name) for name, rows in strands.items())
        .join(_of_residents(rules, list(found.values()), members), on="family_id", how="left", maintain_order="left")
        .join(required_members(rules, facts), on="family_id", how="left", maintain_order="left")
    )
    # families of the same strands are decided together
    alike = wide.group_by(pl.exclude("family_id")).agg("family_id")
    return _decided(rules, alike).explode("family_id", empty_as_null=False, keep_nulls=False).sort("family_id")


def _decided(rules: Ruleset, wide: pl.DataFrame) -> pl.DataFrame:
    """Eligibility and its reason, of rows that have every strand in a column."""
    routes = {f"route {route.id}": _route(route, rules) for route in rules.route}
    decided = (
        wide.with_columns(pl.col("has_required").fill_null(NOT_MET), tally=_tally(rules), **routes)
        .with_columns(best=any_of([pl.col(name) for name in routes]))
        .with_columns(outcome=all_of([pl.col("best"), pl.col("has_required")]))
    )
    met_by = pl.coalesce(
        pl.when(pl.col(f"route {route.id}") == MET).then(pl.lit(f"Met by {route.label}")) for route in rules.route
    )
    is_open = pl.col("outcome") == UNKNOWN
    return decided.select(
        "family_id",
        pl.lit(ELIGIBLE, dtype=pl.Categorical).alias("strand"),
        "outcome",
        pl.when(pl.col("has_required") == NOT_MET)
        .then(pl.format("Not met: {}.", "required_why"))
        .when(pl.col("outcome") == MET)
        .then(pl.format("{}. {}.", met_by, "tally"))
        .when(is_open & (pl.col("has_required") == UNKNOWN) & (pl.col("best") == MET))
        .then(pl.format("Not known: {}. {}.", "required_why", "tally"))
        .when(is_open)
        .then(pl.format("Not known: what is not known could decide it. {}.", "tally"))
        .otherwise(pl.format("Not met. {}.", "tally"))
        .cast(pl.Categorical)
        .alias("reason"),
    )


def strands_of_families(
    rules: Ruleset, strands: pl.DataFrame, findings: Sequence[pl.DataFrame], members: pl.DataFrame
) -> pl.DataFrame:
    """A row a family with the outcome of each strand, and of each as its residents account for it (`resident ...`)."""
    wide = strands.pivot(on="strand", index="family_id", values="outcome", maintain_order=True)
    return wide.join(_of_residents(rules, findings, members), on="family_id", how="left", maintain_order="left")


def _tally(rules: Ruleset) -> pl.Expr:
    """What became of each strand; where they are many, only of those that are met or not known."""
    parts = [(strand.label, pl.col(strand.id)) for strand in rules.strand]

    def in_words(label: str, outcome: pl.Expr, values: list[str]) -> pl.Expr:
        return pl.coalesce(pl.when(outcome == value).then(pl.lit(f"{label}: {IN_WORDS[value]}")) for value in values)

    if not any(strand.headline for strand in rules.strand):
        return pl.concat_str([in_words(label, outcome, [*IN_WORDS]) for label, outcome in parts], separator="; ")
    told = [in_words(label, outcome, [MET, UNKNOWN]) for label, outcome in parts]
    line = pl.concat_str(told, separator="; ", ignore_nulls=True)
    return pl.when(line == "").then(pl.lit("No need is met or in doubt")).otherwise(line)


def _of_residents(rules: Ruleset, findings: Sequence[pl.DataFrame], members: pl.DataFrame) -> pl.DataFrame:
    """Each strand as those who live with the family account for it, in columns `resident <strand>`."""
    blank = [pl.lit(None, dtype=OUTCOME).alias(f"resident {strand.id}") for strand in rules.strand]
    families = members.select(pl.col("family_id").unique().sort())
    if LINKED not in rules.family.members:
        return families.with_columns(blank)
    linked = members.filter(pl.col("role") == LINKED).select("family_id", "person_id")
    alone = families.join(linked, on="family_id", how="semi")
    own = (
        pl.concat(
            [
                each.select("family_id", "person_id", "strand", "outcome")
                .filter(pl.col("outcome") != NOT_MET)
                .join(alone, on="family_id", how="semi")
                for each in findings
            ]
        )
        .join(linked, on=["family_id", "person_id"], how="anti")
        .group_by("family_id", "strand")
        .agg(any_of(pl.col("outcome")).alias("outcome"))
        .with_columns(pl.format("resident {}", "strand").alias("strand"))
        .pivot(on="strand", on_columns=[f"resident {s.id}" for s in rules.strand], index="family_id", values="outcome")
    )
    # residents of whom nothing is met or in doubt account for no strand
    with_linked = alone.join(own, on="family_id", how="left").with_columns(
        pl.col(f"resident {strand.id}").fill_null(NOT_MET) for strand in rules.strand
    )
    return families.join(with_linked, on="family_id", how="left")


def _route(route: Route, rules: Ruleset) -> pl.Expr:
    return all_of([_at_least(condition, rules) for condition in route.conditions])


def _at_least(condition: Condition, rules: Ruleset) -> pl.Expr:
    """At least k of n: met when enough are met, not met when even the unknown ones would not be enough.

    Strands that only linked people account for count up to the ruleset's limit.
    """
    names = strands_named(condition, rules)
    surely, perhaps = (counted(names, values, rules) for values in ([MET], [MET, UNKNOWN]))
    wanted = condition.at_least
    enough, could = surely >= wanted, perhaps >= wanted
    if condition.distinct_headlines > 1:
        enough &= headlines(names, [MET], rules) >= condition.distinct_headlines
        could &= headlines(names, [MET, UNKNOWN], rules) >= condition.distinct_headlines
    return pl.when(enough).then(pl.lit(MET)).when(could).then(pl.lit(UNKNOWN)).otherwise(pl.lit(NOT_MET))


def strands_named(condition: Condition, rules: Ruleset) -> list[str]:
    """The strands a condition counts."""
    return [strand.id for strand in rules.strand] if condition.of == "all" else condition.of


def counted(names: list[str], values: list[str], rules: Ruleset) -> pl.Expr:
    """How many of these strands have one of these outcomes; those of linked people count up to the limit."""
    own = [pl.coalesce(f"resident {name}", name).is_in(values) for name in names]
    linked = [~mine & pl.col(name).is_in(values) for name, mine in zip(names, own, strict=True)]
    of_linked = pl.sum_horizontal(each.cast(pl.Int32) for each in linked)
    most = pl.lit(rules.family.linked_strands_at_most, dtype=pl.Int32)
    return pl.sum_horizontal(each.cast(pl.Int32) for each in own) + pl.min_horizontal(of_linked, most)


def headlines(names: list[str], values: list[str], rules: Ruleset) -> pl.Expr:
    """Under how many different headlines some of these strands have one of these outcomes."""
    by_headline: dict[str, list[str]] = {}
    for strand in rules.strand:
        if strand.id in names:
            by_headline.setdefault(strand.headline, []).append(strand.id)
    return pl.sum_horizontal(
        pl.any_horizontal(pl.col(name).is_in(values) for name in group).cast(pl.Int32) for group in by_headline.values()
    )
