"""Identification: ours, stock fido and pygfried over the same files, CPU per file.

    python benchmarks/formats.py [FOLDER …] [--files 1500] [--skeletons TAR]

Each tool runs in a process of its own, the files' pages warm, its loading not counted; the
best of three rounds counts (stock fido: one). Two processes are held against what two
processes gain here at all, measured beside it with a loop that touches no memory. Bars
(docs/design.md §12 and issue 5): at least 10 times less CPU than stock fido on mixed real
files, 40 times on the skeletons, not more than pygfried, two processes 1.8 times one, 120 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

SKELETONS = Path(__file__).resolve().parents[2] / "shared/corpora/pronom-skeletons.tar.gz"


def ours() -> Callable[[list[bytes]], None]:
    from preservation.formats.engine import Identifier
    from preservation.formats.inspect import inspect_file
    from preservation.formats.signature_set import SignatureSet

    identifier = Identifier(SignatureSet.load_default())

    def run(paths: list[bytes]) -> None:
        for path in paths:
            inspect_file(path, identifier)

    return run


def ours_in_two() -> Callable[[list[bytes]], None]:
    one = ours()

    def run(paths: list[bytes]) -> None:
        children = []
        for half in (paths[::2], paths[1::2]):
            child = os.fork()
            if child == 0:
                one(half)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)

    return run


def stock() -> Callable[[list[bytes]], None]:
    from preservation.formats.fido_adapter import FidoAdapter

    adapter = FidoAdapter()

    def run(paths: list[bytes]) -> None:
        for path in paths:
            adapter.identify(path)

    return run


def pygfried() -> Callable[[list[bytes]], None]:
    import pygfried

    def run(paths: list[bytes]) -> None:
        for path in paths:
            try:
                pygfried.identify(os.fsdecode(path))
            except Exception:  # noqa: BLE001  it raises on damaged containers
                continue

    return run


def ends_only() -> Callable[[list[bytes]], None]:
    def run(paths: list[bytes]) -> None:
        for path in paths:
            with Path(os.fsdecode(path)).open("rb", buffering=0) as file:
                file.read(131072)
                if (size := os.fstat(file.fileno()).st_size) > 131072:
                    file.seek(size - 131072)
                    file.read(131072)

    return run


def sha512() -> Callable[[list[bytes]], None]:
    def run(paths: list[bytes]) -> None:
        for path in paths:
            with Path(os.fsdecode(path)).open("rb") as file:
                hashlib.file_digest(file, "sha512").hexdigest()

    return run


TOOLS = {
    "open, read both ends": ends_only,
    "sha512 of the whole file": sha512,
    "ours": ours,
    "ours, two processes": ours_in_two,
    "pygfried": pygfried,
    "stock fido": stock,
}


REPEATED = {"ours": 5, "ours, two processes": 5}
"""The quick ones pass over the files several times, so that forking does not count."""


def child(tool: str) -> None:
    paths = sys.stdin.buffer.read().split(b"\0")
    run = TOOLS[tool]()
    run(paths[:20])
    times = REPEATED.get(tool, 1)
    cpu, wall = _cpu(), time.perf_counter()
    run(paths * times)
    spent = [(_cpu() - cpu) / times, (time.perf_counter() - wall) / times, peak_mb()]
    print(json.dumps(spent))


def peak_mb() -> float:
    """This process's own peak; getrusage would answer with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def two_at_best() -> float:
    """What two processes gain over one on this machine, now."""

    def burn() -> None:
        count = 0
        while count < 15_000_000:
            count += 1

    start = time.perf_counter()
    burn()
    one = time.perf_counter() - start
    start = time.perf_counter()
    children = []
    for _ in range(2):
        forked = os.fork()
        if forked == 0:
            burn()
            os._exit(0)
        children.append(forked)
    for forked in children:
        os.waitpid(forked, 0)
    return 2 * one / (time.perf_counter() - start)


def _cpu() -> float:
    return sum(os.times()[:4])


def measure(tool: str, paths: list[bytes]) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--child", tool],
        input=b"\0".join(paths),
        capture_output=True,
        check=True,
    )
    cpu, wall, peak = json.loads(done.stdout.splitlines()[-1])
    return cpu, wall, peak


