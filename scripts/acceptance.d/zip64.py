"""One file of 5 GiB in a zip64, from submission to restore: identical, in constant memory.

The member is stored, not deflated: a thousandfold ratio would rightly be refused. Needs about
four times the size on the disk of the temporary folder.
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
import zipfile
from pathlib import Path

COPIES = 5
"""The zip, the staged file, two replicas, and the restored file while the zip is still there."""


def make_zip(path: Path, mebibytes: int) -> str:
    """A zip of one member of bytes that do not compress; the member's sha256."""
    digest = hashlib.sha256()
    block = os.urandom(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
        archive.open("hồ sơ/phim.bin", "w", force_zip64=True) as member,
    ):
        for number in range(mebibytes):
            content = number.to_bytes(8, "big") + block[8:]
            digest.update(content)
            member.write(content)
    return digest.hexdigest()


def life(mebibytes: int) -> dict[str, float]:
    """Seconds of each part and the peak, of a life in this process."""
    from kho.cli.edge import run

    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        expected = make_zip(work / "nop.zip", mebibytes)
        copies = [f"{name}={work / name},site={name}" for name in ("a", "b")]
        options = [part for copy in copies for part in ("--replica", copy)]
        archive, out = str(work / "archive"), str(work / "out")
        commands = {
            "init": ["init", archive, *options, "--accept-shared-failure-domain"],
            "ingest": ["-C", archive, "ingest", str(work / "nop.zip")],
            "restore": [
                *("restore", "--all", "--from", (work / "b").as_uri()),
                *("--to", out, "--as", "submission"),
            ],
        }
        for name, command in commands.items():
            started = time.monotonic()
            if run(command):
                raise SystemExit(f"{name} failed")
            seconds[name] = time.monotonic() - started
            if name == "ingest":
                (work / "nop.zip").unlink()
        (restored,) = (work / "out").rglob("phim.bin")
        with restored.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                raise SystemExit("the restored file differs")
    return {**seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Prints a small life and the full one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=5 * 1024)
    parser.add_argument("--child", type=int, default=0)
    options = parser.parse_args()
    if options.child:
        quiet = os.dup(1)
        os.dup2(2, 1)
        measured = life(options.child)
        os.dup2(quiet, 1)
        print(json.dumps(measured))
        return
    free = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    if free < COPIES * options.mebibytes:
        raise SystemExit(f"{COPIES * options.mebibytes} MiB of free space needed, {free} there")
    for mebibytes in (64, options.mebibytes):
        command = [sys.executable, __file__, "--child", str(mebibytes)]
        run = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        measured = json.loads(run.stdout.splitlines()[-1])
        parts = ", ".join(
            f"{name} {value:.1f} s" for name, value in measured.items() if name != "peak_mib"
        )
        peak = measured["peak_mib"]
        print(
            f"{mebibytes:>6} MiB in a zip64: identical; {parts}; peak {peak:.0f} MiB", flush=True
        )


if __name__ == "__main__":
    main()
