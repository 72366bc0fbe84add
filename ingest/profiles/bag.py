"""Profile ``bag``: a BagIt bag, or a zip of one. Its payload is the dossier's content."""

from __future__ import annotations

from ingest.profiles.base import Shaped, Shaping, emptiness, place_files, undescribed
from ingest.staged import StagedTree
from ingest.submission import Submission
from schemas.bag import read_bag
from schemas.nouns import Draft

_TITLES = ("External-Description", "Internal-Sender-Description")
_CODES = ("External-Identifier", "Internal-Sender-Identifier")


class BagProfile:
    """Stop 4, *bag*, and the draft that a bag describes."""

    name = "bag"

    def claims(self, submission: Submission, /) -> bool:
        """There is a ``bagit.txt`` in the submission's root, or in its one top folder."""
        return bag_root(submission) is not None

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft: title and code from ``bag-info.txt`` where it has them."""
        root = bag_root(submission) or b""
        report = read_bag(below(submission.tree, root))
        files, findings = place_files(
            submission.files, payload=root + b"data/", documentation=shaping.documentation
        )
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
            backlog=not title,
        )
        return Shaped(draft, tuple(findings))


def bag_root(submission: Submission) -> bytes | None:
    """The raw prefix of the bag: empty, or its one top folder; None when there is no bag."""
    paths = {file.raw_path for file in submission.files}
    if b"bagit.txt" in paths:
        return b""
    tops = {path.partition(b"/")[0] for path in paths}
    if len(tops) == 1:
        (top,) = tops
        if top + b"/bagit.txt" in paths:
            return top + b"/"
    return None


def below(tree: StagedTree, root: bytes) -> StagedTree:
    """The part of a tree below a raw prefix, with paths relative to it."""
    if not root:
        return tree
    cut = len(root)
    return StagedTree(
        {path[cut:]: file for path, file in tree.files.items() if path.startswith(root)},
        tuple(path[cut:] for path in tree.empty_directories if path.startswith(root)),
        {path[cut:]: kind for path, kind in tree.strays.items() if path.startswith(root)},
    )
