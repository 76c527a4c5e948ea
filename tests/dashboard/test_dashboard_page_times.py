"""Pages answer while a person waits: the benchmark's own pages, on a casebook with casework at every stage.

`families bench --dashboard` times the same on thousands of families. Here a page's own work is counted, which others
on the machine do not lengthen, and a page that does something for each line again and again is found out.
"""

from __future__ import annotations

from statistics import median

import pytest

from families import bench_dashboard

MOST = 300  # milliseconds of work; on 5,000 families a page may take as long


def test_no_page_works_longer_than_a_person_waits(worked_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_dashboard, "TRIES", 3)
    timed = bench_dashboard.timed_pages(worked_url, tell=lambda _: None)
    assert len(timed) == len(bench_dashboard.PAGES)
    assert {f"{each.page}, {each.role}": median(each.worked) for each in timed if median(each.worked) > MOST} == {}


def test_nineteen_of_twenty_do_not_exceed_the_figure_given() -> None:
    assert bench_dashboard.median_and_p95([*range(1, 21)]) == (10.5, 19)
    assert bench_dashboard.median_and_p95([7.0]) == (7.0, 7.0)
