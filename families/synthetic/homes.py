"""Streets, houses, flats and the places where many live, laid out in real Essex postcode districts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice

import numpy as np
import polars as pl

from families.errors import UserError
from families.reference import REFERENCE
from families.synthetic.streams import Array, draw

HOMES_A_POSTCODE = (15, 20)  # data_formats: 15 to 20 households a postcode
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"  # letters a postcode may end with
_KINDS = ("ROAD", "CLOSE", "AVENUE", "DRIVE", "STREET", "WAY", "LANE", "CRESCENT", "GARDENS", "COURT", "GROVE", "PLACE")
_KIND_WEIGHTS = (30, 15, 12, 10, 8, 7, 6, 4, 3, 2, 2, 1)
_LOCALITIES = ("", "", "", "OLD TOWN", "NORTH END", "THE GREEN", "MARSH END", "HEATH END")


@dataclass(frozen=True)
class Area:
    """A town with its postcode districts."""

    town: str
    districts: tuple[str, ...]


def areas(count: int) -> list[Area]:
    """The first `count` towns of Essex, those with most postcode districts first."""
    towns: dict[str, list[str]] = {}
    with (REFERENCE / "essex_postcode_districts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["authority_unverified"] == "Essex 881":
                towns.setdefault(row["post_town"], []).append(row["postcode_district"])
    ordered = sorted(towns.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Area(town, tuple(districts)) for town, districts in ordered[:count]]


def lay_out(rng: np.random.Generator, *, towns: list[Area], homes_by_area: Array) -> pl.DataFrame:
    """Homes of every area, in postcode order within it; `home` is the row number."""
    frames, used = [], set[str]()
    start = 0
    for index, (area, count) in enumerate(zip(towns, homes_by_area.tolist(), strict=True)):
        frames.append(_one_area(rng, area, index=index, count=int(count), first=start, used=used))
        start += frames[-1].height
    homes = pl.concat(frames)
    gaps = rng.integers(1, 9, homes.height)
    return homes.with_columns(
        home=pl.int_range(homes.height, dtype=pl.Int32),
        uprn=pl.Series(100090000000 + np.cumsum(gaps)).cast(pl.String),
    )


def _one_area(
    rng: np.random.Generator, area: Area, *, index: int, count: int, first: int, used: set[str]
) -> pl.DataFrame:
    sizes = rng.integers(HOMES_A_POSTCODE[0], HOMES_A_POSTCODE[1] + 1, count // HOMES_A_POSTCODE[0] + 1)
    postcode = np.repeat(np.arange(len(sizes)), sizes)[:count]
    place = np.arange(count) - np.concatenate([[0], np.cumsum(sizes)])[postcode]  # 0, 1, 2... within the postcode
    streets = _streets(rng, len(sizes))
    is_block = rng.random(len(sizes)) < 0.14
    named_block = rng.random(len(sizes)) < 0.6
    words = _words()
    block_name = words[rng.integers(0, len(words), len(sizes))]
    flat = is_block[postcode]
    number = streets["first_number"][postcode] + np.where(flat, 0, place)
    # A house made into two flats: this home and the next share a number as FLAT A and FLAT B.
    is_pair = ~flat & (rng.random(count) < 0.02) & (place % 2 == 0)
    second = np.zeros(count, dtype=bool)
    second[1:] = is_pair[:-1] & (postcode[1:] == postcode[:-1])
    is_pair[:-1] &= second[1:]
    is_pair[-1] = False
    number = np.where(second, number - 1, number)
    named = flat & named_block[postcode]
    building = np.array([f"{word.upper()} HOUSE" for word in block_name], dtype=object)[postcode]
    saon = np.full(count, "", dtype=object)
    saon[flat] = [f"FLAT {n}" for n in (place[flat] + 1).tolist()]
    saon[is_pair], saon[second] = "FLAT A", "FLAT B"
    locality = np.array(_LOCALITIES, dtype=object)[draw(rng, np.ones(len(_LOCALITIES)), len(sizes))]
    return pl.DataFrame(
        {
            "area": np.full(count, index, dtype=np.int32),
            "classification": np.where(
                flat | is_pair | second,
                "RD06",
                np.array(["RD02", "RD03", "RD04"])[draw(rng, np.array([25, 45, 30]), count)],
            ),
            "organisation": np.full(count, "", dtype=object),
            "saon": saon,
            "pao_text": np.where(named, building, ""),
            "pao_number": np.where(named, "", number.astype(str)),
            "street": streets["name"][postcode],
            "locality": locality[postcode],
            "town": np.full(count, area.town, dtype=object),
            "postcode": _postcodes(rng, area, len(sizes), used)[postcode],
            "block": np.where(flat, first + np.searchsorted(postcode, postcode), -1),
            "x": 550000.0 + index * 1500 + postcode * 7 + place,
            "y": 190000.0 + index * 900 + postcode * 5 + place,
        },
        schema_overrides={"saon": pl.String, "organisation": pl.String, "block": pl.Int64},
        strict=False,
    )


def _streets(rng: np.random.Generator, postcodes: int) -> dict[str, Array]:
    """Each street runs over one to four postcodes; house numbers go on from one to the next."""
    lengths = rng.integers(1, 5, postcodes)
    street = np.repeat(np.arange(postcodes), lengths)[:postcodes]
    words = _words()
    choices = rng.permutation(len(words) * len(_KINDS))
    kind_of = draw(rng, np.array(_KIND_WEIGHTS), postcodes)
    word_of = choices % len(words)
    names = np.array(
        [f"{words[word_of[i % len(word_of)]].upper()} {_KINDS[kind_of[i]]}" for i in range(int(street[-1]) + 1)],
        dtype=object,
    )
    part = np.arange(postcodes) - np.searchsorted(street, street)
    return {"name": names[street], "first_number": 1 + part * 22}


def _words() -> Array:
    return np.array((REFERENCE / "synthetic" / "street_words.txt").read_text("utf-8").split(), dtype=object)


def _postcodes(rng: np.random.Generator, area: Area, count: int, used: set[str]) -> Array:
    """Postcodes of the area's districts, none twice, though two towns may share a district."""
    out: list[str] = []
    share = -(-count // len(area.districts))
    for district in area.districts:
        codes = rng.permutation(9 * len(_INWARD) ** 2)
        texts = (_postcode(district, int(code)) for code in codes)
        fresh = list(islice((text for text in texts if text not in used), min(share, count - len(out))))
        used.update(fresh)
        out += fresh
    if len(out) < count:
        raise UserError(f"The postcode districts of {area.town} are full; ask for fewer pupils.")
    return np.array(out, dtype=object)


def _postcode(district: str, code: int) -> str:
    sector, letters = divmod(code, len(_INWARD) ** 2)
    return f"{district} {sector + 1}{_INWARD[letters // len(_INWARD)]}{_INWARD[letters % len(_INWARD)]}"
