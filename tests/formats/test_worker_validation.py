"""Validators run in workers: a pool's answer is the function's answer."""

from __future__ import annotations

from pathlib import Path

from kit import documents
from kit.signed_pdfs import plain_pdf
from preservation.formats.validate.result import ValidationOutcome, from_json
from preservation.workers import WorkerPool


def test_a_worker_validates_one_file_after_another(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    cases = {
        "pdf": plain_pdf(),
        "image": documents.picture("PNG"),
        "siard": documents.siard("t"),
        "xml": b"<a>",
    }
    outcomes = {}
    with WorkerPool(workers=1, scratch=scratch) as pool:
        for kind, content in cases.items():
            path = tmp_path / kind
            path.write_bytes(content)
            outcomes[kind] = from_json(pool.run("validate", path, {"validator": kind})).outcome
    assert outcomes == {
        "pdf": ValidationOutcome.VALID,
        "image": ValidationOutcome.VALID,
        "siard": ValidationOutcome.VALID,
        "xml": ValidationOutcome.INVALID,
    }
