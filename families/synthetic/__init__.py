"""A made-up authority: a coherent population first, then the files each agency would hold of it, and the truth."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import polars as pl

from families.errors import UserError
from families.synthetic import beside
from families.synthetic.agencies import (
    census,
    census_xml,
    council_tax,
    dwp,
    electors,
    extract,
    feeds,
    housing,
    partners,
    places,
    police,
    services,
    transfer,
)
from families.synthetic.agencies.school_systems import held_by_schools
from families.synthetic.truth import write_truth
from families.synthetic.world import make

__all__ = ["synthesise"]


def synthesise(
    directory: Path,
    *,
    pupils: int,
    seed: int,
    errors: float = 1.0,
    gazetteer: bool = True,
    first_day: dt.date = dt.date(2011, 9, 1),
    last_day: dt.date = dt.date(2013, 8, 31),
    file_format: Literal["csv", "parquet"] = "csv",
    report: Callable[[object], None] = print,
) -> None:
    """Writes `directory`/inbox, the files as a council holds them, and `directory`/truth, what is true.

    The same arguments give the same bytes. `errors` multiplies every rate of mistakes; `file_format` is that of the
    session marks. `report` receives what to show: lines, and a table of rates beside the published ones.
    """
    if pupils < 50:
        raise UserError("A made-up authority needs at least 50 pupils; ask for --pupils 50 or more.")
    if first_day >= last_day:
        raise UserError("The first day lies after the last; give --from a day before --to.")
    inbox, truth = _empty_folders(directory)
    world = make(pupils=pupils, seed=seed, errors=errors, first_day=first_day, last_day=last_day)
    systems = held_by_schools(world)
    sent = dwp.sent(world, systems)
    places.write_schools(world, inbox)
    places.write_delivery_note(world, inbox)
    places.write_partners_note(world, inbox)
    if gazetteer:
        places.write_gazetteer(world, inbox)
    feeds.write_marks(world, inbox, file_format=file_format)
    records = pl.concat(
        [
            census.write_tables(world, systems, inbox),
            census_xml.write_census_xml(world, systems, inbox),
            extract.write_extract(world, systems, inbox),
            feeds.write_exclusions(world, systems, inbox),
            transfer.write_transfer_files(world, systems, inbox),
            council_tax.write_council_tax(world, inbox),
            dwp.write_dwp(world, sent, inbox),
            services.write_youth_justice(world, inbox),
            services.write_asb(world, inbox),
            services.write_social_care(world, inbox),
            services.write_education_status(world, inbox),
            services.write_incidents(world, inbox),
            electors.write_register(world, inbox),
            housing.write_housing(world, inbox),
            police.write_incidents(world, inbox),
            partners.write_probation(world, inbox),
            partners.write_health_services(world, inbox),
            partners.write_destinations(world, inbox),
            partners.write_early_help(world, inbox),
            partners.write_looked_after(world, inbox),
            partners.write_nominations(world, inbox),
            partners.write_employment(world, inbox),
        ]
    )
    write_truth(world, records, sent, truth)
    report(
        f"{len(world.people):,} people in {world.dwelling.homes.height:,} homes, {world.schooling.schools.height} "
        f"schools; {records.height:,} records name somebody."
    )
    report(beside.table(world))


def _empty_folders(directory: Path) -> tuple[Path, Path]:
    """The inbox and truth folders, emptied of an authority made up earlier; never of anything else."""
    inbox, truth = directory / "inbox", directory / "truth"
    is_ours = (truth / "records.parquet").is_file()
    if not is_ours and any(folder.is_dir() and any(folder.iterdir()) for folder in (inbox, truth)):
        raise UserError(f"{directory.name} already holds files that were not made up here; name a new folder.")
    for folder in (inbox, truth):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    return inbox, truth
