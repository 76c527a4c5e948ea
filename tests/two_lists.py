"""Two plain lists of pupils and adults as a stranger might send them: made here, apart from the made-up authority.

Names and streets are those of Febrl 4. Errors are of scanners (rn for m, 0 for O), keyboards (the key beside), ears
(ph for f) and haste (blanks, names the wrong way round, day and month swapped), each record on its own.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

FEBRL = Path(__file__).parent / "data" / "febrl4" / "dataset4a.csv"
SCANNED = (("rn", "m"), ("m", "rn"), ("cl", "d"), ("l", "i"), ("e", "c"), ("o", "0"), ("i", "1"), ("ri", "n"))
HEARD = (("ph", "f"), ("ck", "k"), ("ie", "y"), ("ee", "ea"), ("c", "k"), ("z", "s"), ("nn", "n"), ("y", "i"))
BESIDE = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopqsdfghjklaxcvbnmz", strict=True))
SHORT = {"street": "st", "road": "rd", "avenue": "ave", "crescent": "cres", "place": "pl", "close": "cl", "court": "ct"}
AS_OF = dt.date(2013, 9, 1)


@dataclass(frozen=True)
class Person:
    """Somebody, and where they live."""

    number: int
    forename: str
    surname: str
    sex: str
    born: dt.date
    flat: str
    house: str
    street: str
    town: str
    postcode: str


@dataclass
class Town:
    """Who lives there, and the adults who care for each child."""

    adults: list[Person] = field(default_factory=list)
    children: list[Person] = field(default_factory=list)
    carers: dict[int, set[int]] = field(default_factory=dict)


def make_town(*, households: int, seed: int) -> Town:
    """Families, couples and single people; some mothers of another surname, some grandparents and lodgers."""
    dice = random.Random(seed)
    forenames, surnames, streets, suburbs = _pools()
    postcodes = [
        f"CM{dice.randint(1, 9)} {dice.randint(1, 9)}{dice.choice('ABDEFGHJ')}{dice.choice('LNPQRST')}"
        for _ in range(households // 14)
    ]
    at = {code: (dice.choice(streets), dice.choice(suburbs)) for code in postcodes}
    town, used, number = Town(), set(), 0

    def somebody(surname: str, age: int, home: tuple[str, str, str, str, str], sex: str) -> Person:
        nonlocal number
        number += 1
        born = AS_OF - dt.timedelta(days=age * 365 + dice.randint(0, 364))
        return Person(number, dice.choice(forenames), surname, sex, born, *home)

    for _ in range(households):
        code = dice.choice(postcodes)
        home = _free_home(dice, code, at[code], used)
        surname, age = dice.choice(surnames), dice.randint(24, 48)
        kind = dice.random()
        partner_name = surname if dice.random() < 0.85 else dice.choice(surnames)
        grown = [somebody(surname, age, home, "M")] if kind < 0.75 else []
        grown += [somebody(partner_name, age - dice.randint(-3, 4), home, "F")] if kind > 0.15 else []
        town.adults += grown
        youngest = min((AS_OF - adult.born).days // 365 for adult in grown)
        if kind > 0.25 and dice.random() < 0.65:
            children = (
                [
                    somebody(grown[0].surname, child, home, dice.choice("MF"))
                    for child in dice.sample(range(5, min(16, youngest - 17)), k=dice.choice((1, 1, 2, 2, 3)))
                ]
                if youngest > 24
                else []
            )
            town.children += children
            town.carers |= {child.number: {adult.number for adult in grown} for child in children}
            if children and dice.random() < 0.03:
                town.adults.append(somebody(surname, age + 26, home, dice.choice("MF")))
            if children and dice.random() < 0.02:
                town.adults.append(somebody(dice.choice(surnames), dice.randint(19, 60), home, dice.choice("MF")))
    return town


def _pools() -> tuple[list[str], list[str], list[str], list[str]]:
    with FEBRL.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    kept = [
        [row[column].strip() for row in rows if len(row[column].strip()) > 2]
        for column in ("given_name", "surname", "address_1", "suburb")
    ]
    streets = [street for street in kept[2] if street.split()[-1] in SHORT]
    return kept[0], kept[1], streets, kept[3]


def _free_home(
    dice: random.Random, code: str, street: tuple[str, str], used: set[tuple[str, str, str]]
) -> tuple[str, str, str, str, str]:
    while True:
        house = str(dice.randint(1, 60))
        flat = str(dice.randint(1, 6)) if int(house) % 9 == 0 else ""
        if (code, house, flat) not in used:
            used.add((code, house, flat))
            return flat, house, street[0], street[1], code


def misspelt(dice: random.Random, word: str) -> str:
    """One slip of a scanner, an ear or a hand."""
    kind = dice.random()
    if kind < 0.5:
        changes = [pair for pair in (SCANNED if kind < 0.3 else HEARD) if pair[0] in word[1:]]
        if changes:
            old, new = dice.choice(changes)
            return word[0] + word[1:].replace(old, new, 1)
    place = dice.randrange(1, max(2, len(word)))
    rest = word[place + 1 :]
    if kind < 0.7:
        return word[:place] + BESIDE.get(word[place : place + 1], "e") + rest
    return word[:place] + rest if kind < 0.85 else word[: place - 1] + word[place : place + 1] + word[place - 1] + rest


def as_written(dice: random.Random, person: Person) -> Person:
    """The person as one list has them; blanks are empty, a missing date of birth is the first day there is."""
    forename, surname, born = person.forename, person.surname, person.born
    if dice.random() < 0.06:
        forename = misspelt(dice, forename)
    if dice.random() < 0.06:
        surname = misspelt(dice, surname)
    if dice.random() < 0.01:
        forename, surname = surname, forename
    if dice.random() < 0.01:
        forename = ""
    if dice.random() < 0.02 and born.day <= 12:
        born = born.replace(month=born.day, day=born.month)
    elif dice.random() < 0.02:
        born += dt.timedelta(days=dice.choice((-10, -1, 1, 10)))
    born = dt.date.min if dice.random() < 0.05 else born
    street = misspelt(dice, person.street) if dice.random() < 0.05 else person.street
    words = street.split()
    if dice.random() < 0.3:
        street = " ".join([*words[:-1], SHORT.get(words[-1], words[-1])])
    postcode = person.postcode
    if dice.random() < 0.02:
        postcode = postcode[:-1] + dice.choice("ABDEFGHJ")
    return replace(
        person,
        forename=forename,
        surname=surname,
        born=born,
        street=street,
        flat="" if dice.random() < 0.05 else person.flat,
        house="" if dice.random() < 0.01 else person.house,
        town="" if dice.random() < 0.1 else person.town,
        postcode="" if dice.random() < 0.05 else postcode,
        sex="" if dice.random() < 0.05 else person.sex,
    )


def one_line(person: Person, *, code: bool) -> str:
    """The address as one text, with or without its postcode."""
    flat = f"flat {person.flat}" if person.flat else ""
    parts = [flat, f"{person.house} {person.street}".strip(), person.town, person.postcode if code else ""]
    return ", ".join(part for part in parts if part)


def write_pupils(folder: Path, town: Town, *, seed: int) -> Path:
    """A list with day.month.year and the address in parts; its mapping beside it."""
    dice = random.Random(seed)
    path = folder / "kids.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["PupilNo", "Given Name", "Family Name", "Boy/Girl", "Born", "Flat", "House", "Road", "Place", "PCode"]
        )
        for place, child in enumerate(town.children, 1):
            held = as_written(dice, child)
            out.writerow(
                [
                    f"k{place}", held.forename.title(), held.surname.title(), held.sex, _day(held, "%d.%m.%Y"),
                    held.flat, held.house, held.street.title(), held.town.title(), held.postcode,
                ]
            )  # fmt: skip
    (folder / "kids.toml").write_text(
        'source = "pupils"\n[columns]\nid = "PupilNo"\nforename = "Given Name"\nsurname = "Family Name"\n'
        'sex = "Boy/Girl"\ndate_of_birth = "Born"\nsaon = "Flat"\npaon = "House"\nstreet = "Road"\ntown = "Place"\n'
        'postcode = "PCode"\n[formats]\ndate_of_birth = "%d.%m.%Y"\n'
    )
    return path


def write_adults(folder: Path, people: list[Person], *, seed: int, name: str = "grownups") -> Path:
    """A list in capitals with the whole address and postcode as one text; its mapping beside it."""
    dice = random.Random(seed)
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["Ref", "NAME", "FIRST", "SEX", "DOB", "WHERE"])
        for place, adult in enumerate(people, 1):
            held = as_written(dice, adult)
            where = one_line(held, code=True).upper()
            out.writerow(
                [f"{name}{place}", held.surname.upper(), held.forename.upper(), held.sex, _day(held, "%Y%m%d"), where]
            )
    (folder / f"{name}.toml").write_text(
        'source = "adults"\n[columns]\nid = "Ref"\nforename = "FIRST"\nsurname = "NAME"\nsex = "SEX"\n'
        'date_of_birth = "DOB"\naddress = "WHERE"\n[formats]\ndate_of_birth = "%Y%m%d"\n'
    )
    return path


def _day(person: Person, written: str) -> str:
    return "" if person.born == dt.date.min else person.born.strftime(written)
