"""One dossier of very many files: what each of them costs in memory, from small to full size.

The bar is 500 MB for one AIP of 200,000 files (design §12); ``scripts/acceptance
ingest-200000`` is the full run. A command that receives a small dossier has 120 MB, which
leaves 1,900 bytes for each file, of which the allocator wastes a sixth. Batches and buffers of
fixed size are made small here, so that they are not taken for something that grows; what
libraries in C hold is not seen.
"""

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from ingest.pipeline import ingest
from kit.archives import make_bed
from kit.desk import desk_of, write_files
from kit.stores import quick_disk
from schemas.progress import NoProgress
from storage_backends.filesystem import FilesystemBackend

FEW, MANY = 300, 750
"""Both more than the findings of one code that are kept."""
FIXED = {
    "repository.aip.generated._PIECE_BYTES": 1000,
    "repository.catalogue.registering.BATCH_ROWS": 50,
    "repository.ocfl.writer._BATCH": 50,
    "repository.ocfl.writer._TOGETHER_BYTES": 4096,
    "repository.aip.build.CHUNK_BYTES": 4096,
    "schemas.digests.CHUNK_BYTES": 4096,
    "schemas.xml_writing._FLUSH_LINES": 10,
    "storage_backends.reading.BUFFER_BYTES": 4096,
    "storage_backends.staged._CHUNK_BYTES": 4096,
}
"""What is held of each kind at most, made small."""
BYTES_PER_FILE = 1_500
WASTED = 1.2
"""What a process takes from the system for each byte that it asks for, measured at full size."""
BASE_BYTES = 120_000_000


@dataclass
class Peaks(NoProgress):
    """The most that was held until the AIP was sealed, and from then on."""

    building: int = 0

    def phase(self, name: str, **_more: object) -> None:
        """Takes note when the build is done; garbage is nobody's memory."""
        if name == "PROGRESS-STORE":
            self.building = tracemalloc.get_traced_memory()[1]
        gc.collect()
        if name == "PROGRESS-STORE":
            tracemalloc.reset_peak()


def peaks_of(files: int) -> dict[str, int]:
    """Bytes at most while a dossier of so many files is judged and built, and while stored."""
    with quick_disk() as folder:
        stores = {name: FilesystemBackend.create(name, folder / name) for name in ("a", "b")}
        bed = make_bed(folder / "archive", stores, accept_shared_failure_domain=True)
        content = {b"%03d/van-ban-%06d.txt" % (n // 100, n): b"%06d\n" % n for n in range(files)}
        source = write_files(folder / "ho-so", content)
        peaks = Peaks()
        with bed.open() as archive, desk_of(archive) as desk:
            tracemalloc.start()
            try:
                receipt = ingest(source, replace(desk, progress=peaks))
                storing = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert (receipt.outcome, receipt.files) == ("accepted", files)
    return {"building": peaks.building, "storing": storing}


def least_peaks_of(files: int) -> dict[str, int]:
    """Of two runs: a table of the interpreter's own that doubles in one is not the dossier's."""
    one, other = peaks_of(files), peaks_of(files)
    return {name: min(one[name], other[name]) for name in one}


@pytest.fixture
def only_new_garbage() -> Iterator[None]:
    """What the suite made before is not looked through at each collection."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("only_new_garbage")
def test_200_000_files_would_be_judged_built_and_stored_in_half_a_gigabyte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for fixed, size in FIXED.items():
        monkeypatch.setattr(fixed, size)
    peaks_of(FEW)  # what is made once is not taken for something that grows
    few, many = least_peaks_of(FEW), least_peaks_of(MANY)
    per_file = (many["building"] - few["building"]) / (MANY - FEW)
    assert per_file < BYTES_PER_FILE
    assert many["storing"] < many["building"]
    assert BASE_BYTES + 200_000 * BYTES_PER_FILE * WASTED <= 500_000_000
