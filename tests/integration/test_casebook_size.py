"""Thousands of families: published in seconds, listed and opened while a person waits; margins for a busy machine."""

import time
from collections.abc import Callable

from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook.publish import publish
from families.casebook.reading import SORTS, family_record, list_families
from families.casebook.views import Reader

MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="identification")


def seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_three_thousand_families(casebook: Engine) -> None:
    run = made_up_run(copies=150)
    to_publish = seconds(lambda: publish(casebook, **run.for_publish()))
    again = seconds(lambda: publish(casebook, **run.for_publish()))
    lists = {
        f"{sort}, page {page}": seconds(lambda s=sort, p=page: list_families(casebook, MANAGER, sort=s, page=p))  # type: ignore[misc]
        for sort in SORTS
        for page in (1, 120)
    }
    lists["search"] = seconds(lambda: list_families(casebook, MANAGER, text="zoe ok", strand="work"))
    record = seconds(lambda: family_record(casebook, MANAGER, "F01x75"))

    print(f"{casebook.dialect.name}: {to_publish:.1f} s, again {again:.1f} s, lists {lists}, record {record:.3f} s")
    assert list_families(casebook, MANAGER).total == 3_000
    assert max(to_publish, again) < 20
    assert max(lists.values()) < 1
    assert record < 1
