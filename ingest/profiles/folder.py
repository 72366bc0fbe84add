"""Profile ``folder``: a plain folder of files, or a zip of one, without description."""

from __future__ import annotations

from ingest.profiles.base import Shaped, Shaping, emptiness, place_files, undescribed
from ingest.submission import Submission
from schemas.nouns import Draft


class FolderProfile:
    """Every file is a record of one dossier, which is marked as backlog (*tồn đọng*)."""

    name = "folder"

    def claims(self, _submission: Submission, /) -> bool:
        """Anything with files can be received as a folder; asked last."""
        return True

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """A draft whose title is the submission's name."""
        files, findings = place_files(
            submission.files, payload=b"", documentation=shaping.documentation
        )
        findings += emptiness(files)
        findings += undescribed(shaping.fonds)
        draft = Draft(
            profile=self.name,
            title=submission.name,
            files=files,
            fonds=shaping.fonds,
            empty_directories=tuple(submission.admission.empty_directories),
            container=submission.admission.container,
            backlog=True,
        )
        return Shaped(draft, tuple(findings))
