"""A second identifier (Siegfried as ``pygfried``, extra ``formats``) and what to make of it.

:func:`ask` runs in a worker only: the tool is a Go runtime, and a child forked after its first
use never answers. :func:`compare` is pure.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from schemas.findings import Finding, Severity
from schemas.nouns import FormatResult

_PLAIN_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What the second identifier said; ``not_checked`` says why it could not be asked.

    ``by_bytes``: something in the file told it, not only the name. ``signature_set`` names
    the tool's own set. ``problem`` is the tool's own complaint about the file.
    """

    puids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    by_bytes: bool = False
    tool: str = ""
    signature_set: str = ""
    problem: str = ""
    not_checked: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; :func:`from_json` makes the same opinion of them."""
        return {
            "puids": list(self.puids),
            "names": list(self.names),
            "by_bytes": self.by_bytes,
            "tool": self.tool,
            "signature_set": self.signature_set,
            "problem": self.problem,
            "not_checked": self.not_checked,
        }


def from_json(document: Mapping[str, Any]) -> SecondOpinion:
    """The opinion that :meth:`SecondOpinion.as_json` wrote."""
    return SecondOpinion(
        puids=tuple(document["puids"]),
        names=tuple(document["names"]),
        by_bytes=bool(document["by_bytes"]),
        tool=str(document["tool"]),
        signature_set=str(document["signature_set"]),
        problem=str(document["problem"]),
        not_checked=str(document["not_checked"]),
    )


def ask(file: BinaryIO, name: str) -> SecondOpinion:
    """What pygfried says of an open file called ``name``; never raises for a file's sake."""
    try:
        import pygfried
    except ImportError:
        return SecondOpinion(not_checked="pygfried")
    extension = _PLAIN_EXTENSION.fullmatch(Path(name).suffix)
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / ("file" + (extension.group() if extension else ""))
        link.symlink_to(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        try:
            document = pygfried.identify(str(link), detailed=True)
        except pygfried.GoError as problem:
            return SecondOpinion(tool=_tool(pygfried), problem=str(problem)[:200])
    return _read(document, _tool(pygfried))


def _tool(pygfried: Any) -> str:
    return f"siegfried {pygfried.version()}"


def _read(document: Mapping[str, Any], tool: str) -> SecondOpinion:
    (file,) = document["files"]
    known = [match for match in file["matches"] if match["id"] != "UNKNOWN"]
    return SecondOpinion(
        puids=tuple(match["id"] for match in known),
        names=tuple(match["format"] for match in known),
        by_bytes=any("byte match" in m["basis"] or "container" in m["basis"] for m in known),
        tool=tool,
        signature_set=document["identifiers"][0]["details"],
        problem=str(file["errors"])[:200],
    )


class Agreement(StrEnum):
    """How two identifiers relate."""

    SAME = "same"
    VERSION = "version"
    FAMILY = "family"
    ONE_SIDED = "one-sided"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Compared:
    """Both opinions weighed: the PUIDs to go by, and a finding where a person must look."""

    agreement: Agreement
    puids: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())


def compare(
    first: FormatResult,
    second: SecondOpinion,
    *,
    same_family: Callable[[str, str], bool] | None = None,
) -> Compared:
    """The rules: one family and another version: the newer set is believed, both recorded;
    another family, or only one of the two knows the file: an officer looks.

    An answer by the name alone counts as none. ``same_family`` adds to what equal format
    names say (a policy's families).
    """
    if second.not_checked:
        return Compared(Agreement.NOT_CHECKED, first.puids)
    ours = first.puids if first.method in ("signature", "container") else ()
    theirs = second.puids if second.by_bytes else ()
    if set(ours) == set(theirs):
        return Compared(Agreement.SAME, first.puids)
    if not ours or not theirs:
        kind = "second" if theirs else "first"
        return Compared(
            Agreement.ONE_SIDED,
            first.puids,
            (_finding("FORMAT-ONE-SIDED", first.puids, second, knows=kind),),
        )
    if common := tuple(puid for puid in ours if puid in theirs):
        return Compared(Agreement.SAME, common)
    if _one_family(first, second, same_family):
        newer = theirs if _age(second.signature_set) > _age(first.signature_set) else ours
        finding = _finding("FORMAT-VERSIONS-DIFFER", ours, second, taken=", ".join(newer))
        return Compared(Agreement.VERSION, newer, (finding,))
    return Compared(Agreement.FAMILY, ours, (_finding("FORMAT-FAMILIES-DIFFER", ours, second),))


def _finding(code: str, ours: tuple[str, ...], second: SecondOpinion, **more: str) -> Finding:
    severity = Severity.INFO if code == "FORMAT-VERSIONS-DIFFER" else Severity.WARNING
    fields = {
        "first": ", ".join(ours) or "-",
        "second": ", ".join(second.puids) or "-",
        "tool": second.tool,
        **more,
    }
    return Finding(code, severity, "", fields)


def _one_family(
    first: FormatResult, second: SecondOpinion, same: Callable[[str, str], bool] | None
) -> bool:
    if {_bare(name) for name in first.names} & {_bare(name) for name in second.names}:
        return True
    return same is not None and any(same(a, b) for a in first.puids for b in second.puids)


def _bare(name: str) -> str:
    """A format's name without its version: PRONOM writes it into some names."""
    return " ".join(re.sub(r"\(.*?\)|\b[\dx]+(?:\.[\dx]+)*\w?\b", " ", name.casefold()).split())


def _age(signature_set: str) -> int:
    """The PRONOM version in a set's description, 0 when it names none."""
    found = re.search(r"[vV](\d+)", signature_set)
    return int(found[1]) if found else 0
