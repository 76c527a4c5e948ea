"""What sources are called in front of people; an id that is not here is shown as plain words."""

from __future__ import annotations

SOURCES = {
    "schools": "School list",
    "gazetteer": "Address gazetteer",
    "school_census_tables": "School census tables",
    "school_census": "School census",
    "attendance_extract": "Attendance extract",
    "session_marks": "Session marks",
    "exclusions": "Exclusions and suspensions",
    "common_transfer_file": "Common Transfer File",
    "council_tax": "Council tax",
    "dwp": "DWP benefit match",
    "dwp_match": "DWP benefit match",
    "dwp_nomatch": "DWP benefit match, nobody found",
    "youth_justice": "Youth justice",
    "asb": "Anti-social behaviour",
    "social_care": "Children's social care",
    "education_status": "Education status",
    "pupils": "Pupils (local layout)",
    "adults": "Adults (local layout)",
}


def source_label(source: str) -> str:
    """A source in words people use."""
    return SOURCES.get(source, source.replace("_", " ").capitalize())
