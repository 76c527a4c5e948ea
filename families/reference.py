"""Where the shipped code lists, calendars and name lists lie; data, not code."""

from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
