"""Loads: what arrived, what was refused? A file loaded in five steps, one taken back, and rejected rows corrected."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import exporting, frame, guarding, identity, load_tables, submitting, words
from families import load_job, loading, mappings
from families.casebook import sessions
from families.casebook.deliveries import names_of_staff
from families.cases.clock import LONDON
from families.errors import Refused, UserError
from families.home import Home
from families.load_job import Doing, Job, Stands
from families.loading import Register
from families.settings import Settings
from families.sources.layouts import layouts
from families.sources.receipts import Receipt
from families.sources.replaying import UnknownCode
from families.sources.taking_back import gone_in_words
from families.tables.source_names import source_label

TITLE = "Loads"
TO_LOAD = "load what is delivered"
PAGE_SIZE = 20
BY_HEADINGS = ""
LOOKED_AT_EVERY = 2  # seconds
UPLOADER, TOKEN, SET_ASIDE = "load_uploader", "load_token", "load_set_aside"


def home() -> Home:
    """Where deliveries lie; a dashboard that stands alone has none."""
    found = Home(Settings().home)
    if not found.path.is_dir():
        raise Refused(
            "This dashboard has no home of deliveries (FAMILIES_HOME): they are loaded on the machine that has, with "
            "`families load`."
        )
    return found


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    try:
        found = loading.register(home(), visit.reader(TO_LOAD))
    except UserError as error:
        frame.refused(TITLE, error)
        return
    st.title(TITLE, anchor=False)
    for gone in found.gone_since_run:
        st.warning(words.escape_markdown(gone_in_words(gone)))
    _register(found, visit)
    _load(found, visit)
    _correct(found, visit)
    _take_back(found, visit)


def _register(found: Register, visit: identity.Visit) -> None:
    st.header("What arrived", anchor=False)
    number = words.counted(len(found.deliveries), "delivery", "deliveries")
    st.write(f"**{number}.** A refresh, started on the server, uses them.")
    if found.deliveries:
        page = st.session_state.get("loads_page", 1)
        shown = found.deliveries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        frame.plain_table(load_tables.register(found, shown), "Deliveries, the newest first")
        with st.container(horizontal_alignment="right", key="loads_turn"):
            st.pagination(-(-len(found.deliveries) // PAGE_SIZE), key="loads_page", persist_state="session")
        _why_refused(found.deliveries)
    if found.taken_back:
        st.subheader("Taken back", anchor=False)
        gone = load_tables.taken_back(found.taken_back[:PAGE_SIZE], names_of_staff(visit.engine, visit.reader(TO_LOAD)))
        frame.plain_table(gone, "Deliveries taken back, the last first")


def _why_refused(deliveries: Sequence[Receipt]) -> None:
    refused = {each.delivery: each for each in deliveries if each.rejected or each.flags_by_rule}
    chosen = st.selectbox(
        "Why rows of a delivery were refused", list(refused), index=None, key="why_of",
        format_func=lambda name: _named(refused[name]),
    )  # fmt: skip
    if chosen in refused:
        frame.plain_table(load_tables.rules(refused[chosen]), "Why rows were refused or are in doubt")


def _named(receipt: Receipt) -> str:
    return f"{source_label(receipt.source)}: {words.plain(receipt.file)}, {words.short_date(receipt.received_on)}"


# -- a file in five steps ------------------------------------------------------------------------------------------


def _load(found: Register, visit: identity.Visit) -> None:
    st.header("Load a file", anchor=False)
    job = load_job.look(home(), visit.reader(TO_LOAD), at=identity.now())
    is_running = job is not None and job.stands is Stands.RUNNING
    st.subheader("1. Choose the source", anchor=False)
    sources = sorted(
        (name for name in layouts() if not name.startswith("collect_")), key=lambda name: source_label(name)
    )
    source = st.selectbox(
        "Source", [BY_HEADINGS, *sources], key="load_source", on_change=_set_aside, args=(job,),
        format_func=lambda name: source_label(name) if name else "As the file’s own headings say",
    )  # fmt: skip
    st.subheader("2. Upload the file", anchor=False)
    file_key = _upload(job, is_running=is_running)
    is_there = st.session_state.get(file_key) is not None or (job is not None and job.size is not None)
    st.subheader("3. Say which column is which", anchor=False)
    mapping = _mapping(source, job)
    st.subheader("4. Check", anchor=False)
    token = st.session_state.setdefault(TOKEN, uuid.uuid4().hex)
    st.button(
        "Check the file", key="load_check", disabled=is_running or not is_there, on_click=_check,
        args=(token, file_key, source, mapping),
    )  # fmt: skip
    submitting.say("load/check")
    if job is None or (st.session_state.get(SET_ASIDE) == job.job_id and not is_running):
        submitting.say_within("load")
        st.write("Nothing is written before the last step.")
        return
    if job.doing is Doing.CHECK:
        _stands(job, visit)
    if job.checked is not None:
        _last_step(job, job.checked, found, visit)


def _last_step(job: Job, checked: Receipt, found: Register, visit: identity.Visit) -> None:
    if not job.loaded:
        _told(checked, _before(found, checked))
    st.subheader("5. Load", anchor=False)
    if not job.loaded:
        is_off = job.stands is Stands.RUNNING or job.size is None
        st.button("Load it", type="primary", key="load_commit", disabled=is_off, on_click=_commit, args=(job.job_id,))
    submitting.say("load/commit")
    if job.doing is Doing.LOAD:
        _stands(job, visit)


def _stands(job: Job, visit: identity.Visit) -> None:
    """What becomes of the file that was uploaded last, whoever did it and wherever they are now."""
    name = words.escape_markdown(job.file)
    if job.stands is Stands.RUNNING:
        _under_way(visit, _by(job, visit))
    elif job.stands is Stands.STOPPED:
        st.warning(
            f"{name}: the {job.doing} that {_by(job, visit)} began stopped before it was done, because the server did. "
            "Nothing was written: begin again.",
            icon=":material/warning:",
        )
    elif job.stands is Stands.REFUSED:
        st.error(words.escape_markdown(job.refusal))
    elif job.loaded:
        st.success(f"{name} is loaded, as delivery {job.loaded.delivery}. The next refresh uses it.")
    elif job.checked:
        st.success(f"{words.counted(job.checked.rows_in, 'row')} read, nothing written.")


@st.fragment(run_every=LOOKED_AT_EVERY)
def _under_way(visit: identity.Visit, by: str) -> None:
    """That the work goes on; looking is not doing, and keeps no session alive."""
    now = identity.now()
    job = _seen(visit, now)
    if job is None or job.stands is not Stands.RUNNING:
        st.rerun(scope="app")
    st.info(
        f"{words.escape_markdown(job.file)} {load_tables.under_way_in_words(job)} {words.capital(by)} began it. "
        "You can leave this page: it goes on, and this page says what became of it.",
        icon=":material/hourglass_top:",
    )
    st.caption(f"So far it has taken {words.counted(round((now - job.at).total_seconds()), 'second')}.")


def _seen(visit: identity.Visit, now: dt.datetime) -> Job | None:
    """The job as it stands now, for as long as whoever looks still may."""
    session = sessions.look(visit.engine, identity.token(), limits=identity.limits(), at=now)
    if session is None or session.ended_how:
        return None
    try:
        return load_job.look(home(), identity.reader(session, visit.data, TO_LOAD, now), at=now)
    except UserError:
        return None


def _by(job: Job, visit: identity.Visit) -> str:
    """Who began it, and when."""
    if job.by == visit.person.staff_id:
        return f"you, on {words.local_time(job.at)},"
    names = names_of_staff(visit.engine, visit.reader(TO_LOAD))
    return f"{words.escape_markdown(names.get(job.by, job.by))}, on {words.local_time(job.at)},"


def _upload(job: Job | None, *, is_running: bool) -> str:
    """The place for a file, and the one that is here; the key of the place, which is another once it was emptied."""
    st.caption(
        f"Up to {config.get_option('server.maxUploadSize')} MB: CSV, a workbook, XML or Parquet, also zipped. Larger "
        "files are loaded on the server, with `families load`."
    )
    key = f"{UPLOADER}_{st.session_state.get(UPLOADER, 0)}"
    st.file_uploader("File", key=key, on_change=_set_aside, args=(job,), disabled=is_running)
    if job is not None and job.size is not None:
        st.write(f"{words.escape_markdown(job.file)} ({load_tables.size_in_words(job.size)}) is here.")
        if not is_running:
            st.button("Remove it", key="load_let_go", on_click=_let_go, args=(job.job_id,))
    return key


def _set_aside(job: Job | None) -> None:
    """Something else is asked now than was checked: what was found out is shown no more, and is not loaded."""
    st.session_state[SET_ASIDE] = job.job_id if job else None


def _before(found: Register, receipt: Receipt) -> Receipt | None:
    """The delivery of the same source before."""
    return next((each for each in found.deliveries if each.source == receipt.source and not each.replaces), None)


def _told(receipt: Receipt, before: Receipt | None) -> None:
    st.write(f"It is read as **{source_label(receipt.source)}**. {load_tables.covers_in_words(receipt)}")
    _how_written(receipt)
    frame.plain_table(load_tables.counts(receipt, before), "What would become of the file’s rows")
    if receipt.against:
        frame.plain_table(load_tables.differences(receipt.against), "What is new and gone against the delivery before")
        st.write(load_tables.missing_in_words(receipt.against))
    why = load_tables.rules(receipt)
    if not why.is_empty():
        frame.plain_table(why, "Why rows would be refused or are in doubt")


def _how_written(receipt: Receipt) -> None:
    """Encoding, delimiter and dates as they were found out; doubtful dates stop the load."""
    if receipt.written is None:
        return
    st.write(load_tables.written_in_words(receipt.written))
    if receipt.written.dates:
        frame.plain_table(load_tables.dates(receipt.written), "How dates are written")
    if any(each.is_doubtful for each in receipt.written.dates):
        st.warning(
            "In doubt: every date could be day first or month first, and nothing else in the file settles it. It is "
            "not loaded until the mapping in step 3 says how they are written: %d/%m/%Y or %m/%d/%Y.",
            icon=":material/warning:",
        )


def _mapping(source: str, job: Job | None) -> dict[str, object] | None:
    """The mapping as it is filled in; none where the file's headings are the source's own."""
    if not source:
        st.write("Choose a source first where the file has headings, date formats or codes of its own.")
        return None
    kept = mappings.kept(home(), source)
    wanted = st.toggle(
        "The file has headings, date formats or codes of its own",
        value=bool(kept),
        key=f"map_{source}",
        on_change=_set_aside,
        args=(job,),
    )
    if not wanted:
        return None
    st.caption("Where no heading is given, all are as the source has them. A date format is written as in %d/%m/%Y.")
    layout = layouts()[source]
    shown = load_tables.mapping(layout, kept)
    st.data_editor(
        shown, key=f"mapping_{source}", num_rows="fixed", disabled=["Column", "Needed"], hide_index=True,
        alt=f"Columns of {source_label(source)}, and the file’s headings for them", on_change=_set_aside, args=(job,),
    )  # fmt: skip
    edits = st.session_state.get(f"mapping_{source}", {}).get("edited_rows", {})
    return load_tables.mapped(source, layout, edits, kept)


def _received_on(visit: identity.Visit) -> dt.date:
    """Today; in a sample home the day its data speaks of, as everything there."""
    return visit.data.as_of if visit.data.is_sample else identity.now().astimezone(LONDON).date()


def _check(token: str, file_key: str, source: str, told: dict[str, object] | None) -> None:
    upload = st.session_state.get(file_key)

    def act(visit: identity.Visit) -> None:
        load_job.begin_check(
            home(), visit.engine, visit.reader(TO_LOAD), token, upload=upload, source=source or None,
            mapping=mappings.checked(told) if told else None, received_on=_received_on(visit), at=identity.now(),
        )  # fmt: skip

    if not _began(act, at="load/check"):
        return
    st.session_state.pop(TOKEN, None)
    if upload is not None:
        st.session_state[UPLOADER] = st.session_state.get(UPLOADER, 0) + 1
        _free(upload.file_id)


def _free(file_id: str) -> None:
    """Give back the memory of an upload that is in the home; Streamlit would keep it until the session ends."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def _commit(job_id: str) -> None:
    _began(
        lambda visit: load_job.begin_load(
            home(), visit.engine, visit.reader(TO_LOAD), job_id, received_on=_received_on(visit), at=identity.now()
        ),
        at="load/commit",
    )


