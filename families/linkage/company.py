"""The same adult at two addresses, told by a name that few have, or by the company they keep at both.

Contact lists and tax rolls share no date of birth and no number, and lists keep old addresses for years. A name is
evidence by how few have it here; a name with a partner's, or with the surname of a child, by how few such pairs are
to be expected. So the same two names tell more in a town than in a county, and how much is counted from the records.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl

from families.linkage import names
from families.linkage.commonness import MORE_PEOPLE, forename_shares
from families.linkage.likeness import likeness
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES, Linked
from families.linkage.tiers import contact_of

ENOUGH = 4.0  # log2 odds
CLEARLY = 3.0  # log2 by which the best must lead another person it could be
FEWEST = 0.004  # share of a forename taken at least
AT_MOST = {  # log2 odds that a name can give: kin are named after kin, and so, more rarely, are couples of kin
    LinkReason.RARE_NAME.value: 7.5,
    LinkReason.NAME_AND_SURNAME_OF_CHILD.value: 9.0,
    LinkReason.NAME_AND_PARTNER.value: 12.0,
}
SAME, FORM, ALIKE, CHANGED = 0.85, 0.06, 0.05, 0.06  # of two records of one person, how often names agree in what way
FORMS, SPELLINGS = 8, 3  # other names as frequent that would pass for a form or a spelling of one
TELLING = 2000  # adults known, from which a name that few of them have is a rare one
CHANCE_COUPLE = 4000  # adults for each pair of namesakes of both of a couple that is put down to chance
COUPLES_SHARE = 0.7  # of couples have one surname
CHILD_SHARES = 0.5  # of children with a carer of another surname have that of the other adult
OTHER_PARTNER = 0.3  # of adults known with one partner are known elsewhere with another
TWO_ACCOUNTS = 0.12  # of people are still billed at a home they left
NOWHERE_ELSE = 0.04  # of adults listed where others are billed are on no register, if they are nobody else
REGISTERED = ("liable", "elector", "tenant")  # roles of those whom a register of homes has
SPELT = 0.88  # Jaro-Winkler of two spellings of one name

PAIRS_AT_ONCE = 500_000

_NAME = ["forename", "surname"]


def company_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Links between adults known at two addresses, with their weight: see the top of this file."""
    adults = _adults(records, linked)
    people = adults["c"].n_unique()
    if people < 2:
        return pl.DataFrame(schema=EDGES)
    couples, children = _company(records, adults, linked, crowded)
    pairs = pl.concat(
        [
            _of_couples(couples, adults),
            _with_child(couples, children, adults),
            _of_rare_name(couples, adults if people >= TELLING else adults.clear()),
        ]
    )
    weighed = _without_rivals(_weighed(pairs, adults, records, linked, people=people))
    return _links(weighed, adults)


