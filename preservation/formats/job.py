"""What workers run of this package: validation and the second opinion, one file each.

``preservation.worker_jobs`` names these functions. Both return plain JSON values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, BinaryIO

from preservation.formats.validate.result import ValidationResult, not_checked

VALIDATORS: Mapping[str, str] = {
    "image": "preservation.formats.validate.images",
    "odf": "preservation.formats.validate.odf",
    "ooxml": "preservation.formats.validate.ooxml",
    "pdf": "preservation.formats.validate.pdf",
    "pdfa": "preservation.formats.validate.pdfa",
    "siard": "preservation.formats.validate.siard",
    "text": "preservation.formats.validate.text_file",
    "xml": "preservation.formats.validate.xml_file",
}
"""The module of each kind of validator; a policy may ask for these and for kinds to come."""

Validator = Callable[[BinaryIO, Mapping[str, Any]], ValidationResult]


def validate(file: BinaryIO, params: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a ValidationResult: ``params["validator"]`` run with the other params."""
    return validated(file, str(params["validator"]), params).as_json()


def validated(file: BinaryIO, kind: str, wanted: Mapping[str, Any]) -> ValidationResult:
    """The result of one validator; a kind that nobody has written is *not checked*."""
    module = VALIDATORS.get(kind)
    if module is None:
        return not_checked(kind, "VALIDATION-NO-TOOL", {}, tool=kind)
    run: Validator = import_module(module).validate
    return run(file, wanted)


def second_opinion(file: BinaryIO, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the second identifier says: ``puids``, ``tool``, ``warnings``, ``not_checked``."""
    from preservation.formats.second_opinion import ask

    return ask(file, str(params.get("name", ""))).as_json()
