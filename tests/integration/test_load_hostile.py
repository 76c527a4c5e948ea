"""Files that are damaged, of the wrong kind, or meant to harm: one sentence each, nothing changed, quickly."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from deliveries import RECEIVED, taken_in, write

from families.errors import Refused
from families.sources.delimited import Dialect, first_rows, read_rows, read_text
from families.sources.store import load, read_records

HOSTILE = Path("tests/data/hostile")
GOOD = (
    "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n1,Ash,Amy,,,,ASBO,,01/02/2013,\n"
)
HEADER = GOOD.splitlines(keepends=True)[0]


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def workbook(frame: pl.DataFrame, **options: object) -> bytes:
    buffer = io.BytesIO()
    frame.write_excel(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


BAD: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n  \n", "holds no text"),
    "page.csv": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "page.xml": (b"<html><body>502</body></html>", "web page"),
    "data.json": (b'{"a": 1}', "JSON"),
    "photo.csv": (b"\x89PNG\r\n\x1a\n0000", "an image"),
    "paper.csv": (b"%PDF-1.7 ...", "a PDF"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"0" * 600, "old Excel"),
    "book.xlsx": (GOOD.encode(), "ends in .xlsx but holds plain text"),
    "table.csv": (workbook(pl.DataFrame({"a": [1]})), "ends in .csv but holds an Excel workbook"),
    "notes.docx": (GOOD.encode(), "of a kind that is not read"),
    "cut.xlsx": (workbook(pl.DataFrame({"a": [1]}))[:-100], "damaged"),
    "nul.csv": (b"\x00\x01\x02" * 4000, "NUL"),
    "long.csv": ((HEADER + "1," + "A" * 1_000_000 + ",,,,,ASBO,,01/02/2013,\n").encode(), "longer than"),
    "long_quoted.csv": ((HEADER + '1,"' + "A\n" * 500_000 + '",,,,,ASBO,,01/02/2013,\n').encode(), "longer than"),
    "unknown.csv": (b"a,b,c\n1,2,3\n", "none of the columns"),
    "prose.txt": (b"Dear all,\nplease find attached.\n", "none of the columns|no header row"),
    "one.csv": (b"surname\nAsh\n", "no header row"),
    "twice.csv": (HEADER.replace("Forename", "Surname").encode() + b"1,Ash,Oak,,,,ASBO,,01/02/2013,\n", "twice"),
    "two.zip": (zipped(a_csv=GOOD.encode(), b_csv=GOOD.encode()), "holds 2 files"),
    "none.zip": (zipped(), "holds no file"),
    "nested.zip": (zipped(a_zip=zipped(a_csv=b"1")), "another archive"),
    "bomb.zip": (zipped(a_csv=b"0" * (64 << 20)), "zip bomb"),
    "bomb.csv.gz": (gzip.compress(b"0" * (64 << 20)), "zip bomb"),
    "cut.csv.gz": (gzip.compress(GOOD.encode() * 50)[:-20], "cut short"),
    "cut.zip": (zipped(a_csv=GOOD.encode() * 50)[:-30], "damaged"),
    "cut_utf16.csv": (GOOD.encode("utf-16")[:-1], "breaks off"),
    "cut.parquet": (b"PAR1" + b"0" * 50, "cut short"),
    "other.xml": (b"<Students><Student/></Students>", "neither"),
    "cut.xml": (b"<Message><Header><Source>", "not whole XML"),
    "deep.xml": (b"<Message>" + b"<a>" * 5000, "not whole XML"),
    "no_header.xml": (b"<Message><Pupils/></Message>", "no header"),
    "long.xml": (
        b"<CTfile><Header/><CTFpupilData><Pupil><Surname>"
        + b"A" * 1_000_000
        + b"</Surname></Pupil></CTFpupilData></CTfile>",
        "longer than",
    ),
    "doctype.xml": (b'<?xml version="1.0"?><!DOCTYPE Message SYSTEM "http://x/y"><Message/>', "DOCTYPE"),
    "doctype16.xml": ('<!DOCTYPE Message [<!ENTITY a "b">]><Message>&a;</Message>'.encode("utf-16"), "DOCTYPE"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_gets_one_sentence_and_changes_nothing(tmp_path: Path, name: str) -> None:
    content, expected = BAD[name]
    with pytest.raises(Refused, match=expected) as told:
        taken_in(tmp_path, name, content)
    sentence = str(told.value)
    assert name in sentence
    assert "\n" not in sentence
    assert len(sentence) < 500
    assert not list((tmp_path / "home" / "deliveries").glob("*"))


@pytest.mark.parametrize(
    "path", sorted((HOSTILE / "defusedxml" / "xmltestdata").glob("*.xml")), ids=lambda path: path.name
)
def test_xml_bombs_and_entities_are_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(Refused):
        taken_in(tmp_path, path.name, path.read_bytes())


def test_an_entity_never_brings_in_a_file(tmp_path: Path) -> None:
    secret = write(tmp_path, "secret.txt", "secret")
    bomb = f'<!DOCTYPE CTfile [<!ENTITY x SYSTEM "file://{secret}">]><CTfile><Header>&x;</Header></CTfile>'
    with pytest.raises(Refused, match="DOCTYPE") as told:
        taken_in(tmp_path, "x.xml", bomb)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("path", sorted((HOSTILE / "csv-spectrum" / "csvs").glob("*.csv")), ids=lambda path: path.name)
def test_csv_spectrum_reads_exactly(path: Path) -> None:
    text = read_text(path, name=path.name).utf8
    first = first_rows(text, ",")[0]
    header = first.fields
    rows = read_rows(text[first.ends :], Dialect(",", len(header)), name=path.name)
    expected = json.loads((HOSTILE / "csv-spectrum" / "json" / f"{path.stem}.json").read_text("utf-8"))
    told = [dict(zip(header, row[1:], strict=True)) for row in rows.frame.rows()]
    assert told == [{name: value.replace("\r\n", "\n") for name, value in row.items()} for row in expected]
    assert not rows.bad


def packed(text: str) -> str:
    return "".join(text.replace("\ufeff", "").split())


def test_naughty_strings_survive_as_names(tmp_path: Path) -> None:
    strings = [text for text in json.loads((HOSTILE / "blns" / "blns.json").read_text("utf-8")) if text.split()]
    quoted = "".join(
        '{},"{}",Amy,,,,ASBO,,01/02/2013,\n'.format(n, text.replace('"', '""')) for n, text in enumerate(strings)
    )
    receipt, records = taken_in(tmp_path, "asb.csv", HEADER + quoted)
    kept = dict(records["persons"].select("source_person_id", "surname").rows())
    rejected = set(records["rejected"]["row"])
    for number, text in enumerate(strings):
        if number + 1 not in rejected:
            assert packed(kept[str(number)] or "") == packed(text), number
    assert receipt.rejected <= 2


VARIANTS = {
    "utf-8": GOOD.encode(),
    "utf-8 with mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "utf-16": GOOD.encode("utf-16"),
    "utf-16 le without mark": GOOD.encode("utf-16-le"),
    "utf-16 be without mark": GOOD.encode("utf-16-be"),
    "crlf": GOOD.replace("\n", "\r\n").encode(),
    "cr": GOOD.replace("\n", "\r").encode(),
    "semicolons": GOOD.replace(",", ";").encode(),
    "tabs": GOOD.replace(",", "\t").encode(),
    "bars": GOOD.replace(",", "|").encode(),
    "no last newline": GOOD.rstrip("\n").encode(),
    "title lines": ("ASB extract\nPrinted 01/02/2013,page 1\n\n" + GOOD).encode(),
    "delimiter at each line's end": GOOD.replace("\n", ",\n").encode(),
    "delimiter at each row's end": (HEADER + GOOD[len(HEADER) :].replace("\n", ",\n")).encode(),
    "quoted throughout": "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in GOOD.splitlines()
    ).encode(),
    "shouted header": (HEADER.upper().replace("CASEREF", "CASE REF.") + GOOD[len(HEADER) :]).encode(),
}


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_the_same_rows_however_written(tmp_path: Path, variant: str) -> None:
    receipt, records = taken_in(tmp_path, "asb.csv", VARIANTS[variant])
    assert (receipt.rows_in, receipt.accepted) == (1, 1)
    assert records["asb_measures"]["kind"].to_list() == ["ASBO"]


def test_windows_letters_are_read_as_such(tmp_path: Path) -> None:
    _, records = taken_in(tmp_path, "asb.csv", GOOD.replace("Ash", "O’Neíl").encode("cp1252"))
    assert records["persons"]["surname"].to_list() == ["O’Neíl"]


def test_one_row_in_another_encoding_is_rejected_and_garbles_no_other(tmp_path: Path) -> None:
    content = GOOD.replace("Ash", "Zoë").encode() + b"2,Zo\xeb,Bo,,,,ASBO,,01/02/2013,\n"
    receipt, records = taken_in(tmp_path, "asb.csv", content)
    assert receipt.rejected_by_rule == {"bytes": 1}
    assert records["persons"]["surname"].to_list() == ["Zoë"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ('2,"Oak,Bo,,,,ASBO,,01/02/2013,', "quotes"),
        ('2,"Oak"s,Bo,,,,ASBO,,01/02/2013,', "quotes"),
        ("2,Oak,Bo,,,,ASBO,,01/02/2013", "ragged"),
        ("2,Oak,Bo,1 Ash Road, Chelmsford,,,ASBO,,01/02/2013,", "ragged"),
        ("2,Oa\x00k,Bo,,,,ASBO,,01/02/2013,", "bytes"),
        ("2,Oak\r,Bo,,,,ASBO,,01/02/2013,", "line_break"),
    ],
)
def test_a_damaged_row_is_set_aside_and_the_rows_around_it_stand(tmp_path: Path, row: str, rule: str) -> None:
    after = "3,Elm,Cy,,,,ABC,,01/02/2013,\n"
    receipt, records = taken_in(tmp_path, "asb.csv", GOOD + row + "\n" + after)
    assert receipt.rejected_by_rule == {rule: 1}
    assert records["persons"]["surname"].to_list() == ["Ash", "Elm"]
    assert records["rejected"].select("row").item() == 2
    assert "Oa" in records["rejected"]["raw"].item()


def test_a_stray_quote_in_a_file_that_quotes_may_hide_a_lost_comma(tmp_path: Path) -> None:
    content = HEADER + '1,"Ash, the elder",Amy,,,,ASBO,,01/02/2013,\n2,Oak"Bo",,,"x, y",,,ASBO,,01/02/2013\n'
    receipt, _ = taken_in(tmp_path, "asb.csv", content)
    assert receipt.rejected_by_rule == {"quotes": 1}


def test_a_header_that_comes_again_is_no_person(tmp_path: Path) -> None:
    receipt, _ = taken_in(tmp_path, "asb.csv", GOOD + HEADER + GOOD[len(HEADER) :].replace("1,", "2,", 1))
    assert (receipt.accepted, receipt.rejected_by_rule) == (2, {"header_again": 1})


def test_fields_wrapped_in_apostrophes_are_unwrapped(tmp_path: Path) -> None:
    content = GOOD.replace("Surname", "'Surname'").replace("Ash", "'Ash, O''Brien'")
    _, records = taken_in(tmp_path, "asb.csv", content)
    assert records["persons"]["surname"].to_list() == ["Ash, O'Brien"]


def test_a_quote_inside_a_plain_field_is_a_character(tmp_path: Path) -> None:
    _, records = taken_in(tmp_path, "asb.csv", GOOD.replace("Ash", 'The "Oak" Ash'))
    assert records["persons"]["surname"].to_list() == ['The "Oak" Ash']


def test_a_zipped_or_gzipped_file_reads(tmp_path: Path) -> None:
    for number, (name, content) in enumerate(
        {"asb.zip": zipped(asb_csv=GOOD.encode()), "asb.csv.gz": gzip.compress(GOOD.encode())}.items()
    ):
        receipt, _ = taken_in(tmp_path / str(number), name, content)
        assert receipt.accepted == 1


def test_a_workbook_reads_as_texts(tmp_path: Path) -> None:
    frame = pl.read_csv((GOOD + "2,Oak,Bo,,,,ABC,,2013-02-01,\n").encode(), infer_schema=False)
    receipt, records = taken_in(tmp_path, "asb.xlsx", workbook(frame))
    assert receipt.accepted == 2
    assert records["persons"]["source_person_id"].to_list() == ["1", "2"]


def test_a_file_that_kills_its_reader_is_refused_and_the_next_one_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("families.sources.apart.SECONDS", 0)
    monkeypatch.setattr("families.sources.apart.SECONDS_A_MIB", 0)
    with pytest.raises(Refused, match="within the memory and time"):
        load(tmp_path / "home", [write(tmp_path, "asb.csv", GOOD)], received_on=RECEIVED)
    monkeypatch.undo()
    assert load(tmp_path / "home", [tmp_path / "asb.csv"], received_on=RECEIVED)
    assert read_records(tmp_path / "home", ["persons"])["persons"].height == 1
