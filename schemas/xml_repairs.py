"""Mends the tree of a METS or PREMIS file that keeps the meaning of the rules, not the form.

For judging a submission's XML by the official XSD after its known mistakes: the same ones
that :mod:`schemas.mets_read` and :mod:`schemas.premis_read` read through. The tree is
changed; the received bytes never are.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.mets import CSIP, METS
from schemas.mets_facts import CSIP_CASE, DIV_AMDID, FILEGRP_USER, NO_NAMESPACE
from schemas.premis import PREMIS
from schemas.premis_facts import NO_NAMESPACE as PREMIS_NO_NAMESPACE
from schemas.premis_facts import OBJECT_CATEGORY
from schemas.xml import Element
from schemas.xml_writing import XSI

_XSI_TYPE = f"{{{XSI}}}type"
_TYPES = {"intellectual entity": "intellectualEntity"}


def mend_mets(root: Element) -> tuple[str, ...]:
    """The tree is METS as the XSD knows it; the codes of what was mended, each once.

    Embedded metadata is left alone.
    """
    codes: dict[str, None] = {}
    for element in list(_own_elements(root, "xmlData")):
        if not element.tag.startswith("{"):
            element.tag = f"{{{METS}}}{element.tag}"
            codes[NO_NAMESPACE] = None
        for name in list(element.attrib):
            uri, brace, local = name.rpartition("}")
            if brace and uri[1:] != CSIP and uri[1:].casefold() == CSIP.casefold():
                element.set(f"{{{CSIP}}}{local}", element.attrib.pop(name))
                codes[CSIP_CASE] = None
        for tag, wrong, right, code in (
            ("fileGrp", "USER", "USE", FILEGRP_USER),
            ("div", "AMDID", "ADMID", DIV_AMDID),
        ):
            if element.tag == f"{{{METS}}}{tag}" and wrong in element.attrib:
                value = element.attrib.pop(wrong)
                if not element.get(right):
                    element.set(right, value)
                codes[code] = None
    return tuple(codes)


def mend_premis(root: Element) -> tuple[str, ...]:
    """The tree is PREMIS as the XSD knows it; the codes of what was mended, each once.

    ``objectCategory`` becomes ``xsi:type``. Its value is a qualified name: under
    ``xmlns:premis`` alone it must read ``premis:file``.
    """
    codes: dict[str, None] = {}
    for element in list(_own_elements(root, "")):
        if not element.tag.startswith("{"):
            element.tag = f"{{{PREMIS}}}{element.tag}"
            codes[PREMIS_NO_NAMESPACE] = None
    for item in root.iter(f"{{{PREMIS}}}object"):
        category = item.find(f"{{{PREMIS}}}objectCategory")
        if category is None:
            continue
        codes[OBJECT_CATEGORY] = None
        said = (category.text or "").strip()
        item.remove(category)
        if _XSI_TYPE not in item.attrib:
            prefix = f"{item.prefix}:" if item.prefix else ""
            item.set(_XSI_TYPE, prefix + _TYPES.get(said, said))
    if PREMIS_NO_NAMESPACE in codes and not root.get("version"):
        root.set("version", "3.0")
    return tuple(codes)


def _own_elements(root: Element, foreign: str) -> Iterator[Element]:
    """The elements of the document itself, those inside ``foreign`` and ``*Extension`` not."""
    pending = [root]
    while pending:
        element = pending.pop()
        if not isinstance(element.tag, str):
            continue  # a comment or an instruction
        yield element
        local = element.tag.rpartition("}")[2]
        if local != foreign and not local.endswith("Extension"):
            pending.extend(element)
