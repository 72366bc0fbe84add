"""Logical paths: readable names in the AIP for whatever bytes the submission used (design §5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from schemas.findings import Finding
from schemas.names_propose import NameProposal, common_encoding, name_finding, propose_name

DATA = "representations/rep1/data/"
_RESERVED = "submission-map.ndjson"


def readings(
    files: Iterable[tuple[bytes, bool]],
) -> tuple[dict[bytes, str], list[Finding]]:
    """A text for each raw path, each different, and what an officer must be told of them.

    ``files`` are (raw path, whether the container calls it UTF-8). Segments are read one by
    one; the encoding that most of them speak for is preferred. Two raw paths that read alike
    are told apart by a mark made from their bytes.
    """
    listed = list(files)
    prefer = common_encoding(raw for raw, _declared in listed)
    proposals: dict[tuple[bytes, bool], NameProposal] = {}
    findings: list[Finding] = []
    texts: dict[bytes, str] = {}
    taken: set[str] = set()
    for raw, declared in listed:
        segments = []
        for segment in raw.split(b"/"):
            known = proposals.get((segment, declared))
            if known is None:
                known = propose_name(segment, declared_utf8=declared, prefer=prefer)
                proposals[segment, declared] = known
                finding = name_finding(segment, known)
                if finding is not None:
                    findings.append(finding)
            segments.append(known.text)
        text = "/".join(segments)
        if text in taken:
            text = _marked(text, raw)
        taken.add(text)
        texts[raw] = text
    return texts, findings


def documentation_path(folder: str, text: str) -> str:
    """Where a submission's non-payload file stands; the map's own name stays free."""
    if text == _RESERVED:
        text = f"%{ord(text[0]):02X}{text[1:]}"
    return folder + text


def _marked(text: str, raw: bytes) -> str:
    stem, dot, ending = text.rpartition(".")
    mark = hashlib.sha256(raw).hexdigest()[:12]
    if not dot or "/" in ending:
        return f"{text}~{mark}"
    return f"{stem}~{mark}.{ending}"
