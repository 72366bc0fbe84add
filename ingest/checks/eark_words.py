"""The fixed vocabularies of METS and E-ARK, and the written forms of their values."""

from __future__ import annotations

import re
import unicodedata

_DASHES = re.compile("[\u2010-\u2015]")
_DATETIME = re.compile(
    r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-4]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
)

OAIS_TYPES = frozenset(("SIP", "AIP", "DIP", "AIU", "AIC"))
STATUSES = frozenset(("CURRENT", "SUPERSEDED"))
MDTYPES = frozenset(
    [
        "MARC",
        "MODS",
        "EAD",
        "DC",
        "NISOIMG",
        "LC-AV",
        "VRA",
        "TEIHDR",
        "DDI",
        "FGDC",
        "LOM",
        "PREMIS",
        "PREMIS:OBJECT",
        "PREMIS:AGENT",
        "PREMIS:RIGHTS",
        "PREMIS:EVENT",
        "TEXTMD",
        "METSRIGHTS",
        "EAC-CPF",
        "LIDO",
        "OTHER",
    ]
) | {"ISO 19115:2003 NAP"}
CHECKSUM_TYPES = frozenset(
    [
        "Adler-32",
        "CRC32",
        "HAVAL",
        "MD5",
        "MNP",
        "SHA-1",
        "SHA-256",
        "SHA-384",
        "SHA-512",
        "TIGER",
        "WHIRLPOOL",
    ]
)
CONTENT_INFORMATION = frozenset(
    [
        "ERMS",
        "SIARD1",
        "SIARD2",
        "SIARDDK",
        "GeoData",
        "citscarchival_v1_0",
        "citcarchival_v1_0",
        "citsarchival_v1_0",
        "cscarchival_v1_0",
        "csarchival_v1_0",
        "citserms_v2_1",
        "citserms_v3_0",
        "citspremis_v1_0",
        "cspremis_v1_0",
        "citsehpj_v1_0",
        "citsehpj_v2_0",
        "citsehcr_v1_0",
        "citssiard_v1_0",
        "citsgeospatial_v3_0",
        "cits3dpm_v1_0",
        "MIXED",
        "OTHER",
    ]
)
_CONTENT_CATEGORIES = (
    "Textual works - Print",
    "Textual works - Digital",
    "Textual works - Electronic Serials",
    "Digital Musical Composition (score-based representations)",
    "Musical Scores - Print",
    "Musical Scores - Digital",
    "Photographs - Print",
    "Photographs - Digital",
    "Other Graphic Images - Print",
    "Other Graphic Images - Digital",
    "Microforms",
    "Audio - On Tangible Medium (digital or analog)",
    "Audio - Media-independent (digital)",
    "Motion Pictures - Digital and Physical Media",
    "Video - File-based and Physical Media",
    "Software",
    "Software and Video Games",
    "Email",
    "Datasets",
    "Geospatial Data",
    "Geographic Information System (GIS) - Vector Data",
    "GIS Raster and Georeferenced Images",
    "GIS Vector and Raster Combined",
    "Non-GIS Cartographic",
    "2D and 3D Computer Aided Design",
    "Design (schematics, architectural drawings) - Print",
    "Scanned 3D Objects (output from photogrammetry scanning)",
    "Databases",
    "Websites",
    "Web Archives",
    "Collection",
    "Event",
    "Image",
    "Interactive resource",
    "Moving image",
    "Sound",
    "Still image",
    "Text",
    "Physical object",
    "Service",
    "Mixed",
    "Other",
)


def is_content_category(text: str) -> bool:
    """Whether ``mets/@TYPE`` is a word of the vocabulary; capitals and kinds of dashes, which
    writers confuse, do not count."""
    return _folded(text) in _FOLDED


def is_datetime(text: str) -> bool:
    """Whether it is written as an ``xs:dateTime``."""
    return _DATETIME.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether it is a count of bytes."""
    return text.isascii() and text.isdigit()


def _folded(text: str) -> str:
    return _DASHES.sub("-", unicodedata.normalize("NFC", text)).casefold()


_FOLDED = frozenset(_folded(each) for each in _CONTENT_CATEGORIES)
