"""Writes docs/reference/{tt05-rules,eark-requirements}.md from the rules that packages meet.

python scripts/rules.py           writes them
python scripts/rules.py --check   says which differ, and fails if one does
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.checks import eark_package as eark
from ingest.checks.eark_rules import Level, Requirement
from ingest.checks.tt05_rules import rules
from schemas.text import catalogue, say

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
MADE = "<!-- Made by scripts/rules.py; change the program instead. -->\n\n"
PACKAGE = "the package alone"
HOW_TT05: dict[str, str] = {
    "TT05-011": "needs a malware scanner (`clamd`); not checked without one",
    "TT05-012": "says that no scanner was asked",
    "TT05-038": "asks the catalogue; not checked by `kho inspect package`",
    "TT05-048": "asks the catalogue; not checked by `kho inspect package`",
    "TT05-050": "asks the register `fonds.txt`; not checked where none is kept",
    "TT05-052": "asks the register `agreements.txt`; the dossier's own code is accepted without",
    "TT05-088": "asks the setting `archive_kind`; not checked while it is `unknown`",
    "TT05-095": "counts the pages of PDF files; other formats are not checked",
    "TT05-100": "the year from the package; the organ by the register `organs.txt`",
    "TT05-102": "asks how many replicas no network reaches; not checked by `kho inspect package`",
    "TT05-108": "asks the catalogue; not checked by `kho inspect package`",
    "TT05-112": "by the validators of the file's format; not checked where there is none",
    "TT05-113": "by the validators of the file's format; not checked where there is none",
    "TT05-114": "by the examination of signatures",
    "TT05-115": "by the examination of signatures",
    "TT05-125": "not checked: access requests are not kept yet",
    "TT05-126": "that a certificate is there; its eleven items are for an officer to read",
    "TT05-127": "not checked: access requests are not kept yet",
    "TT05-128": "stubs of linked records; items outside the request are not checked",
    "TT05-129": "asks the list handed in with the delivery; not checked without one",
    "TT05-130": "compares the packages of one delivery",
    "TT05-131": "asks the catalogue; not checked by `kho inspect package`",
    "TT05-132": "compares the AIP with the submission before it is stored",
    "TT05-133": "compares the AIP with the submission before it is stored",
    "TT05-134": "looks at the AIP before it is stored",
    "TT05-135": "judges the AIP by all rules before it is stored",
}
UNBROKEN = """
## What is not judged, and why

- `SIP10`, `SIP22`, `SIP23`, `SIP27`: an agent is known for the archival creator, a contact
  person or the preserver by exactly this role or type; without it, it is another agent. No
  package can break them.
- Everything the standard says *may* be (`CSIP5`, `45`, `61`, `63`, `73`–`75`, `CSIPSTR3`, `8`,
  `14`, `SIP1`, `3`, `5`–`9`, `13`, `19`, `21`, `25`, `26`, `30`, `32`–`35`): never a finding.
- `CSIP8`: whether a package was changed is known only by its `RECORDSTATUS`; the date is held
  against the date of creation.
- `CSIP26`, `40`, `53`, `68`: that there is a media type is judged, not whether it is registered:
  the list changes, and Kho asks no network.
- `CSIP88`–`92`: asked where METS has metadata sections; the text speaks of *metadata
  referenced*.
- `CSIP62`: asked of the groups of representations.
- Metadata embedded in METS (`mdWrap`) is kept and not read; structural maps other than CSIP's
  are not judged.
- Descriptive metadata (EAD, DC…) is kept and not judged; preservation metadata is held against
  the schema of PREMIS 3.0, and not looked into where it is of another version.
- Checksums of the kinds `HAVAL`, `MNP`, `TIGER` and `WHIRLPOOL` cannot be computed: the package
  is held, and the digest is named as not checked.
- The further requirements of AIP and DIP packages are not judged: an AIP of another archive is
  judged as a CSIP package, a DIP is no transfer.
"""


def tt05_page() -> str:
    """The 137 rules of packages of Circular 05/2025/TT-BNV."""
    lines = [
        MADE,
        "# Rules for packages of Circular 05/2025/TT-BNV\n\n",
        "E holds a package, W warns, I informs, in the profiles `tt05`, `tt05-strict` and "
        "`tt05-lenient`; a *fixed* weight is changed by no policy. What could not be decided is "
        "named in every receipt as not checked.\n\n",
        "| Rule | tt05 | strict | lenient | Says | Nói gì | Decided by |\n",
        "|---|---|---|---|---|---|---|\n",
    ]
    for rule in rules().values():
        weights = [each.value[0].upper() for each in (rule.severity, rule.strict, rule.lenient)]
        weights[0] += " *fixed*" if rule.fixed else ""
        texts = (_cell(say(rule.id, "en")), _cell(say(rule.id, "vi")))
        how = HOW_TT05.get(rule.id, PACKAGE)
        lines.append(f"| `{rule.id}` | {' | '.join((*weights, *texts, how))} |\n")
    return "".join(lines)


def eark_page() -> str:
    """The requirements of E-ARK CSIP and SIP that packages are held against."""
    lines = [
        MADE,
        "# Requirements for E-ARK packages\n\n",
        "A broken MUST holds the package, a broken SHOULD warns. The version is the one that the "
        "PROFILE of the package's METS names; 2.1.0 has the levels of 2.0.4, without `CSIP86`. "
        "What METS says is also "
        "held against what is there (codes beginning with `EARK-`).\n\n",
        "| Requirement | 2.2.0 | 2.0.4 | Says | Nói gì |\n|---|---|---|---|---|\n",
    ]
    for rule in _requirements():
        levels = " | ".join(_level(each) for each in (rule.level, rule.older))
        texts = f"{_cell(say(rule.id, 'en'))} | {_cell(say(rule.id, 'vi'))}"
        lines.append(f"| `{rule.id}` | {levels} | {texts} |\n")
    lines += [
        "\n## What METS says, held against what is there\n\n",
        "| Code | Says | Nói gì |\n|---|---|---|\n",
    ]
    for code in sorted(each for each in catalogue("en") if each.startswith("EARK-")):
        lines.append(f"| `{code}` | {_cell(say(code, 'en'))} | {_cell(say(code, 'vi'))} |\n")
    return "".join(lines) + UNBROKEN


def _requirements() -> Iterator[Requirement[Any]]:
    yield from eark.WHOLE_RULES
    for group in eark.SECTION_RULES.values():
        yield from group
    yield from eark.FILE_RULES
    yield from eark.FOLDER_RULES
    yield from eark.SIP_RULES


def _level(level: Level) -> str:
    return "–" if level is Level.NONE else level.name


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"tt05-rules.md": tt05_page(), "eark-requirements.md": eark_page()}


def main(arguments: list[str]) -> int:
    """0, or 1 when ``--check`` finds a page that is not current."""
    wrong = 0
    for name, text in pages().items():
        path = REFERENCE / name
        if "--check" in arguments:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                print(f"{path} is not current: run scripts/rules.py")
                wrong = 1
        else:
            path.write_text(text, encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
