"""Signature verification against plain pyHanko, in one run: ratios, not absolute times.

``python benchmarks/signatures.py [COUNT]`` makes its own PKI and PDFs. *Plain* is pyHanko in
this process as its documentation shows it: reader, ``embedded_signatures``, difference
analysis, then the AdES function that fits the level, offline with the same CRLs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec

from kit.pki import NOW, pki
from kit.signed_pdfs import plain_pdf, signed_pdf
from preservation.signatures.examiner import Item, SignatureExaminer
from preservation.signatures.material import material
from preservation.signatures.spec import timing, validation_spec
from preservation.signatures.trust import TrustSnapshot
from preservation.workers import JobLimits, WorkerPool

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
_PADDING = 60_000
_RESERVED = 16 * 1024
"""Signing programs reserve this much, and more, for a signature with its time stamp."""


def plain(content: bytes, level: str, snapshot: TrustSnapshot, manifest: str) -> None:
    """One file through pyHanko alone."""
    spec = validation_spec(material(snapshot.sha256, manifest))
    live = timing(NOW, proven=False)
    reader = PdfFileReader(BytesIO(content))
    signature = reader.embedded_regular_signatures[0]
    signature.compute_integrity_info()
    digest = signature.compute_digest()
    work: Coroutine[Any, Any, object]
    if level == "B-LTA":
        work = ades_lta_validation(signature, PdfSignatureValidationSpec(spec), timing_info=live)
    elif level == "B-B":
        work = ades_basic_validation(
            signature.signed_data, spec, timing_info=live, raw_digest=digest
        )
    else:
        work = ades_with_time_validation(
            signature.signed_data, spec, timing_info=live, raw_digest=digest
        )
    asyncio.run(work)


def cost(count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Files per second, and per processor second of this process and its children.

    One warm-up before, then the best of three. On a busy machine only the second figure means
    anything.
    """
    work()
    runs = []
    for _ in range(3):
        start, spent = time.perf_counter(), _processor_seconds()
        work()
        runs.append((time.perf_counter() - start, _processor_seconds() - spent))
    return count / min(run[0] for run in runs), count / min(run[1] for run in runs)


def _processor_seconds() -> float:
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print one line per level, then the two large ones."""
    logging.disable(logging.CRITICAL)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = TrustSnapshot.load(pki().folder(folder / "trust"))
        manifest = str(snapshot.write_manifest(folder))
        print(f"{'files per second':14} {'wall clock':>32} {'per processor second':>32}")
        print(f"{'':14} {'plain  one  two workers':>32} {'plain  one worker  ratio':>32}")
        for level in LEVELS:
            compare(level, corpus(level, count, _RESERVED), snapshot, manifest, folder, level)
        big = corpus("B-B", max(2, count // 10), 1024**2)
        compare("B-B, 1 MB", big, snapshot, manifest, folder, "B-B")
        worst(folder, snapshot)


def corpus(level: str, count: int, reserved: int) -> list[bytes]:
    """So many files of one signer, no two alike."""
    return [
        signed_pdf("rsa", level, content=plain_pdf(_PADDING + number), contents_bytes=reserved)
        for number in range(count)
    ]


def compare(
    label: str,
    contents: list[bytes],
    snapshot: TrustSnapshot,
    manifest: str,
    folder: Path,
    level: str,
) -> None:
    """One line: plain pyHanko, one warm worker, two."""
    count = len(contents)
    paths = [folder / f"subject{number}.pdf" for number in range(count)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    def by_itself() -> None:
        for content in contents:
            plain(content, level, snapshot, manifest)

    alone = cost(count, by_itself)
    ours = []
    for workers in (1, 2):
        scratch = folder / f"scratch{workers}"
        scratch.mkdir(exist_ok=True)
        with WorkerPool(workers=workers, scratch=scratch, jobs_per_worker=10_000) as pool:
            examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW)
            items = [Item(number, path) for number, path in enumerate(paths)]
            assert all(r.decision == "accept" for _, r in examiner.examine_many(items))
            ours.append(cost(count, partial(_drain, examiner, items)))
    one, two = ours
    print(
        f"{label:14} {alone[0]:12.1f} {one[0]:8.1f} {two[0]:10.1f}"
        f" {alone[1]:14.1f} {one[1]:9.1f} {one[1] / alone[1]:7.2f}"
    )


def _drain(examiner: SignatureExaminer, items: list[Item[int]]) -> None:
    for _ in examiner.examine_many(items):
        pass


def worst(folder: Path, snapshot: TrustSnapshot) -> None:
    """A signature value of 60 MB: within the cap's refusal, and with the cap raised."""
    path = folder / "huge.pdf"
    path.write_bytes(signed_pdf("rsa", "B-B", contents_bytes=60 * 1024**2))
    scratch = folder / "scratch-worst"
    scratch.mkdir()
    limits = {"signature": JobLimits(wall_s=120, cpu_s=120, memory_bytes=4 * 1024**3)}
    with WorkerPool(workers=1, scratch=scratch, limits=limits) as pool:
        for cap in (8 * 1024**2, 64 * 1024**2):
            examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW, contents_cap_bytes=cap)
            start = time.perf_counter()
            report = examiner.examine(path)
            seconds = time.perf_counter() - start
            findings = ", ".join(report.findings)
            print(
                f"60 MB value, cap {cap >> 20} MB: {report.decision} ({findings}) {seconds:.2f} s"
            )


if __name__ == "__main__":
    main()
