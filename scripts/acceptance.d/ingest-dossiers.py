"""1,000 packages of Circular 05/2025 of 10 documents each into two replicas, by one command.

Dossiers and files per second, peak memory, and the ratio to the floor of the packages' files
in the same run (tests/kit/intake.py). Packages are written by ``kho pack``'s own writer.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from ingest.packing.files import FolderFiles, OrderedFiles
from ingest.packing.general import General
from ingest.packing.order import OrderedDocument, OrderedDossier
from ingest.packing.package import SipWriter
from preservation.formats.engine import Identifier
from preservation.formats.signature_set import SignatureSet
from schemas.ids import new_uuid
from schemas.progress import NoProgress

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from kit.intake import fill, measure, options_of

LINE = "Căn cứ Luật Lưu trữ, Uỷ ban nhân dân phường quyết định về hồ sơ số"
ORGAN = General("TL05", "Uỷ ban nhân dân phường Tân Lập", "12.NL.UBNDTL.01.2026")


def make_packages(folder: Path, dossiers: int, documents: int, size_bytes: int) -> None:
    """Packages of documents with contents of their own, each a folder."""
    texts = folder / "texts"
    for number in range(dossiers * documents):
        fill(texts / _text(number), f"{LINE} {number:06d}.", size_bytes)
    writer = SipWriter(
        FolderFiles(texts),
        ORGAN,
        Identifier(SignatureSet.load_default()),
        ("Kho", "0.1"),
        "2026-03-02T09:15:00.000+07:00",
        NoProgress(),
    )
    for number in range(dossiers):
        objid = f"uuid-{new_uuid().upper()}"
        writer.write(ordered(number, documents), objid, folder / "packages" / objid)
    shutil.rmtree(texts)


def ordered(number: int, documents: int) -> OrderedDossier:
    """A dossier of documents, all fields filled as the circular wants."""
    code = f"H99.10.05.2024.{number:04d}"
    shared = {"maintenance": "01", "mode": "01", "language": "01", "riskRecovery": "0"}
    fields = {
        **shared,
        "fileCode": code,
        "title": f"Hồ sơ công việc số {number}",
        "startDate": "10/01/2024",
        "endDate": "24/12/2024",
        "totalDoc": str(documents),
        "numberOfPaper": "0",
        "numberOfPage": str(documents),
    }
    return OrderedDossier(
        fields,
        tuple(
            OrderedDocument(
                {
                    **shared,
                    "docId": f"{code}.{each}",
                    "docCode": f"{code}.{each:07d}",
                    "typeName": "14",
                    "issuedDate": "20/06/2024",
                    "organName": ORGAN.organ,
                    "subject": f"Báo cáo số {each}",
                    "numberOfPage": "1",
                },
                OrderedFiles(_text(number * documents + each - 1)),
            )
            for each in range(1, documents + 1)
        ),
    )


def _text(number: int) -> str:
    return f"{number // 1000:03d}/{number:06d}.txt"


def arguments(source: Path) -> list[str]:
    """All packages in one command."""
    return [*sorted(str(path) for path in source.iterdir()), "--jsonl"]


def main() -> None:
    """Prints one line for a tenth of the dossiers and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--size-bytes", type=int, default=20_480)
    options = options_of(parser, arguments)
    rates = []
    for dossiers in (options.dossiers // 10, options.dossiers):
        with tempfile.TemporaryDirectory() as folder:
            make_packages(Path(folder) / "made", dossiers, options.documents, options.size_bytes)
            source = Path(folder) / "made" / "packages"
            files = sum(path.is_file() for path in source.rglob("*"))
            found = measure(source)
        seconds = found.ingest.seconds
        rates.append(seconds / dossiers)
        per_second = (
            f"{dossiers / seconds:.1f} dossiers/s,"
            f" {dossiers * options.documents / seconds:.0f} documents/s,"
            f" {files / seconds:.0f} files/s"
        )
        print(
            f"{dossiers:>5} dossiers of {options.documents} documents of {options.size_bytes}"
            f" bytes ({files} files): {found.told(per_second)}",
            flush=True,
        )
    print(f"seconds per dossier at 10 times the number: {rates[1] / rates[0]:.2f} times")


if __name__ == "__main__":
    main()
