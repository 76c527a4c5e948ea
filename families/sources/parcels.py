"""Which files under the given paths make which deliveries: one a file, but the COLLECT tables of a term together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from families.errors import Refused
from families.sources import collect
from families.sources.opening import READABLE, hash_of

NOT_DELIVERIES = ("readme", "licence", "license", "thumbs.db", "desktop.ini", "~$")


@dataclass(frozen=True)
class Parcel:
    """Files that make one delivery."""

    paths: tuple[Path, ...]

    @property
    def is_group(self) -> bool:
        """Whether these are tables of one census."""
        return collect.group_key(self.paths[0]) is not None

    @property
    def name(self) -> str:
        """What the delivery is called: its file, or the common part of a group's names."""
        key = collect.group_key(self.paths[0])
        return f"{key[1]}_{key[2]}_*.csv" if key else self.paths[0].name

    def sha256(self, copies: list[Path] | None = None) -> str:
        """A file's SHA-256; for a group, that of its sorted lines of name and SHA-256. Of copies where given."""
        files = copies or list(self.paths)
        if not self.is_group:
            return hash_of(files[0])
        lines = sorted(f"{path.name} {hash_of(file)}" for path, file in zip(self.paths, files, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def parcels_under(paths: Iterable[Path], refusals: list[str]) -> list[Parcel]:
    """Every delivery under the paths, in order of path; a path that leads nowhere adds its sentence to `refusals`."""
    files: list[Path] = []
    for path in paths:
        try:
            files += _files_under(path)
        except Refused as refusal:
            refusals.append(str(refusal))
    groups: dict[tuple[str, ...], list[Path]] = {}
    for file in dict.fromkeys(files):
        key = collect.group_key(file)
        groups.setdefault(key or (str(file),), []).append(file)
    return sorted((Parcel(tuple(sorted(group))) for group in groups.values()), key=lambda parcel: str(parcel.paths[0]))


def _files_under(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and _may_be_delivery(file, path))
        if not found:
            raise Refused(f"The folder {path.name or path} holds no files to load ({', '.join(READABLE)}).")
        return found
    if not path.exists():
        raise Refused(f"There is no file or folder {path.name or path}: check the path.")
    if not path.is_file():
        raise Refused(f"{path.name} is not a file: give a file or a folder.")
    return [path]


def _may_be_delivery(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and not file.name.lower().startswith(NOT_DELIVERIES)
