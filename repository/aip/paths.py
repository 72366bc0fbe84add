"""Where things stand in an AIP's logical state (design §5)."""

from __future__ import annotations

METS = "METS.xml"
EAD = "metadata/descriptive/EAD.xml"
PREMIS = "metadata/preservation/PREMIS.xml"
OTHER = "metadata/other/"
ADMISSION = f"{OTHER}admission.json"
FORMATS = f"{OTHER}formats.ndjson"
SIGNATURES = f"{OTHER}signatures.ndjson"
REPRESENTATION = "representations/rep1/"
DATA = f"{REPRESENTATION}data/"
REP_METS = f"{REPRESENTATION}METS.xml"
REP_PREMIS = f"{REPRESENTATION}metadata/preservation/PREMIS_rep1.xml"
REP_DESCRIPTIVE = f"{REPRESENTATION}metadata/descriptive/"
SCHEMAS = "schemas/"
SUBMISSIONS = "documentation/submission/"
MAP_NAME = "submission-map.ndjson"


def submission_folder(submission_id: str) -> str:
    """``documentation/submission/<OBJID>/``, a colon written as an underscore."""
    return f"{SUBMISSIONS}{submission_id.replace(':', '_')}/"


def is_submission_map(logical_path: str) -> bool:
    """Whether this is the map itself, not a submitted file that happens to bear its name."""
    return (
        logical_path.startswith(SUBMISSIONS)
        and logical_path.endswith(f"/{MAP_NAME}")
        and logical_path.count("/") == SUBMISSIONS.count("/") + 1
    )
