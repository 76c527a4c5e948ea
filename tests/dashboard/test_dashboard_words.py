import datetime as dt

import pytest

from dashboard import tables, words
from families.casebook.views import ChildBrief, CoverageLine, FamilySummary


def test_dates_are_written_as_people_write_them():
    assert words.long_date(dt.date(2026, 11, 3)) == "3 November 2026"
    assert words.short_date(dt.date(2026, 11, 23)) == "23 Nov 2026"
    assert words.short_date(None) == "not known"


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (dt.datetime(2013, 7, 1, 23, 30, tzinfo=dt.UTC), "2 July 2013 at 00:30"),
        (dt.datetime(2013, 12, 1, 23, 30, tzinfo=dt.UTC), "1 December 2013 at 23:30"),
        (dt.datetime(2013, 12, 1, 23, 30), "1 December 2013 at 23:30"),
    ],
)
def test_times_are_those_of_a_clock_in_england(moment, said):
    assert words.local_time(moment) == said


def test_an_outcome_that_is_not_one_of_three_is_not_known():
    assert [words.outcome(value) for value in ("met", "not_met", "unknown", "?")] == [
        "Met", "Not met", "Not known", "Not known",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[a](http://b)",
        "*b* _c_ `d`",
        ":red[x] :material/home:",
        "<b>",
        "a\nb",
        "$x$",
        "-> 1.",
        "www.x.org",
        "a@b.org",
        "a--b",
    ],
)
def test_no_markdown_survives_escaping(text):
    escaped = words.escape_markdown(text)
    shown = escaped.replace("\\", "").replace("\u2060", "")
    assert shown == text.replace("\n", " ")
    assert all(escaped[i - 1] == "\\" for i, letter in enumerate(escaped) if letter in "[](){}*_`:<>$#!|~.-@/&")


def test_what_a_browser_would_make_into_something_is_kept_apart():
    joined = words.escape_markdown("https://a www.b c@d.org :tada: -> -- >=").replace("\\", "")
    for made in ("https://", "www.", "c@", ":tada", "->", "--", ">="):
        assert made not in joined
    assert words.escape_markdown("Education: met at 09.30").replace("\\", "") == "Education: met at 09.30"


def test_children_leave_out_the_surname_they_share_with_the_family():
    them = (ChildBrief("Ria Reilly", 9), ChildBrief("Tom Grey", None))
    assert words.children(them, family="Reilly family") == "Ria (9), Tom Grey (age not known)"
    assert words.children((), family="Reilly family") == "none known"


def test_half_terms_and_whole_terms_are_named():
    assert words.half_term("2012/13 autumn 1") == "Autumn 1, 2012/13"
    assert words.half_term("2012/13 spring") == "Spring term, 2012/13"


def test_lists_and_counts():
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.counted(1, "family", "families") == "1 family"
    assert words.counted(2310, "family", "families") == "2,310 families"


def test_coverage_in_short_names_the_first_end():
    def line(source: str, to: dt.date | None) -> CoverageLine:
        return CoverageLine(source=source, covers_from=None, covers_to=to, schools=None, sentence="")

    both = (line("dwp", dt.date(2013, 6, 30)), line("asb", dt.date(2013, 8, 31)))
    assert words.coverage_in_short(both) == "Coverage: 2 sources, the first ends 30 Jun 2013"
    assert words.coverage_in_short((line("dwp", None),)) == "Coverage: 1 source"
    assert words.coverage_in_short(()) == "Coverage: not stated"


def test_what_near_misses_lack_has_a_column_where_there_is_one_on_the_page():
    facts = {"children": (), "strands": (), "newest_evidence_on": None, "unknown": "", "size": 3}
    eligible = FamilySummary(family_id="F1", name="Ali family", status="eligible", **facts)
    near = FamilySummary(family_id="F2", name="Ward family", status="near_miss", near_miss="One short.", **facts)
    assert tables.NEAR_MISS not in tables.families([eligible], in_full=False).columns
    assert tables.families([eligible, near], in_full=False)[tables.NEAR_MISS].to_list() == ["", "One short."]
