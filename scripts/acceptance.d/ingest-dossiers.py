"""1,000 packages of Circular 05/2025 of 10 documents each into two replicas, by one command.

Dossiers and files per second, peak memory, and the ratio to the floor in the same run: each
file of the packages read once with two hashes, two durable copies, two read-backs. Each
measurement is a process of its own. Packages are written by ``kho pack``'s own writer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingest.packing.files import FolderFiles, OrderedFiles
from ingest.packing.general import General
from ingest.packing.order import OrderedDocument, OrderedDossier
from ingest.packing.package import SipWriter
from preservation.formats.engine import Identifier
from preservation.formats.signature_set import SignatureSet
from schemas.ids import new_uuid
from schemas.progress import NoProgress

LINE = "Căn cứ Luật Lưu trữ, Uỷ ban nhân dân phường quyết định về hồ sơ số"
ORGAN = General("TL05", "Uỷ ban nhân dân phường Tân Lập", "12.NL.UBNDTL.01.2026")


def make_packages(folder: Path, dossiers: int, documents: int, size_bytes: int) -> None:
    """Packages of documents with contents of their own, each a folder."""
    texts = folder / "texts"
    for number in range(dossiers * documents):
        path = texts / f"{number // 1000:03d}" / f"{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{LINE} {number:06d}.\n".encode()
        filled = line * (size_bytes // len(line))
        path.write_bytes(filled + b"." * (size_bytes - len(filled)))
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


def ingest(source: Path, work: Path) -> None:
    """The whole command, as an operator runs it."""
    from kho.cli.edge import run

    copies = [f"{name}={work / name},site={name}" for name in ("a", "b")]
    options = [part for copy in copies for part in ("--replica", copy)]
    code = run(["init", str(work / "archive"), *options, "--accept-shared-failure-domain"])
    packages = sorted(str(path) for path in source.iterdir())
    code = code or run(["-C", str(work / "archive"), "ingest", *packages, "--jsonl"])
    if code:
        raise SystemExit(code)


def floor(source: Path, work: Path) -> None:
    """The least that has to be done, eight threads where they help."""
    paths = [path for path in source.rglob("*") if path.is_file()]
    for copy in ("a", "b"):
        for folder in {path.parent for path in paths}:
            (work / copy / folder.relative_to(source)).mkdir(parents=True, exist_ok=True)

    def copy_one(path: Path) -> None:
        content = path.read_bytes()
        hashlib.sha256(content)
        hashlib.sha512(content)
        for copy in ("a", "b"):
            target = work / copy / path.relative_to(source)
            with target.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())

    def read_one(path: Path) -> None:
        for copy in ("a", "b"):
            with (work / copy / path.relative_to(source)).open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                hashlib.file_digest(stream, "sha256")

    with ThreadPoolExecutor(8) as pool:
        for act in (copy_one, read_one):
            for _done in pool.map(act, paths):
                pass


def in_a_process(name: str, source: Path) -> dict[str, float]:
    """Wall and CPU seconds and peak MiB of one measurement in a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "--child", name, "--source", str(source)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    measured: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return measured


def child(name: str, source: Path) -> None:
    """Runs one measurement and prints it as the last line."""
    acts: dict[str, Callable[[Path, Path], None]] = {"ingest": ingest, "floor": floor}
    work = Path(tempfile.mkdtemp(dir=source.parent.parent))
    quiet = os.dup(1)
    os.dup2(2, 1)
    started = time.monotonic()
    try:
        acts[name](source, work)
        seconds = time.monotonic() - started
    finally:
        shutil.rmtree(work)
    os.dup2(quiet, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "seconds": seconds,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    print(json.dumps(measured))


def main() -> None:
    """Prints one line for a tenth of the dossiers and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--size-bytes", type=int, default=20_480)
    parser.add_argument("--child", default="")
    parser.add_argument("--source", type=Path)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.source)
        return
    rates = []
    for dossiers in (options.dossiers // 10, options.dossiers):
        with tempfile.TemporaryDirectory() as folder:
            make_packages(Path(folder) / "made", dossiers, options.documents, options.size_bytes)
            source = Path(folder) / "made" / "packages"
            files = sum(path.is_file() for path in source.rglob("*"))
            least = in_a_process("floor", source)
            whole = in_a_process("ingest", source)
        rates.append(whole["seconds"] / dossiers)
        documents = dossiers * options.documents
        print(
            f"{dossiers:>5} dossiers of {options.documents} documents of {options.size_bytes}"
            f" bytes ({files} files): ingest {whole['seconds']:.1f} s"
            f" ({dossiers / whole['seconds']:.1f} dossiers/s,"
            f" {documents / whole['seconds']:.0f} documents/s,"
            f" {files / whole['seconds']:.0f} files/s,"
            f" CPU {whole['cpu_s']:.1f} s, peak {whole['peak_mib']:.0f} MiB);"
            f" floor {least['seconds']:.1f} s; ratio {whole['seconds'] / least['seconds']:.2f}",
            flush=True,
        )
    print(f"seconds per dossier at 10 times the number: {rates[1] / rates[0]:.2f} times")


if __name__ == "__main__":
    main()