def _let_go(job_id: str) -> None:
    _began(lambda visit: load_job.let_go(home(), visit.reader(TO_LOAD), job_id), at="load/check")


def _began(act: Callable[[identity.Visit], None], *, at: str) -> bool:
    """Whether it could be begun; what becomes of it is said by where the job stands."""
    visit = identity.visit()
    if visit is None:
        return False
    try:
        act(visit)
    except UserError as error:
        submitting.refuse(str(error), at=at)
        return False
    return True


# -- rejected rows -------------------------------------------------------------------------------------------------


def _correct(found: Register, visit: identity.Visit) -> None:
    st.header("Correct rejected rows", anchor=False)
    submitting.say("correct")
    waits = {each.delivery: each for each in found.deliveries if found.waiting.get(each.delivery)}
    if not waits:
        st.write("No rejected row waits to be corrected.")
        return
    chosen = st.selectbox(
        "Delivery", list(waits), key="correct_of",
        format_func=lambda name: f"{_named(waits[name])}: {words.counted(found.waiting[name], 'row')}",
    )  # fmt: skip
    _codes(chosen, visit)
    st.write("Download them, put them right in a spreadsheet and leave the first two columns as they are.")
    if visit.is_recent:
        link = exporting.rejects_link(visit.session.session_id, chosen)
        st.link_button("Download the rejected rows", link, icon=":material/download:", key="rejects_link")
    else:
        identity.ask_again(visit, identity.EXPORT)
    st.caption("They hold personal data. That you took them is written down.")
    with st.form("correct", border=False, clear_on_submit=False):
        st.file_uploader(
            "Corrected rows, as CSV", key="correct_file", type=["csv"], max_upload_size=guarding.FROM_ANYBODY
        )
        st.form_submit_button("Load the corrected rows", key="correct_save", on_click=_replay, args=(chosen,))


