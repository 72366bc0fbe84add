"""Judges a bag (RFC 8493, and 0.93 to 0.97) as a tree of files, wherever their bytes lie.

``fetch.txt`` is read and never followed. Everything wrong is a finding: errors for what makes
the bag invalid in its version, warnings for what an archivist should know. Where the version
is before 1.0, faults that only 1.0 forbids are warnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from schemas.bag_algorithms import DECLARATION, WEAK, algorithms_needed, manifest_algorithm
from schemas.bag_entries import Matcher, outside, parse_fetch, tidied
from schemas.bag_manifests import PAYLOAD, Listed, ManifestReader
from schemas.bag_text import (
    SMALL_TAG_BYTES,
    Declaration,
    TagLines,
    read_bag_info,
    read_declaration,
)
from schemas.bag_tree import PackageTree, Tree, bag_root, beside_bag, folder_tree, subtree
from schemas.findings import Finding, Severity
from schemas.names import printable

__all__ = [
    "BagReport",
    "PackageTree",
    "Tree",
    "algorithms_needed",
    "bag_root",
    "beside_bag",
    "folder_tree",
    "read_bag",
    "subtree",
]

Report = Callable[[Finding], None]

_EARLY = frozenset({"0.93", "0.94", "0.95"})
_OXUM = re.compile(r"(\d{1,20})\.(\d{1,12})")


@dataclass(frozen=True, slots=True, kw_only=True)
class BagReport:
    """What a bag says of itself and what was found. Paths are raw, relative to the bag.

    ``version`` is ``""`` when no rules could be chosen; then nothing else was judged.
    ``payload_bytes`` and ``payload`` are what is there, not what is claimed. ``algorithms`` are
    those of the payload manifests that were checked.
    """

    version: str = ""
    encoding: str = ""
    findings: tuple[Finding, ...] = ()
    info: tuple[tuple[str, str], ...] = ()
    payload: tuple[bytes, ...] = ()
    payload_bytes: int = 0
    algorithms: tuple[str, ...] = ()
    fetch: bool = False

    def first(self, label: str) -> str | None:
        """The first value of a ``bag-info.txt`` label, by its name in any case."""
        wanted = label.lower()
        return next((value for name, value in self.info if name.lower() == wanted), None)


def read_bag(tree: PackageTree, *, report: Report | None = None) -> BagReport:
    """Everything that can be said of the bag whose base directory is the tree's root.

    Findings go into the report, or to ``report`` as they arise when it is given (then
    ``findings`` stays empty: the caller bounds them).
    """
    findings: list[Finding] = []
    say = report or findings.append
    declared = _declaration(tree, say)
    if declared is None:
        return BagReport(findings=tuple(findings))
    judge = _Judge(tree, declared, say)
    if declared.encoding:
        judge.run()
    return judge.result(tuple(findings))


def _declaration(tree: PackageTree, report: Report) -> Declaration | None:
    file = tree.files.get(DECLARATION)
    if file is None:
        report(Finding("BAG-DECLARATION-MISSING", Severity.ERROR, "bagit.txt"))
        return None
    if file.size_bytes > SMALL_TAG_BYTES:
        report(Finding("BAG-TAG-TOO-LARGE", Severity.ERROR, "bagit.txt", {"cap": SMALL_TAG_BYTES}))
        return None
    with file.open() as stream:
        return read_declaration(stream.read(SMALL_TAG_BYTES), report)


class _Judge:
    """One judgement of one bag."""

    def __init__(self, tree: PackageTree, declared: Declaration, report: Report) -> None:
        self._tree = tree
        self._declared = declared
        self._report = report
        self._payload = tuple(sorted(path for path in tree.files if path.startswith(PAYLOAD)))
        self._matcher = Matcher(tree.files, strict=declared.strict)
        self._manifests = ManifestReader(tree, declared, self._matcher, report)
        self._info: tuple[tuple[str, str], ...] = ()
        self._lists: list[Listed] = []

    def result(self, findings: tuple[Finding, ...]) -> BagReport:
        """The report on what was judged."""
        return BagReport(
            version=self._declared.version,
            encoding=self._declared.encoding,
            findings=findings,
            info=self._info,
            payload=self._payload,
            payload_bytes=self._payload_bytes(),
            algorithms=tuple(sorted({listed.algorithm for listed in self._lists})),
            fetch=b"fetch.txt" in self._tree.files,
        )

    def run(self) -> None:
        """Every rule was applied."""
        self._judge_tree()
        tag_lists: list[Listed] = []
        unknown = 0
        for name in sorted(self._tree.files):
            found = manifest_algorithm(name)
            if found is None:
                continue
            tags, algorithm = found
            if algorithm is None:
                unknown += not tags
                self._say("BAG-ALGORITHM-UNKNOWN", Severity.WARNING, printable(name))
                continue
            listed = self._manifests.read(name, algorithm, tags=tags)
            (tag_lists if tags else self._lists).append(listed)
        self._judge_manifests(unknown)
        self._judge_tag_manifests(tag_lists)
        self._judge_info()
        self._judge_fetch()
        self._manifests.compare_pending()

    def _judge_tree(self) -> None:
        for path, kind in sorted(self._tree.strays.items()):
            self._say("BAG-STRAY", Severity.ERROR, printable(path), kind=kind)
        if self._payload:
            return
        folder = PAYLOAD.rstrip(b"/")
        there = any(
            path == folder or path.startswith(PAYLOAD) for path in self._tree.empty_directories
        )
        if there:
            self._say("BAG-EMPTY", Severity.WARNING)
        else:
            self._say("BAG-NO-PAYLOAD-FOLDER", Severity.ERROR)

    def _judge_manifests(self, unknown: int) -> None:
        """Every payload file is listed, in 1.0 by every manifest."""
        if not self._lists:
            code = "BAG-MANIFEST-UNKNOWN" if unknown else "BAG-MANIFEST-MISSING"
            self._say(code, Severity.ERROR)
            return
        if all(listed.algorithm in WEAK for listed in self._lists):
            names = ", ".join(listed.name for listed in self._lists)
            self._say("BAG-WEAK-DIGEST", Severity.WARNING, names)
        whole = [listed for listed in self._lists if listed.whole]
        severity = Severity.ERROR if self._declared.strict else Severity.WARNING
        for path in self._payload if whole else ():
            lacking = [listed.name for listed in whole if path not in listed.digest_by_path]
            if len(lacking) == len(whole):
                self._say("BAG-UNLISTED", Severity.ERROR, printable(path))
            elif lacking:
                manifest = ", ".join(lacking)
                self._say("BAG-LISTED-PARTLY", severity, printable(path), manifest=manifest)

    def _judge_tag_manifests(self, tag_lists: list[Listed]) -> None:
        for listed in tag_lists:
            for name in listed.digest_by_path:
                found = manifest_algorithm(name)
                if found and found[0]:
                    self._say("BAG-TAG-LISTS-TAGMANIFEST", Severity.WARNING, listed.name)
        if not tag_lists:
            return
        covered = {name for listed in tag_lists for name in listed.digest_by_path}
        for payload_list in self._lists:
            if payload_list.name.encode() not in covered:
                self._say("BAG-TAG-UNCOVERED", Severity.WARNING, payload_list.name)

    def _judge_info(self) -> None:
        name = "bag-info.txt"
        if self._declared.version in _EARLY and name.encode() not in self._tree.files:
            name = "package-info.txt"
        file = self._tree.files.get(name.encode())
        if file is not None and file.size_bytes <= SMALL_TAG_BYTES:
            self._info = read_bag_info(file, name, self._declared.encoding, self._report)
        elif file is not None:
            self._say("BAG-TAG-TOO-LARGE", Severity.ERROR, name, cap=SMALL_TAG_BYTES)
        oxums = [value for label, value in self._info if label.lower() == "payload-oxum"]
        if not oxums:
            self._say("BAG-OXUM-ABSENT", Severity.WARNING, name)
        if len(set(oxums)) > 1:
            self._say("BAG-OXUM-REPEATED", Severity.ERROR, name)
        elif oxums:
            self._judge_oxum(oxums[0], name)

    def _judge_oxum(self, value: str, where: str) -> None:
        match = _OXUM.fullmatch(value)
        if match is None:
            self._say("BAG-OXUM-MALFORMED", Severity.ERROR, where, claimed=value[:80])
            return
        octets, files = int(match[1]), int(match[2])
        found = f"{self._payload_bytes()}.{len(self._payload)}"
        if (octets, files) == (self._payload_bytes(), len(self._payload)):
            return
        litter = max((listed.absent_litter for listed in self._lists), default=0)
        explained = litter and files - len(self._payload) == litter
        excused = explained and octets >= self._payload_bytes()
        severity = Severity.WARNING if excused else Severity.ERROR
        self._say("BAG-OXUM", severity, where, claimed=value, found=found)

    def _judge_fetch(self) -> None:
        """What ``fetch.txt`` promises is here already, or the bag is not whole."""
        file = self._tree.files.get(b"fetch.txt")
        if file is None:
            return
        self._say("BAG-FETCH", Severity.WARNING, "fetch.txt")
        listed = {path for manifest in self._lists for path in manifest.digest_by_path}
        for number, line in TagLines(file, "fetch.txt", self._declared.encoding, self._report):
            if line.strip():
                self._judge_fetch_line(number, line, listed)

    def _judge_fetch_line(self, number: int, line: str, listed: set[bytes]) -> None:
        path = parse_fetch(line)
        if path is None:
            self._say("BAG-LINE", Severity.ERROR, "fetch.txt", line=number)
            return
        shown = printable(path.encode("utf-8", "surrogatepass"))
        if reason := outside(path):
            windows = reason == "windows" and not self._declared.strict
            code = "BAG-ENTRY-WINDOWS" if windows else "BAG-ENTRY-OUTSIDE"
            severity = Severity.WARNING if windows else Severity.ERROR
            self._say(code, severity, "fetch.txt", path=shown)
            return
        match = self._matcher.find(tidied(path))
        if isinstance(match, str):
            self._say("BAG-FETCH-ABSENT", Severity.ERROR, shown)
        elif match.path not in listed:
            severity = Severity.ERROR if self._declared.strict else Severity.WARNING
            self._say("BAG-FETCH-UNLISTED", severity, shown)

    def _payload_bytes(self) -> int:
        return sum(self._tree.files[path].size_bytes for path in self._payload)

    def _say(self, code: str, severity: Severity, where: str = "", **fields: str | int) -> None:
        self._report(Finding(code, severity, where, fields))