def _adults(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Every name each adult (cluster) goes by, how frequent its parts are, and the account still open."""
    columns = ["r", *_NAME, "role", "valid_to", "address_id", "sex", "is_child", "is_adult"]
    held = (
        records.select(columns)
        .join(linked.clusters, on="r")
        .with_columns(
            has_been_child=pl.col("is_child").any().over("c"),
            account=pl.col("address_id")
            .filter((pl.col("role") == "liable") & pl.col("valid_to").is_null())
            .min()
            .over("c"),
            said_sex=pl.col("sex").drop_nulls().min().over("c"),
        )
    )
    named = held.filter(
        pl.col("is_adult") & ~pl.col("has_been_child"),
        pl.col("forename").str.len_chars() > 1,
        pl.col("surname").is_not_null(),
    )
    ways = named.group_by("c", *_NAME, "account", "said_sex").agg(pl.col("r").min()).sort("c", "r")
    everyone = ways["c"].n_unique() + MORE_PEOPLE
    shares = forename_shares(ways.select("c", *_NAME).unique())
    return ways.join(shares, on=_NAME, maintain_order="left").with_columns(
        forename_share=pl.max_horizontal("forename_share", pl.lit(FEWEST)),
        surname_share=pl.col("c").n_unique().over("surname").cast(pl.Float64) / everyone,
        namesakes=pl.col("c").n_unique().over(_NAME),
    )


def _company(
    records: pl.DataFrame, adults: pl.DataFrame, linked: Linked, crowded: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two adults of one home, both ways round; and adults with the surnames of children there or listed with them."""
    at = records.select("r", "address_id", "is_child", "surname").join(linked.clusters, on="r")
    at = at.filter(pl.col("address_id").is_not_null() & ~pl.col("address_id").is_in(crowded.implode()))
    named = adults.select("c", *_NAME).unique()
    at_home = named.join(at.select("c", "address_id").unique(), on="c")
    partners = at_home.rename({"c": "partner", "forename": "partner_forename", "surname": "partner_surname"})
    couples = at_home.join(partners, on="address_id").filter(pl.col("c") != pl.col("partner")).drop("address_id")
    of_children = at.filter("is_child").select("address_id", child="c", child_surname="surname").drop_nulls().unique()
    listed = contact_of(records, linked).join(linked.clusters, on="r").select("c", "child").unique()
    children = pl.concat(
        [
            at_home.join(of_children, on="address_id").select("c", *_NAME, "child_surname"),
            named.join(listed, on="c").join(of_children, on="child").select("c", *_NAME, "child_surname"),
        ]
    )
    return couples.unique().sort(pl.all()), children.unique().sort(pl.all())


_PAIR = ["c", "c_b", "forename", "surname", "forename_b", "surname_b", "company", "against", "reason"]


def _of_couples(couples: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """Two couples of whom one has the same name or a form of it and the other agrees in part, or both are misspelt."""
    keys = ["forename", "surname", "partner_forename"]
    initials = pl.concat_str(pl.col("forename", "partner_forename").str.slice(0, 1))
    misspelt = couples.with_columns(initials=initials)
    same_surnames = ["surname", "partner_surname"]
    ways: tuple[Callable[[], pl.DataFrame], ...] = (  # one after the other: of many pairs few tell anything
        lambda: _joined(_in_every_form(couples, "partner_forename"), couples, keys),
        lambda: _joined(_in_every_form(couples, "forename"), couples, keys),
        lambda: _joined(couples, couples, ["forename", *same_surnames]),
        lambda: _joined(misspelt, misspelt, ["initials", *same_surnames]).drop("initials", "initials_b"),
    )
    return pl.concat([_in_slices(way(), lambda found: _telling_couples(found, adults)) for way in ways]).unique()


def _telling_couples(found: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """Of pairs of couples those whose other adults agree as well, and who are not to be expected by chance."""
    found = found.filter((pl.col("partner") != pl.col("partner_b")) & (pl.col("c") != pl.col("partner_b")))
    shown = _agreement(found, adults, prefix="partner_")
    one_surname = (pl.col("surname") == pl.col("partner_surname")) & (
        pl.col("surname_b") == pl.col("partner_surname_b")
    )
    both = pl.col("forename_bits") + pl.when(one_surname).then(math.log2(SAME / COUPLES_SHARE)).otherwise(
        "surname_bits"
    )
    company = shown.with_columns(company=both).filter(pl.col("company").is_not_null() & _are_few(shown, adults))
    reason = pl.lit(LinkReason.NAME_AND_PARTNER.value)
    return company.with_columns(reason=reason, against=pl.lit(0.0)).select(_PAIR)


def _are_few(pairs: pl.DataFrame, adults: pl.DataFrame) -> pl.Series:
    """Whether so few have each of two names that such couples are not to be expected by chance."""
    counts = adults.select(*_NAME, "namesakes").unique()
    partners = counts.rename({name: f"partner_{name}" for name in (*_NAME, "namesakes")})
    counted = pairs.select(*_NAME, "partner_forename", "partner_surname")
    counted = counted.join(counts, on=_NAME, how="left", maintain_order="left")
    counted = counted.join(partners, on=["partner_forename", "partner_surname"], how="left", maintain_order="left")
    chance = (pl.col("namesakes").cast(pl.Int64) - 1) * (pl.col("partner_namesakes").cast(pl.Int64) - 1)
    return counted.select(chance <= max(1, adults["c"].n_unique() // CHANCE_COUPLE)).to_series()


def _with_child(couples: pl.DataFrame, children: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """One name, with a child at one home and with another adult at the other, who have a surname of their own."""
    with_other = couples.rename({"partner_surname": "child_surname"}).select("c", *_NAME, "child_surname").unique()
    seen = pl.concat([children, with_other]).filter(pl.col("child_surname") != pl.col("surname")).unique()
    found = _joined(seen.join(children, on=children.columns, how="semi"), with_other, [*_NAME, "child_surname"])
    people = pl.col("c").n_unique().cast(pl.Float64)
    beside = seen.select(
        "surname", "child_surname", beside=(people.over("surname", "child_surname") - 2) / people.over("surname")
    ).unique()  # fmt: skip
    shares = adults.select(child_surname="surname", child_share="surname_share").unique()
    found = found.join(shares, on="child_surname", how="left", maintain_order="left")
    found = found.join(beside, on=["surname", "child_surname"], how="left", maintain_order="left")
    return found.with_columns(
        against=pl.lit(0.0),
        company=math.log2(CHILD_SHARES) - pl.max_horizontal("child_share", "beside").log(2),
        reason=pl.lit(LinkReason.NAME_AND_SURNAME_OF_CHILD.value),
    ).select(_PAIR)


def _of_rare_name(couples: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """The only two of one name; less likely one person where each lives with another adult of another name."""
    two = adults.filter(pl.col("namesakes") == 2).select("c", *_NAME).unique()
    found = _joined(two, two, _NAME)
    alone = ~pl.col("c").is_in(couples["c"].unique().implode()) | ~pl.col("c_b").is_in(couples["c"].unique().implode())
    return found.with_columns(
        company=pl.lit(0.0),
        against=pl.when(alone).then(0.0).otherwise(math.log2(OTHER_PARTNER)),
        reason=pl.lit(LinkReason.RARE_NAME.value),
    ).select(_PAIR)


def _in_slices(pairs: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """What is worked out pair by pair, some pairs at a time: a county's at once would need the memory many times."""
    parts = [work(part) for part in pairs.iter_slices(PAIRS_AT_ONCE)]
    return pl.concat(parts) if parts else work(pairs)


def _in_every_form(couples: pl.DataFrame, name: str) -> pl.DataFrame:
    """The couples again for each other form of a forename, which stands beside the one stated (`stated_NAME`)."""
    forms = names.nicknames().rename({"forename": name})
    other = couples.join(forms, on=name).with_columns(pl.col(name).alias(f"stated_{name}"))
    other = other.with_columns(pl.col("variant").alias(name)).drop("variant")
    return pl.concat([couples.with_columns(pl.col(name).alias(f"stated_{name}")), other])


def _joined(left: pl.DataFrame, right: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pairs of different adults under the same keys, each with what its own records state."""
    held = right.with_columns(pl.col(name).alias(f"{name}_b") for name in right.columns if name not in ("c", "partner"))
    renamed = held.rename({name: f"{name}_b" for name in ("c", "partner") if name in held.columns})
    columns = [*keys, *(name for name in renamed.columns if name.endswith("_b"))]
    found = left.join(renamed.select(columns), on=keys).filter(pl.col("c") != pl.col("c_b"))
    stated = {name.removeprefix("stated_"): pl.col(name) for name in found.columns if name.startswith("stated_")}
    return found.with_columns(**stated).select(
        *(name for name in left.columns if not name.startswith("stated_")),
        *(name for name in renamed.columns if name.endswith("_b")),
    )


def _agreement(pairs: pl.DataFrame, adults: pl.DataFrame, *, prefix: str = "") -> pl.DataFrame:
    """How much two forenames and two surnames tell (`forename_bits`, `surname_bits`); nothing where they cannot."""
    forename, surname = f"{prefix}forename", f"{prefix}surname"
    shares = adults.select(*_NAME, "forename_share", "surname_share").unique()
    for end in ("", "_b"):
        named = {name: f"{prefix}{name}{end}" for name in _NAME}
        shared = shares.rename(named | {share: f"{share}{end}" for share in ("forename_share", "surname_share")})
        pairs = pairs.join(shared, on=list(named.values()), how="left", maintain_order="left")
    pairs = likeness(likeness(pairs, forename, f"{forename}_b", name="fore"), surname, f"{surname}_b", name="sur")
    variants = names.nicknames().rename({"forename": forename, "variant": f"{forename}_b"}).with_columns(is_form=True)
    pairs = pairs.join(variants, on=[forename, f"{forename}_b"], how="left", maintain_order="left")
    is_form = pl.col("is_form").fill_null(False)
    alike = {name: (pl.col(name) >= SPELT) | (pl.col(f"{name}_edits") <= 1) for name in ("fore", "sur")}
    forename_share = pl.max_horizontal("forename_share", "forename_share_b")
    surname_share = pl.max_horizontal("surname_share", "surname_share_b")
    return pairs.with_columns(
        forename_bits=pl.when(pl.col(forename) == pl.col(f"{forename}_b"))
        .then((SAME / forename_share).log(2))
        .when(is_form)
        .then((FORM / (FORMS * forename_share)).log(2))
        .when(alike["fore"])
        .then((ALIKE / (SPELLINGS * forename_share)).log(2)),
        surname_bits=pl.when(pl.col(surname) == pl.col(f"{surname}_b"))
        .then((SAME / surname_share).log(2))
        .when(alike["sur"])
        .then((ALIKE / (SPELLINGS * surname_share)).log(2))
        .otherwise(math.log2(CHANGED)),
    ).drop("fore", "fore_edits", "sur", "sur_edits", "is_form", *_SHARES)


_SHARES = ["forename_share", "forename_share_b", "surname_share", "surname_share_b"]


def _weighed(
    pairs: pl.DataFrame, adults: pl.DataFrame, records: pl.DataFrame, linked: Linked, *, people: int
) -> pl.DataFrame:
    """The odds of each pair of adults by what tells most for it, where they are enough."""
    facts = adults.group_by("c").agg(pl.col("account", "said_sex").first())
    facts = facts.join(_where_registered(records, linked), on="c", how="left")
    enough = _in_slices(pairs, lambda part: _likely(_agreement(part, adults), facts, people=people))
    return (
        enough.with_columns(low=pl.min_horizontal("c", "c_b"), high=pl.max_horizontal("c", "c_b"))
        .sort("low", "high", "weight", "reason", descending=[False, False, True, False])
        .unique(["low", "high"], keep="first", maintain_order=True)
        .select("low", "high", "weight", "reason")
    )


def _likely(agreeing: pl.DataFrame, facts: pl.DataFrame, *, people: int) -> pl.DataFrame:
    """Pairs with their odds (`weight`), where they are enough."""
    told = agreeing.join(facts, on="c").join(facts, left_on="c_b", right_on="c", suffix="_b")
    two_accounts = (pl.col("account") != pl.col("account_b")).fill_null(False)
    other_sex = (pl.col("said_sex") != pl.col("said_sex_b")).fill_null(False)
    name = pl.col("forename_bits") + pl.col("surname_bits") + pl.col("company") - math.log2(people + MORE_PEOPLE)
    most = pl.col("reason").replace_strict(AT_MOST, return_dtype=pl.Float64)
    account = pl.when(two_accounts).then(math.log2(TWO_ACCOUNTS)).otherwise(0.0)
    missed = (pl.col("is_displaced") & pl.col("is_registered_b")) | (pl.col("is_displaced_b") & pl.col("is_registered"))
    displaced = pl.when(missed.fill_null(False)).then(-math.log2(NOWHERE_ELSE)).otherwise(0.0)
    weight = pl.when(name.is_not_null()).then(pl.min_horizontal(name + displaced, most)) + pl.col("against") + account
    return told.with_columns(weight=weight).filter((pl.col("weight") >= ENOUGH) & ~other_sex)


def _where_registered(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Of each person whether a register of homes has them, and whether none has and others are billed at each home."""
    at = records.select("r", "role", "valid_to", "address_id").join(linked.clusters, on="r").drop("r")
    billed = at.filter((pl.col("role") == "liable") & pl.col("valid_to").is_null()).select("address_id").unique()
    homes = at.select("c", "address_id").drop_nulls().unique()
    taken = homes.with_columns(is_taken=pl.col("address_id").is_in(billed["address_id"].drop_nulls().implode()))
    registered = at.group_by("c").agg(is_registered=pl.col("role").is_in(REGISTERED).any())
    all_taken = taken.group_by("c").agg(pl.col("is_taken").all())
    return registered.join(all_taken, on="c", how="left").select(
        "c", "is_registered", is_displaced=~pl.col("is_registered") & pl.col("is_taken").fill_null(False)
    )


def _without_rivals(weighed: pl.DataFrame) -> pl.DataFrame:
    """Pairs that are the best of both, by a clear lead over whoever else it could be."""
    ends = pl.concat(
        [
            weighed.select("low", "high", "weight", c=one, other=other)
            for one, other in (("low", "high"), ("high", "low"))
        ]
    )
    rival = (
        ends.sort("c", "weight", descending=[False, True]).group_by("c").agg(pl.col("weight").get(1, null_on_oob=True))
    )
    clear = weighed
    for end in ("low", "high"):
        led = rival.rename({"c": end, "weight": f"{end}_rival"})
        clear = clear.join(led, on=end, maintain_order="left")
        lead = (pl.col("weight") - pl.col(f"{end}_rival") >= CLEARLY).fill_null(True)
        clear = clear.filter(lead)
    return clear.select("low", "high", "weight", "reason")


def _links(weighed: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """Links between the first records of each pair of adults."""
    first = adults.group_by("c").agg(pl.col("r").min())
    pairs = weighed.join(first.select(low="c", a="r"), on="low").join(first.select(high="c", b="r"), on="high")
    strength = pl.col("reason").replace_strict(STRENGTH, default=None, return_dtype=pl.Float64)
    return pairs.select(
        pl.min_horizontal("a", "b").alias("a"),
        pl.max_horizontal("a", "b").alias("b"),
        "reason",
        pl.col("weight").round(2),
        strength=strength,
    ).cast(EDGES).sort("a", "b")  # fmt: skip
