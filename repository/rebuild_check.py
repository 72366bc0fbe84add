"""Whether the catalogue says what the replicas say (promise 3), without changing either."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

import msgspec

from repository.archive import Repository
from repository.catalogue import Catalogue, sqlite_url
from repository.rebuild import rebuild_catalogue
from schemas.errors import RepositoryError
from schemas.progress import Progress


class ChangedMeanwhile(RepositoryError):
    """Something was recorded while the replicas were read; the comparison says nothing."""

    code = "REPO-CHANGED-MEANWHILE"
    exit_code = 5


class UnknownReplica(RepositoryError):
    """No reachable replica of the archive is called ``replica``."""

    code = "REPO-UNKNOWN-REPLICA"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class TableDifference:
    """The first line of a table's dump in which the two differ; None where one has ended."""

    table: str
    catalogue: str | None
    replicas: str | None


@dataclass(slots=True)
class Comparison:
    """``lines`` of the catalogue's dump were compared; no differences mean it is the same."""

    lines: int = 0
    differences: list[TableDifference] = field(default_factory=list)
    unreadable: list[tuple[str, str, str]] = field(default_factory=list)
    """(replica, object prefix, reason), as in a rebuild's report."""


def compare_with_replicas(
    repository: Repository, *, only: Sequence[str] = (), progress: Progress
) -> Comparison:
    """How the catalogue's canonical dump differs from that of one made anew.

    ``only`` names the replicas to read; all that answer otherwise. Nothing is changed.
    """
    replicas = [r for r in repository.replicas if not only or r.name in only]
    known = ", ".join(replica.name for replica in repository.replicas)
    for name in only:
        if name not in {replica.name for replica in replicas}:
            raise UnknownReplica(replica=name, known=known)
    before = repository.catalogue.ledger_head()
    with tempfile.TemporaryDirectory(dir=repository.root, prefix="verify-") as name:
        folder = Path(name)
        kept = _dump_by_table(repository.catalogue, folder / "known")
        with Catalogue.open(sqlite_url(folder / "catalogue.sqlite"), create=True) as fresh:
            report = rebuild_catalogue(fresh, replicas, progress=progress)
            anew = _dump_by_table(fresh, folder / "anew")
        if repository.catalogue.ledger_head() != before:
            raise ChangedMeanwhile(where=str(repository.root))
        found = Comparison(unreadable=report.unreadable)
        for table in sorted(kept.keys() | anew.keys()):
            _compare(table, kept.get(table), anew.get(table), found)
    return found


def _dump_by_table(catalogue: Catalogue, folder: Path) -> dict[str, Path]:
    """The canonical dump, each table's lines in a file of its own."""
    folder.mkdir()
    whole = folder / "dump"
    with whole.open("w", encoding="utf-8", newline="\n") as out:
        catalogue.dump(out)
    tables: dict[str, Path] = {}
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for line in _lines(whole):
            # The first line names the format and belongs to no table.
            table = msgspec.json.decode(line).get("table", "format")
            if table not in files:
                tables[table] = folder / f"table-{table}"
                opened = tables[table].open("w", encoding="utf-8", newline="\n")
                files[table] = stack.enter_context(opened)
            files[table].write(line + "\n")
    return tables


def _compare(table: str, known: Path | None, anew: Path | None, found: Comparison) -> None:
    """The first line in which the table differs is in ``found``, and all of ours counted."""
    differs = False
    for ours, theirs in zip_longest(_lines(known), _lines(anew)):
        found.lines += ours is not None
        if ours != theirs and not differs:
            differs = True
            found.differences.append(TableDifference(table, ours, theirs))


def _lines(file: Path | None) -> Iterator[str]:
    if file is not None:
        with file.open(encoding="utf-8", newline="\n") as stream:
            yield from (line.rstrip("\n") for line in stream)
