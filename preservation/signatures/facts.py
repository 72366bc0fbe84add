"""What goes into a signature job and what comes out: plain values on both sides."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from schemas.nouns import SignatureResult

CONTENTS_CAP_BYTES = 8 * 1024 * 1024
SIGNATURES_CAP = 50


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to examine a file with. ``moment`` is RFC 3339; ``manifest`` is a file that
    lists the trust material of ``snapshot``."""

    moment: str
    proven: bool = False
    """The file is known to have existed, unchanged, at ``moment``."""
    snapshot: str = ""
    manifest: str = ""
    evidence: str = ""
    """Folder into which everything a verdict rests on is written by digest; none: nowhere."""
    etsi: bool = False
    """An ETSI TS 119 102-2 report is wanted where it can be made."""
    contents_cap_bytes: int = CONTENTS_CAP_BYTES
    signatures_cap: int = SIGNATURES_CAP


@dataclass
class Facts:
    """What a job found: results, and observation codes about the file as a whole."""

    kind: str
    results: list[SignatureResult] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)
    detail: str = ""
    etsi_reports: list[str] = field(default_factory=list)
    """One for each result whose ``report`` says ``made``, in order."""
