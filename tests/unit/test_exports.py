"""What leaves the casebook: words stay words in a workbook and on paper, and the paper can be read by a machine."""

import datetime as dt
import io
import zipfile

import fastexcel
import pytest

from families.exports.document import HANDLING, PURPOSES, Document, Part, header, made_at
from families.exports.pdf import pdf
from families.exports.workbook import workbook

HOSTILE = ('=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\tx", "http://example.org", "00123456789012345678")


def document(*words: str) -> Document:
    told = header(
        council="Wessex", is_sample=True, as_of=dt.date(2013, 9, 1), made_by="Ann", made_at="today", purpose="meeting"
    )
    rows = [(dt.date(2013, 3, 8), each, 12345678901234567890) for each in words]
    return Document("Chronology: Okafor family", "Ann", told, [Part("Events", ("When", "What", "Number"), rows)])


def test_words_of_a_workbook_are_never_formulas_links_or_numbers():
    made = workbook(document(*HOSTILE))
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        sheet = parts.read("xl/worksheets/sheet2.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
    rows = fastexcel.read_excel(made).load_sheet(1, dtypes={"What": "string", "Number": "string"}).to_polars()
    assert rows["What"].to_list() == list(HOSTILE)
    assert set(rows["Number"].to_list()) == {"12345678901234567890"}
    assert {day.isoformat()[:10] for day in rows["When"].to_list()} == {"2013-03-08"}


def test_the_first_sheet_says_what_it_is():
    about = fastexcel.read_excel(workbook(document())).load_sheet(0, header_row=None).to_polars()
    told = dict(about.iter_rows())
    assert told["Council"] == "Wessex"
    assert told["Data"] == "Made up: nobody in it is real"
    assert (told["Data as at"], told["Made by"]) == ("1 September 2013", "Ann")
    assert (told["Purpose"], told["Handling"]) == (PURPOSES["meeting"], HANDLING)


def test_paper_is_tagged_and_by_the_accessibility_standard():
    made = pdf(document("Ria was seen alone."))
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in made
    assert b"/StructTreeRoot" in made
    assert b"/MarkInfo" in made


@pytest.mark.parametrize(
    "words", ["#panic()", "*bold* $x$ `raw` <label> @ref", "\\", '#read("/etc/passwd")', "名 \U0001f600"]
)
def test_no_word_is_read_as_markup_and_none_keeps_paper_from_being_made(words):
    assert pdf(document(words)).startswith(b"%PDF-")


def test_a_part_without_rows_says_so():
    with_none = Document("Plan", "Ann", [], [Part("Needs", ("Need",), [])])
    assert pdf(with_none)
    assert fastexcel.read_excel(workbook(with_none)).sheet_names == ["About", "1 Needs"]


def test_the_time_on_paper_is_that_of_a_clock_in_england():
    assert made_at(dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC), "x1") == "2 July 2026 at 00:30, export x1"
    assert made_at(dt.datetime(2026, 12, 1, 23, 30, tzinfo=dt.UTC), "x1") == "1 December 2026 at 23:30, export x1"
