"""Profile ``tt05``: packages of Circular 05/2025/TT-BNV (*Thông tư 05/2025/TT-BNV*).

SIP_hoso and SIP_tailieu, and AIP_hoso and AIP_tailieu of another archive. ``tt05-strict`` and
``tt05-lenient`` weigh rules about descriptive fields otherwise, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import read_package
from ingest.checks.tt05_registry import judge, look_again
from ingest.checks.tt05_rules import VARIANTS, Variant
from ingest.checks.tt05_tree import EAD, METS, REP_DESCRIPTIVE, Tree
from ingest.examined import Examined, Judgement
from ingest.logical import readings
from ingest.profiles.base import Shaped, Shaping
from ingest.profiles.tt05_build import check_build
from ingest.profiles.tt05_draft import make_draft
from ingest.profiles.tt05_places import Places, places_of
from ingest.submission import Submission
from repository.aip.build import SealedBuild
from schemas.errors import PackageError
from schemas.findings import Finding
from schemas.mets_facts import MetsRoot
from schemas.mets_read import mets_items
from schemas.nouns import Draft
from schemas.tt05 import read_simpledc

_VERSION = "-v"


class Tt05Profile:
    """One of the three weights of the circular's rules."""

    def __init__(self, name: Variant) -> None:
        self.name = name

    def claims(self, submission: Submission, /) -> bool:
        """It looks like a package of the circular; only the plain profile claims anything."""
        return self.name == "tt05" and _looks_like_tt05(places_of(submission, {}).tree)

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft, and what the circular's rules say of the package."""
        texts, findings = readings((f.raw_path, f.declared_utf8) for f in submission.files)
        places = places_of(submission, texts)
        case = Case(
            package=read_package(places.tree),
            facts=shaping.facts,
            formats={
                path: submission.formats[file.raw_path] for path, file in places.staged.items()
            },
            admission=(*submission.admission.findings.all(), *findings),
            container=submission.admission.container,
            schemas=shaping.schemas,
            fonds=shaping.fonds,
            submission_digest=submission.digest,
        )
        judgement = judge(case, self.name)
        broken = frozenset(finding.code for finding in judgement.findings)
        draft = make_draft(submission, places, case, shaping, self.name)
        return Shaped(
            draft,
            (*findings, *judgement.findings),
            judgement.not_checked,
            _FollowUp(case, places, draft, self.name, broken),
        )


def tt05_profiles() -> tuple[Tt05Profile, ...]:
    """The plain profile, the strict and the lenient one."""
    return tuple(Tt05Profile(name) for name in VARIANTS)


@dataclass(frozen=True, slots=True)
class _FollowUp:
    """What the profile still wants to look at."""

    case: Case
    places: Places
    draft: Draft
    variant: Variant
    broken: frozenset[str]

    def look_again(self, examined: Examined) -> Judgement:
        """Malware, pages, protection and signatures."""
        return look_again(self.case, self.variant, examined)

    def check_build(self, build: SealedBuild) -> tuple[Finding, ...]:
        """Rules 132–135 on the AIP that was made."""
        copies = {
            path: submitted.logical_path
            for path, submitted in self.places.submitted(self.draft.files)
        }
        return check_build(self.case, build, copies, self.variant, self.broken)


def _looks_like_tt05(tree: Tree) -> bool:
    """A METS.xml beside descriptive files of the circular; one of the two may be missing.

    Generic E-ARK packages have their versioned PROFILE and are another profile's.
    """
    described = any(path.lower().startswith(REP_DESCRIPTIVE + "ead_") for path in tree.files)
    ead = tree.find(EAD)
    described |= ead is not None and _is_simpledc(tree, ead)
    mets = tree.find(METS)
    return described and not (mets is not None and _is_generic(tree, mets))


def _is_simpledc(tree: Tree, path: str) -> bool:
    with suppress(PackageError), tree.files[path].open() as stream:
        return read_simpledc(stream).root == "simpledc"
    return False


def _is_generic(tree: Tree, path: str) -> bool:
    with suppress(PackageError), tree.files[path].open() as stream:
        items: Iterable[object] = mets_items(stream)
        root = next((item for item in items if isinstance(item, MetsRoot)), None)
        profile = root.profile if root else ""
        return _VERSION in profile.rpartition("/")[2].lower()
    return False
