"""What workers run of this package: one spreadsheet or delimited text, read within the caps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from preservation.formats.sheets.book import FILE_CAP_BYTES, BookMaker
from preservation.formats.sheets.delimited import read_delimited
from schemas.findings import Severity

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def read(file: BinaryIO, _params: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a :class:`preservation.formats.sheets.book.Book`; the kind is told by bytes."""
    maker = BookMaker()
    content = file.read(FILE_CAP_BYTES + 1)
    if len(content) > FILE_CAP_BYTES:
        maker.stop("BYTES", FILE_CAP_BYTES)
    elif content.startswith(_ZIP):
        from preservation.formats.sheets.xlsx import read_xlsx

        read_xlsx(file, maker)
    elif content.startswith(_OLE):
        locked = _ENCRYPTED_PACKAGE in content
        maker.say("SHEET-ENCRYPTED" if locked else "SHEET-OLD-KIND", Severity.ERROR)
    else:
        read_delimited(content, maker)
    stopped = any(each["severity"] == Severity.ERROR.value for each in maker.findings)
    if not stopped and not any(sheet["rows"] for sheet in maker.sheets):
        maker.say("SHEET-EMPTY", Severity.ERROR)
    return maker.as_json()
