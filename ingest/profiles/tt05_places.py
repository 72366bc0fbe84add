"""Where a Circular 05 package lies in what was submitted, and where its files go in the AIP."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingest.checks.tt05_tree import METS, REP, Tree
from ingest.staged import StagedFile
from ingest.submission import Submission
from schemas.names import printable
from schemas.nouns import SubmittedFile


@dataclass(frozen=True, slots=True)
class Places:
    """The package's tree; ``staged`` are its files by package path, ``beside`` what lies
    outside its folder, by its whole path."""

    tree: Tree
    staged: Mapping[str, StagedFile]
    beside: Mapping[str, StagedFile]

    def submitted(self, files: Iterable[SubmittedFile]) -> Iterator[tuple[str, SubmittedFile]]:
        """Each of the files that is in the package, with its package path."""
        paths = {file.raw_path: path for path, file in self.staged.items()}
        return ((paths[f.raw_path], f) for f in files if f.raw_path in paths)


def places_of(submission: Submission, texts: Mapping[bytes, str]) -> Places:
    """The package: bare, or in the one folder that holds it.

    ``texts`` are readings of raw paths; a path without one is read as UTF-8.
    """
    by_text = {_text(file.raw_path, texts): file for file in submission.files}
    bare = _is_bare(by_text)
    root = "" if bare else _root(by_text)
    staged = {path[len(root) :]: f for path, f in by_text.items() if path.startswith(root)}
    beside = {path: f for path, f in by_text.items() if not path.startswith(root)}
    empty = [printable(raw) for raw in submission.admission.empty_directories]
    within = (*by_text, *(f"{each}/" for each in empty))
    tops = {path.partition("/")[0] for path in within if "/" in path}
    folder = root.rstrip("/") if root else None
    if folder is None and submission.admission.container is None:
        folder = submission.source.resolve().name
    tree = Tree(
        staged,
        folder,
        () if bare else tuple(sorted(tops)),
        tuple(sorted(beside)),
        tuple(each.removeprefix(root) for each in empty if each.startswith(root)),
    )
    return Places(tree, staged, beside)


def _text(raw: bytes, texts: Mapping[bytes, str]) -> str:
    known = texts.get(raw)
    return raw.decode("utf-8", "surrogateescape") if known is None else known


def _is_bare(paths: Iterable[str]) -> bool:
    """Whether the package has no folder of its own here."""
    return any(path.lower() == METS.lower() or path.startswith(REP) for path in paths)


def _root(paths: Iterable[str]) -> str:
    """The package's folder with its slash; ``""`` when it cannot be told."""
    listed = list(paths)
    tops = {path.partition("/")[0] for path in listed if "/" in path}
    if len(tops) == 1:
        return f"{next(iter(tops))}/"
    holding = {
        posixpath.dirname(path)
        for path in listed
        if path.count("/") == 1 and path.lower().endswith(f"/{METS.lower()}")
    }
    return f"{next(iter(holding))}/" if len(holding) == 1 else ""
