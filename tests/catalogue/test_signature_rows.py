"""Signatures are counted from the catalogue, with the newest verdict of each file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kit.catalogues import DATA, aip_id, empty_catalogue, make_facts, make_file, make_line
from repository.facts import AipFacts, SignatureFacts
from schemas.nouns import Place
from schemas.records import LedgerLine


def _verdict(seq: int, path: str, decision: str) -> LedgerLine:
    said = {"format": "kho.signature-verdict/1", "path": path, "decision": decision}
    return make_line(
        seq, "signature-verdict", {"aip_id": aip_id(1), "cause": "CRL", "verdict": said}
    )


def _signed(number: int, count: int, **other: Any) -> AipFacts:
    files = [make_file(f"{DATA}/{n:06}.pdf", signature_decision="warn") for n in range(count)]
    rows = tuple(SignatureFacts(logical_path=f.logical_path, position=0) for f in files)
    return make_facts(number, files=files, signatures=rows, **other)


def test_every_signature_comes_with_its_files_newest_decision(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.register(_signed(1, 3))
        catalogue.register(_signed(2, 1, fonds="B"))
        catalogue.apply_all(
            [
                _verdict(1, f"{DATA}/000001.pdf", "accept"),
                _verdict(2, f"{DATA}/000001.pdf", "hold"),
                _verdict(3, f"{DATA}/000002.pdf", "accept"),
            ]
        )
        told = {
            (aip, facts.logical_path[-10:]): latest
            for aip, facts, latest in catalogue.signatures()
        }
        assert told == {
            (aip_id(1), "000000.pdf"): "warn",
            (aip_id(1), "000001.pdf"): "hold",
            (aip_id(1), "000002.pdf"): "accept",
            (aip_id(2), "000000.pdf"): "warn",
        }
        assert [aip for aip, _, _ in catalogue.signatures(fonds="B")] == [aip_id(2)]
        history = [(one.seq, one.verdict.decision) for one in catalogue.verdicts(aip_id(1))]
        assert history == [(1, "accept"), (2, "hold"), (3, "accept")]


def test_signatures_are_read_page_by_page_and_none_is_lost(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.register(_signed(1, 2_500))
        catalogue.register(_signed(1, 2_500, place=Place.HOLDING))
        assert sum(1 for _ in catalogue.signatures()) == 5_000


def test_a_kept_result_answers_only_while_it_holds(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.keep_signature_result(
            "key", b'{"decision":"accept"}', made="2026-03-01", holds_until="2026-03-05"
        )
        assert catalogue.signature_result("key", "2026-03-03") == b'{"decision":"accept"}'
        assert catalogue.signature_result("key", "2026-03-06") is None
        assert catalogue.signature_result("key", "2026-02-28") is None
        assert catalogue.signature_result("other", "2026-03-03") is None