def compare(label: str, paths: list[bytes], bar: float) -> None:
    size = sum(Path(os.fsdecode(p)).stat().st_size for p in paths)
    print(f"\n{label}: {len(paths)} files, {size / 1e6:.0f} MB, {os.cpu_count()} cores")
    print(f"{'tool':26} {'CPU ms/file':>12} {'files/s':>9} {'RSS MB':>7}")
    cpus: dict[str, float] = {}
    walls: dict[str, float] = {}
    for tool in TOOLS:
        rounds = [measure(tool, paths) for _ in range(1 if tool == "stock fido" else 3)]
        cpus[tool], walls[tool], peak = (min(column) for column in zip(*rounds, strict=True))
        each = cpus[tool] / len(paths) * 1000
        print(f"{tool:26} {each:12.3f} {len(paths) / walls[tool]:9.0f} {peak:7.0f}")
    ratio = cpus["stock fido"] / cpus["ours"]
    print(f"stock fido / ours, CPU: {ratio:.1f} (bar {bar:.0f})")
    print(f"pygfried / ours, CPU: {cpus['pygfried'] / cpus['ours']:.2f} (bar 1)")
    gain = walls["ours"] / walls["ours, two processes"]
    print(f"two processes, wall: {gain:.2f} (bar 1.8; a bare loop gains {two_at_best():.2f} now)")


def mixed(folders: list[Path], count: int) -> list[bytes]:
    """At most ``count`` files of 8 KiB to 16 MiB, as many of each extension as there are."""
    by_extension: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if (
                path.is_file()
                and not path.is_symlink()
                and 8192 <= path.stat().st_size <= 16 << 20
            ):
                by_extension.setdefault(path.suffix.lower(), []).append(path)
    chosen: list[Path] = []
    place = 0
    while len(chosen) < count and any(place < len(group) for group in by_extension.values()):
        chosen += [group[place] for group in by_extension.values() if place < len(group)]
        place += 1
    return [os.fsencode(path) for path in chosen[:count]]


TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/'
    'package/2006/content-types">{parts}<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def make_dossiers(folder: Path, *, rounds: int = 30) -> None:
    """``rounds`` times a page as JPEG, PNG, TIFF and PDF, a docx, an odt, an xlsx and texts."""
    from openpyxl import Workbook
    from PIL import Image

    seed = random.Random(5)
    for number in range(rounds):
        page = Image.effect_noise((1240, 1754), 40).convert("RGB")
        page.save(folder / f"{number}.jpg", quality=70, dpi=(200, 200))
        page.resize((620, 877)).save(folder / f"{number}.png")
        page.save(folder / f"{number}.tif", compression="tiff_deflate")
        page.save(folder / f"{number}.pdf", resolution=200)
        text = " ".join(seed.choices(("Kính", "gửi", "phông", "hồ", "sơ", "văn", "bản"), k=40_000))
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
        (folder / f"{number}.xml").write_text(
            f'<?xml version="1.0"?><a>{text}</a>', encoding="utf-8"
        )
        (folder / f"{number}.html").write_text(
            f"<!DOCTYPE html><html>{text}</html>", encoding="utf-8"
        )
        picture = (folder / f"{number}.jpg").read_bytes()
        docx(folder / f"{number}.docx", text, picture)
        odt(folder / f"{number}.odt", text, picture)
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Mục lục")
        for row in range(2000):
            sheet.append([row, "Quyết định", seed.random()])
        book.save(folder / f"{number}.xlsx")


def docx(path: Path, text: str, picture: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(f'<Default Extension="x{n}" ContentType="a/b"/>' for n in range(12))
        archive.writestr("[Content_Types].xml", TYPES.format(parts=parts))
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr("word/document.xml", text)
        archive.writestr("word/media/image1.jpeg", picture)
        for part in ("styles", "settings", "fontTable", "theme/theme1", "webSettings"):
            archive.writestr(f"word/{part}.xml", "<x/>" * 400)


def odt(path: Path, text: str, picture: bytes) -> None:
    kind = "application/vnd.oasis.opendocument.text"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        archive.writestr("Pictures/1.jpg", picture)
        content = f'<office:document-content office:version="1.2">{text}</office:document-content>'
        archive.writestr("content.xml", content)
        entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        archive.writestr(
            "META-INF/manifest.xml", f"<manifest:manifest>{entry}</manifest:manifest>"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--skeletons", type=Path, default=SKELETONS)
    parser.add_argument("--child")
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child)
        return
    with tempfile.TemporaryDirectory() as made:
        make_dossiers(Path(made))
        compare("mixed files", mixed([Path(made), *chosen.folders], chosen.files), 10)
    if chosen.skeletons.is_file():
        with tempfile.TemporaryDirectory() as folder, tarfile.open(chosen.skeletons) as archive:
            archive.extractall(folder, filter="data")
            found = sorted(p for p in Path(folder).rglob("*") if p.is_file())
            compare("skeletons", [os.fsencode(p) for p in found], 40)


if __name__ == "__main__":
    main()