def _codes(delivery: str, visit: identity.Visit) -> None:
    """Codes that many rows were refused for: each is said once, for all of them."""
    if not st.toggle("Show codes that are not known", key="codes_open"):
        return
    try:
        found = loading.codes_not_known(home(), visit.reader(TO_LOAD), delivery)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    if not found:
        st.write("No code stands in several of the rejected rows.")
        return
    frame.plain_table(load_tables.codes(found), "Codes that rows were refused for")
    with st.form("codes", border=False):
        st.selectbox(
            "Code", range(len(found)), key="code_which",
            format_func=lambda number: f"{found[number].heading}: {words.plain(found[number].value)}",
        )  # fmt: skip
        st.text_input("Read it as", key="code_as", max_chars=100)
        st.form_submit_button("Read it so in all these rows", key="code_save", on_click=_map, args=(delivery, found))
    st.caption("It is remembered for the source: later corrections, and files checked with its mapping, are read so.")


def _map(delivery: str, found: Sequence[UnknownCode]) -> None:
    unknown = found[int(st.session_state.get("code_which") or 0)]
    submitting.do(
        lambda visit: loading.map_code(
            home(), visit.engine, visit.reader(TO_LOAD), delivery, unknown,
            read_as=submitting.written("code_as"), on=identity.casework_day(visit),
        ),
        _replayed, clear=("code_as",), at="correct",
    )  # fmt: skip


