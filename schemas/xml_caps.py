"""How much of an untrusted XML document is read, and the ways in which one is refused.

PackageError
└── XmlRefused
    ├── XmlMalformed     not well-formed, truncated, empty, an undeclared entity
    ├── XmlHasDoctype    a DOCTYPE, whatever is in it
    ├── XmlTooDeep       nested deeper than the cap
    ├── XmlTooBig        more bytes, elements, attributes or text than the cap
    └── XmlBadEncoding   bytes that are not text in the declared encoding
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from schemas.errors import PackageError


class XmlRefused(PackageError):
    """An XML file that will not be read. ``line`` is 0 when there is none to name."""

    code: ClassVar[str] = "XML-REFUSED"


class XmlMalformed(XmlRefused):
    """Not well-formed, truncated, empty, or using an undeclared entity."""

    code = "XML-MALFORMED"


class XmlHasDoctype(XmlRefused):
    """A DOCTYPE: the way in for entity bombs and file disclosure; always refused."""

    code = "XML-DOCTYPE"


class XmlTooDeep(XmlRefused):
    """Elements nested deeper than the cap."""

    code = "XML-TOO-DEEP"


class XmlTooBig(XmlRefused):
    """More bytes, elements, attributes or text than the cap; ``what`` names which."""

    code = "XML-TOO-BIG"


class XmlBadEncoding(XmlRefused):
    """Bytes that are not text in the declared encoding, or an encoding nobody knows."""

    code = "XML-ENCODING"


@dataclass(frozen=True, slots=True)
class XmlCaps:
    """How much of an untrusted document is read before it is refused.

    ``text_chars`` bounds one run of character data and one attribute value; ``unseen_bytes``
    bounds input that yields no event, which is what an endless start tag looks like.
    """

    total_bytes: int = 64 * 1024 * 1024
    depth: int = 64
    elements: int = 1_000_000
    attributes: int = 64
    text_chars: int = 1024 * 1024
    unseen_bytes: int = 1024 * 1024


CAPS = XmlCaps()
PACKAGE_CAPS = XmlCaps(total_bytes=1024 * 1024 * 1024, elements=8_000_000)
"""For METS and PREMIS, which name every file of a package: read as a stream only."""
