"""Profile ``bag``: a BagIt bag, or a zip of one. Its payload is the dossier's content."""

from __future__ import annotations

from ingest.profiles.base import Shaped, Shaping, emptiness, place_files, undescribed
from ingest.submission import Submission
from schemas.bag import bag_root, beside_bag, read_bag, subtree
from schemas.nouns import Draft

_TITLES = ("External-Description", "Internal-Sender-Description")
_CODES = ("External-Identifier", "Internal-Sender-Identifier")


class BagProfile:
    """Stop 4, *bag*, and the draft that a bag describes."""

    name = "bag"

    def claims(self, submission: Submission, /) -> bool:
        """There is a ``bagit.txt`` in the submission's root, or in its one top folder."""
        return bag_root(submission.tree) is not None

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft: title and code from ``bag-info.txt`` where it has them."""
        tree = submission.tree
        folder = bag_root(tree) or b""
        report = read_bag(subtree(tree, folder) if folder else tree)
        files, findings = place_files(
            submission.files,
            payload=(folder + b"/data/").lstrip(b"/"),
            documentation=shaping.documentation,
        )
        beside = beside_bag(tree, folder)
        if beside is not None:
            findings.append(beside)
        info = dict(report.info)
        title = next((info[name] for name in _TITLES if info.get(name)), "")
        findings = [*report.findings, *findings, *emptiness(files)]
        if not title or not shaping.fonds:
            missing = undescribed(shaping.fonds)
            findings += missing[1:] if title else missing
        draft = Draft(
            profile=self.name,
            title=title or submission.name,
            files=files,
            fonds=shaping.fonds,
            dossier_code=next((info[name] for name in _CODES if info.get(name)), ""),
            empty_directories=tuple(submission.admission.empty_directories),
            container=submission.admission.container,
            submitter=info.get("Source-Organization", ""),
            backlog=not title,
        )
        return Shaped(draft, tuple(findings))
