"""What is most protected asks for a sign-in that is not long ago: by a real provider, over real connections."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from made_up_casebook import FULL
from serving import Real
from visiting import Visitor, proved, signed_in, visitor

from families.casebook import restricting, search
from families.casebook.views import Reader
from families.errors import SignInTooOld

WORKER, OUTSIDER, OFFICER = "demo-caseworker", "demo-caseworker-3", "demo-ig-officer"
CHRONOLOGY = {"page": "family_record", "query": f"family={FULL}&section=Chronology"}
HIDDEN = "F01"
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module", autouse=True)
def hidden(real: Real) -> None:
    officer, soon = Reader(OFFICER, "ig_officer", "test"), NOW.date() + dt.timedelta(days=30)
    restricting.restrict(real.engine, officer, HIDDEN, kind="adoption", reason="A placement.", review_on=soon, at=NOW)


def says_proved(real: Real, subject: str, ago: dt.timedelta | None) -> None:
    """What the service tells from now on of when somebody proved who they are."""
    told = None if ago is None else int((dt.datetime.now(dt.UTC) - ago).timestamp())
    assert httpx.put(f"{real.provider}/users/{subject}", json={"auth_time": told}).status_code == 204


def again(coming: Visitor, what: str, subject: str) -> httpx.Cookies:
    """Go through the sign-in that the page asks for; the service is told to let nobody in without proof."""
    coming.press(f"sign_in_again_for_{what}")
    with httpx.Client(base_url=coming.address, cookies=coming.cookies) as client:
        asked = parse_qs(urlsplit(client.get(coming.sent_to).headers["location"]).query)
        assert (asked["prompt"], asked["max_age"], asked["scope"]) == (["login"], ["0"], ["openid"])
        return proved(client, coming.sent_to, subject)


def exports(real: Real) -> int:
    with real.engine.connect() as connection:
        return int(
            connection.execute(
                sa.text("SELECT count(*) FROM audit_event WHERE action = 'export_chronology'")
            ).scalar_one()
        )


def test_an_export_asks_for_a_sign_in_that_is_not_long_ago(real: Real) -> None:
    says_proved(real, WORKER, None)
    cookies = signed_in(real.address, WORKER)
    with visitor(real.address, cookies) as coming:
        coming.run().run(**CHRONOLOGY)
        assert "asks for a sign-in within the last 15 minutes" in coming.text()
        coming.run(coming.says("export_purpose_chronology", "A meeting about the family"), **CHRONOLOGY)
        assert not coming.all("link_button")
        says_proved(real, WORKER, dt.timedelta(0))
        cookies = again(coming, "export", WORKER)
    with visitor(real.address, cookies) as coming:
        coming.run().run(**CHRONOLOGY)
        coming.run(coming.says("export_purpose_chronology", "A meeting about the family"), **CHRONOLOGY)
        (pdf, _workbook) = coming.all("link_button")
    got = httpx.get(real.address + pdf.url, cookies=cookies)
    assert (got.status_code, got.content[:5], exports(real)) == (200, b"%PDF-", 1)

    with real.engine.begin() as connection:  # a quarter of an hour later, at the same screen
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=16)
        connection.execute(
            sa.text("UPDATE staff_session SET signed_in_at = :at"), {"at": f"{long_ago:%Y-%m-%d %H:%M:%S.%f}"}
        )
    got = httpx.get(real.address + pdf.url, cookies=cookies)
    assert (got.status_code, "sign in again" in got.text, exports(real)) == (403, True, 1)
    with visitor(real.address, cookies) as coming:
        coming.run().run(**CHRONOLOGY)
        assert coming.id_of("sign_in_again_for_export")
        assert coming.errors == []


def test_whoever_signed_in_again_comes_back_to_where_they_were_once(real: Real) -> None:
    """A page of ours with ids; an ordinary sign-in, somebody else's and a second one all lead to the first page."""
    says_proved(real, WORKER, None)
    cookies = signed_in(real.address, WORKER)
    elsewhere = f"{CHRONOLOGY['query']}&next=https%3A%2F%2Fexample.org%2F"
    with visitor(real.address, cookies) as coming:
        coming.run().run(page="family_record", query=elsewhere)
        coming.press("sign_in_again_for_export", page="family_record", query=elsewhere)
        sent_to = coming.sent_to
    for subject in (WORKER, OUTSIDER):
        with visitor(real.address, signed_in(real.address, subject)) as coming:
            assert (coming.run().title, coming.query) == ("Today", "")
    says_proved(real, WORKER, dt.timedelta(0))
    with httpx.Client(base_url=real.address, cookies=cookies) as client:
        cookies = proved(client, sent_to, WORKER)
    with visitor(real.address, cookies) as coming:
        coming.run()
        assert coming.title == r"Okafor\-Reilly family"
        assert parse_qs(coming.query) == {"family": [FULL], "section": ["Chronology"]}
        assert coming.id_of("export_purpose_chronology")
        assert (coming.id_of("sign_in_again_for_export"), coming.errors) == ("", [])
    with visitor(real.address, cookies) as coming:
        assert coming.run().title == "Today"


