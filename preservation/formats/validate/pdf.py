"""PDF: opens, every page loads, and what it hides: encryption, scripts, attachments.

PDFium repairs silently what it can, so the outer structure (header, last cross-reference,
end mark) is looked at here; scripts are looked for in the objects, packed ones included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as pdfium_raw  # type: ignore[import-untyped]

from preservation.formats.validate.pdf_objects import Names, hidden_names, structure_faults
from preservation.formats.validate.pdf_pages import look_at_pages
from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
    warning,
)
from schemas.findings import Finding

KIND = "pdf"
SIZE_CAP_BYTES = 1 << 30

_WATCHED = {
    "javascript": (b"JavaScript", b"JS"),  # an action says both; one in a rendition only JS
    "launch": (b"Launch",),
    "embedded_files": (b"EmbeddedFiles", b"EmbeddedFile"),
    "xfa": (b"XFA",),
    "rich_media": (b"RichMedia", b"3D"),
}
_RENDITION = b"Rendition"
_ALL_WATCHED = frozenset({_RENDITION, *(name for names in _WATCHED.values() for name in names)})
_CHANCE_LENGTH = 4
"""A name up to this long is met by chance in the bytes of a large picture."""


def validate(file: BinaryIO, wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when the file is broken, or a page of it does not load.

    ``wanted`` may ask for ``min_dpi`` and ``min_bits`` of page images and for ``text_layer``
    (digitised pages). An encrypted file that needs no password is valid, with a warning; one
    that needs a password is *not checked*.
    """
    size = file.seek(0, 2)
    if size > SIZE_CAP_BYTES:
        return not_checked(KIND, "VALIDATION-LIMIT", {}, limit=SIZE_CAP_BYTES)
    file.seek(0)
    facts: dict[str, Fact] = {"encrypted": False}
    findings = list(structure_faults(file, size))
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as problem:
        if problem.err_code == pdfium_raw.FPDF_ERR_PASSWORD:
            return not_checked(KIND, "FORMAT-ENCRYPTED", {**facts, "encrypted": True})
        return judged(KIND, [*findings, error("PDF-UNREADABLE", reason=str(problem)[:200])], facts)
    try:
        facts["version"] = (document.get_version() or 0) / 10
        facts["encrypted"] = pdfium_raw.FPDF_GetSecurityHandlerRevision(document) >= 0
        findings += look_at_pages(document, wanted, facts)
        scripts = pdfium_raw.FPDFDoc_GetJavaScriptActionCount(document)
    finally:
        document.close()
    names = hidden_names(file, size, _ALL_WATCHED)
    for fact, tokens in _WATCHED.items():
        facts[fact] = any(_told(token, names) for token in tokens)
    facts["javascript"] = bool(facts["javascript"]) or scripts > 0
    facts["all_objects_seen"] = names.complete and not facts["encrypted"]
    return judged(KIND, [*findings, *_hidden(facts)], facts)


def _told(token: bytes, names: Names) -> bool:
    """A short name counts outside stream data, or where media that may carry a script are."""
    if len(token) > _CHANCE_LENGTH or _RENDITION in names.found:
        return token in names.found
    return token in names.outside_streams


def _hidden(facts: Mapping[str, Fact]) -> Iterator[Finding]:
    if facts["encrypted"]:
        yield warning("FORMAT-ENCRYPTED")
    if facts["javascript"]:
        yield warning("PDF-JAVASCRIPT")
    if facts["launch"]:
        yield warning("PDF-LAUNCH")
    if facts["embedded_files"]:
        yield warning("PDF-ATTACHMENTS")
    if not facts["all_objects_seen"]:
        yield warning("PDF-OBJECTS-UNSEEN")
