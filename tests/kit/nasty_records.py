"""Nasty packages 67–77: METS files, and records that are not what they seem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kit.awkward import zip_of
from kit.documents import ooxml_parts
from kit.eark_cases import HEADER, LOCATION, put
from kit.eark_packages import CSIP_NAME, REP, XLINK_NAME, EarkSpec, q, spec
from kit.nasty import Delivery, Make, laid_out
from kit.signed_pdfs import signed_pdf, spoiled

EXTERNAL = b'<!DOCTYPE mets [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = b"<!DOCTYPE mets [" + b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"ha" if n == 0 else b"&l%d;" % (n - 1) * 10) for n in range(12)
) + b"]>"  # fmt: skip


def _eark(spoil: Callable[[EarkSpec], object]) -> Make:
    def make(folder: Path) -> Delivery:
        package = spec()
        spoil(package)
        return Delivery(package.write(folder))

    return make


def _rewritten(change: Callable[[bytes], bytes]) -> Make:
    """The package's METS.xml changed as bytes."""

    def make(folder: Path) -> Delivery:
        source = spec().write(folder)
        path = source / "METS.xml"
        path.write_bytes(change(path.read_bytes()))
        return Delivery(source)

    return make


def _before_root(text: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        head, mark, rest = content.partition(b"?>")
        return head + mark + text + rest

    return change


def _grown(content: bytes) -> bytes:
    """An endless comment where the files should be."""
    return content.replace(b"<fileSec", b"<!--" + b"x" * (16 << 20) + b"--><fileSec", 1)


def _remote(package: EarkSpec) -> None:
    name = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
    package.mets.set(name, "http://www.loc.gov/METS/ http://127.0.0.1:9/mets.xsd")


def _altered(package: EarkSpec) -> None:
    package.files[f"{REP}data/to-trinh.txt"] = b"To trinh so 2\n"


def _twice(package: EarkSpec) -> None:
    files = list(package.mets.iter(q("file")))
    files[1].set("ID", files[0].get("ID", ""))
    files[1].set("SIZE", "1")


def _undeclared(package: EarkSpec) -> None:
    package.files[f"{REP}data/them.txt"] = b"khong ai khai"


def _with_macros(folder: Path) -> Delivery:
    parts = ooxml_parts()
    types = parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types.replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    parts["word/vbaProject.bin"] = b"Attribute VB_Name"
    return laid_out({b"hoa don.docm": zip_of(parts)})(folder)


def _broken_signature(folder: Path) -> Delivery:
    return laid_out({b"quyet-dinh.pdf": spoiled(signed_pdf())})(folder)


PACKAGES: dict[int, Make] = {
    67: _rewritten(_before_root(EXTERNAL)),
    68: _rewritten(_before_root(LAUGHS)),
    69: _rewritten(_grown),
    70: _eark(_remote),
    71: _eark(put(LOCATION, f"{XLINK_NAME}href", "../../../../etc/passwd")),
    72: _eark(_altered),
    73: _eark(_undeclared),
    74: _eark(_twice),
    75: _eark(put(HEADER, f"{CSIP_NAME}OAISPACKAGETYPE", "AIP")),
    76: _with_macros,
    77: _broken_signature,
}