def test_only_what_the_service_says_of_the_proof_counts(real: Real) -> None:
    """A browser that leaves `prompt` and `max_age` out of the address gets a new sign-in without any new proof."""
    says_proved(real, WORKER, None)
    cookies = signed_in(real.address, WORKER)
    for ago in (dt.timedelta(hours=1), dt.timedelta(hours=-1), None):
        with visitor(real.address, cookies) as coming:
            coming.run().run(**CHRONOLOGY)
            says_proved(real, WORKER, ago)
            cookies = again(coming, "export", WORKER)
        with visitor(real.address, cookies) as coming:
            coming.run().run(**CHRONOLOGY)
            assert coming.id_of("sign_in_again_for_export")
            assert ("does not say when you signed in" in coming.text()) is (ago is None)


def test_an_emergency_opening_asks_for_it(real: Real) -> None:
    sought = search.Sought("niamh reilly")
    with pytest.raises(SignInTooOld):
        search.open_in_emergency(
            real.engine, Reader(OUTSIDER, "caseworker", "test", "s1"), sought, cause="health", words="Now."
        )
    says_proved(real, OUTSIDER, None)
    cookies = signed_in(real.address, OUTSIDER)
    with visitor(real.address, cookies) as coming:
        coming.run().run(page="search")
        coming.press("search_now", coming.says("search_text", "niamh reilly"), page="search")
        assert "1 family outside your families" in coming.text()
        assert not coming.id_of("emergency_open")
        says_proved(real, OUTSIDER, dt.timedelta(minutes=14))
        cookies = again(coming, "emergency", OUTSIDER)
    with visitor(real.address, cookies) as coming:
        coming.run().run(page="search")
        coming.press("search_now", coming.says("search_text", "niamh reilly"), page="search")
        cause = coming.says("emergency_cause", "A hospital or doctor needs an answer now")
        coming.press("emergency_open", cause, coming.says("emergency_words", "The hospital asks."), page="search")
        assert coming.title == r"Okafor\-Reilly family"
        assert coming.errors == []


def test_a_restricted_record_asks_for_it_and_any_other_does_not(real: Real) -> None:
    says_proved(real, OFFICER, None)
    cookies = signed_in(real.address, OFFICER)
    with real.engine.connect() as connection:
        (name,) = connection.execute(
            sa.text("SELECT name FROM published_family WHERE family_id = :id"), {"id": HIDDEN}
        ).one()
    with visitor(real.address, cookies) as coming:
        coming.run().run(page="family_record", query=f"family={FULL}")
        assert coming.title == r"Okafor\-Reilly family"
        coming.frames.clear()
        for tab in ("Overview", "Who is linked to whom", "Access log"):
            coming.run(page="family_record", query=f"family={HIDDEN}&section={tab}")
            assert (coming.title, coming.saw(name)) == ("This record cannot be opened", [])
        says_proved(real, OFFICER, dt.timedelta(0))
        cookies = again(coming, "restricted", OFFICER)
    with visitor(real.address, cookies) as coming:
        coming.run().run(page="family_record", query=f"family={HIDDEN}")
        assert coming.title == name
        assert "Restricted record: adoption" in coming.text()
