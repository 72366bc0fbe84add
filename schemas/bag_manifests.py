"""Reads manifests line by line and compares what they list with what the bag holds.

A digest that is known already is compared at once; the others are gathered per file, so that
each file is read once for all algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.bag_algorithms import DIGEST_BYTES
from schemas.bag_entries import Entry, Match, Matcher, outside, parse_entry, tidied
from schemas.bag_text import Declaration, TagLines
from schemas.bag_tree import PackageTree, digests_of
from schemas.findings import Finding, Severity
from schemas.names import is_litter, printable

Report = Callable[[Finding], None]

PAYLOAD = b"data/"


@dataclass(slots=True)
class Listed:
    """What one manifest lists: digests by the file they were found to mean."""

    name: str
    algorithm: str
    digest_by_path: dict[bytes, bytes] = field(default_factory=dict)
    absent_litter: int = 0
    whole: bool = True


class ManifestReader:
    """Reads the manifests of one bag."""

    def __init__(
        self, tree: PackageTree, declared: Declaration, matcher: Matcher, report: Report
    ) -> None:
        self._tree = tree
        self._declared = declared
        self._matcher = matcher
        self._report = report
        self._pending: dict[bytes, dict[str, tuple[str, str]]] = {}

    def read(self, name: bytes, algorithm: str, *, tags: bool) -> Listed:
        """The files that a manifest lists; everything wrong with its lines was reported."""
        where = name.decode("ascii")
        listed = Listed(where, algorithm)
        lines = TagLines(self._tree.files[name], where, self._declared.encoding, self._report)
        for number, line in lines:
            if not line.strip():
                self._say("BAG-LINE-BLANK", Severity.WARNING, where, line=number)
                continue
            entry = parse_entry(line)
            if entry is None or len(entry.digest) != 2 * DIGEST_BYTES[algorithm]:
                self._say("BAG-LINE", Severity.ERROR, where, line=number)
            elif (path := self._place(entry.path, where, tags=tags)) is not None:
                self._take(listed, entry, path)
        listed.whole = lines.whole
        return listed

    def _place(self, written: str, where: str, *, tags: bool) -> str | None:
        """The entry's path inside the bag, tidied; None when it has no business here."""
        path = written
        if path.startswith("*") and not (tags and path.encode() in self._tree.files):
            self._say("BAG-MD5SUM", Severity.WARNING, where, path=_shown(written))
            path = path[1:]
        if reason := outside(path):
            windows = reason == "windows" and not self._declared.strict
            severity = Severity.WARNING if windows else Severity.ERROR
            code = "BAG-ENTRY-WINDOWS" if windows else "BAG-ENTRY-OUTSIDE"
            self._say(code, severity, where, path=_shown(written))
            return None
        tidy = tidied(path)
        if tidy != path:
            self._say("BAG-ENTRY-UNTIDY", Severity.WARNING, where, path=_shown(written))
        if tidy.startswith("data/") == tags:
            weight = Severity.WARNING if tags and not self._declared.strict else Severity.ERROR
            code = "BAG-TAG-LISTS-PAYLOAD" if tags else "BAG-ENTRY-OUTSIDE"
            self._say(code, weight, where, path=_shown(written))
            return tidy if tags else None
        return tidy

    def _take(self, listed: Listed, entry: Entry, path: str) -> None:
        match = self._matcher.find(path)
        if isinstance(match, str):
            self._report_unmatched(listed, match, path)
            return
        if match.warning:
            severity = Severity.WARNING
            self._say(match.warning, severity, printable(match.path), path=_shown(entry.path))
        digest = bytes.fromhex(entry.digest)
        before = listed.digest_by_path.setdefault(match.path, digest)
        if before is not digest:
            self._report_twice(listed, match, path, same=before == digest)
        self._compare(match.path, listed, entry.digest)

    def _report_unmatched(self, listed: Listed, why: str, path: str) -> None:
        shown = _shown(path)
        if why == "percent":
            self._say("BAG-PERCENT-AMBIGUOUS", Severity.ERROR, shown, manifest=listed.name)
        elif is_litter(path.rpartition("/")[2]) and not self._declared.strict:
            listed.absent_litter += 1
            self._say("BAG-LITTER-MISSING", Severity.WARNING, shown, manifest=listed.name)
        else:
            self._say("BAG-MISSING", Severity.ERROR, shown, manifest=listed.name)

    def _report_twice(self, listed: Listed, match: Match, path: str, *, same: bool) -> None:
        where = printable(match.path)
        if not same:
            self._say("BAG-TWICE-DIFFERENT", Severity.ERROR, where, manifest=listed.name)
            return
        severity = Severity.ERROR if self._declared.strict else Severity.WARNING
        self._say("BAG-TWICE", severity, where, manifest=listed.name, path=_shown(path))

    def _compare(self, path: bytes, listed: Listed, expected: str) -> None:
        known = self._tree.files[path].known_digests.get(listed.algorithm)
        if known is None:
            wanted = self._pending.setdefault(path, {})
            wanted.setdefault(listed.algorithm, (expected, listed.name))
        elif known != expected:
            self._report_digest(path, listed.name, listed.algorithm)

    def compare_pending(self) -> None:
        """Every digest that had to be made anew was made, each file read once, and compared."""
        for path, wanted in self._pending.items():
            made = digests_of(self._tree.files[path], wanted)
            for algorithm, (expected, manifest) in wanted.items():
                if made[algorithm] != expected:
                    self._report_digest(path, manifest, algorithm)
        self._pending.clear()

    def _report_digest(self, path: bytes, manifest: str, algorithm: str) -> None:
        code = "BAG-DIGEST" if path.startswith(PAYLOAD) else "BAG-TAG-DIGEST"
        fields: dict[str, str | int] = {"manifest": manifest, "algorithm": algorithm}
        self._report(Finding(code, Severity.ERROR, printable(path), fields))

    def _say(self, code: str, severity: Severity, where: str, **fields: str | int) -> None:
        self._report(Finding(code, severity, where, fields))


def _shown(path: str) -> str:
    return printable(path.encode("utf-8", "surrogatepass"))