def _replay(delivery: str) -> None:
    def act(visit: identity.Visit) -> Receipt:
        upload = st.session_state.get("correct_file")
        if upload is None:
            raise Refused("Upload the corrected rows first.")
        return loading.replay_rejects(
            home(), visit.engine, visit.reader(TO_LOAD), delivery, upload.getvalue(), on=identity.casework_day(visit)
        )

    submitting.do(act, _replayed, at="correct")


def _replayed(receipt: Receipt) -> str:
    again = f" {words.counted(receipt.rejected, 'row')} was refused again." if receipt.rejected == 1 else (
        f" {words.counted(receipt.rejected, 'row')} were refused again." if receipt.rejected else ""
    )  # fmt: skip
    return f"{words.counted(receipt.accepted, 'row')} accepted in place of the rejected ones.{again}"


# -- taking one back -----------------------------------------------------------------------------------------------


def _take_back(found: Register, visit: identity.Visit) -> None:
    st.header("Take a delivery back", anchor=False)
    submitting.say("unload")
    by_id = {each.delivery: each for each in found.deliveries}
    chosen = st.selectbox(
        "Delivery to take back", list(by_id), index=None, key="unload_of", format_func=lambda name: _named(by_id[name])
    )
    if chosen not in by_id:
        return
    try:
        follows = loading.consequences(home(), visit.engine, visit.reader(TO_LOAD), chosen)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    for line in _follows(follows):
        st.write(f"- {line}")
    with st.form(f"unload_{chosen}", border=False):
        st.text_area("Why", max_chars=500, key=f"unload_why_{chosen}")
        st.form_submit_button("Take it back", key=f"unload_save_{chosen}", on_click=_taken_back, args=(chosen,))


def _follows(follows: loading.Consequences) -> list[str]:
    """What taking it back would do, line by line."""
    lines = [f"{words.counted(follows.receipt.accepted, 'accepted row')} will count no more from the next refresh on."]
    if follows.corrections:
        lines.append(
            f"{words.counted(len(follows.corrections), 'delivery', 'deliveries')} of corrected rows go with it."
        )
    if follows.is_used:
        cited = follows.cited
        lines.append(
            f"The published run uses it, in {words.counted(cited.findings, 'finding')} of "
            f"{words.counted(cited.families, 'family', 'families')}, of which "
            f"{words.counted(cited.open_families, 'family is', 'families are')} being worked with."
        )
        lines.append(
            "Alerts whose cause goes with it are closed by that refresh, with words. Nobody’s case is changed."
        )
    else:
        lines.append("The published run does not use it.")
    return lines


def _taken_back(delivery: str) -> None:
    why = submitting.written(f"unload_why_{delivery}")
    submitting.do(
        lambda visit: loading.take_back(
            home(), visit.engine, visit.reader(TO_LOAD), delivery, reason=why, at=identity.now()
        ),
        lambda gone: f"{gone[-1].receipt.file} is taken back. The next refresh is as if it had never come.",
        at="unload",
    )


show()
