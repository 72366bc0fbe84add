"""2,000 AIPs restored from S3 alone: no catalogue, no settings; killed in between; against rclone.

A real S3 server on this machine. The archive is written through the real writer, then its
folder is deleted: what is left is one bucket, credentials in the environment, and the line that
the recovery sheet prints. Each restore is the command line in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kit.making import make_archive, random_bytes, store_files  # noqa: E402
from kit.rclone import S3, rclone_program, s3_remote  # noqa: E402 - found by the line above
from kit.s3_server import BUCKET, S3Server, running_s3  # noqa: E402
from repository.archive import Repository  # noqa: E402
from storage_backends.places import place_of  # noqa: E402

KHO = [sys.executable, "-c", "from kho.cli import main; main()"]


def fill(folder: Path, server: S3Server, *, aips: int, files: int, size_bytes: int) -> str:
    """So many AIPs are in a new place of the server and nowhere else; the place's line.

    They are written to a folder by the real writer; another tool carries the replica over.
    """
    settings = make_archive(folder, {"disk": (folder / "replica").as_uri()})
    with Repository.open(settings) as archive:
        for number in range(aips):
            store_files(archive, number, files=files, size_bytes=size_bytes, content=random_bytes)
    url = server.new_url()
    copy(server, str(folder / "replica"), f"{S3}:{url.removeprefix('s3://')}", folder)
    shutil.rmtree(folder / "archive")
    shutil.rmtree(folder / "replica")
    return place_of(url, server.options(client="fast"))


def copy(server: S3Server, source: str, target: str, home: Path) -> None:
    """``rclone copy``, as fast as it goes."""
    command = [str(rclone_program()), "copy", source, target, "--transfers=32", "--checkers=32"]
    command += ["--ignore-checksum", "--s3-no-head", "--no-traverse", "--no-check-dest"]
    env = {**s3_remote(server), "HOME": str(home), "PATH": os.environ["PATH"]}
    env["RCLONE_CONFIG"] = "/dev/null"
    subprocess.run(command, check=True, env=env, stderr=subprocess.DEVNULL)


def environment(server: S3Server, home: Path) -> dict[str, str]:
    """An empty machine: credentials, and nothing else of ours."""
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "AWS_SHARED_CREDENTIALS_FILE": str(server.credentials_file),
        "AWS_PROFILE": "writer",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def restore(place: str, target: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    asked = [*KHO, "--lang", "en", "restore", "--all", "--from", place, "--to", str(target)]
    return subprocess.Popen(
        [*asked, "--json"], env=env, cwd=env["HOME"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def count_files(folder: Path) -> int:
    return sum(len(names) for _path, _folders, names in os.walk(folder))


def killed_and_gone_on(place: str, folder: Path, env: dict[str, str], files: int) -> None:
    """A restore is killed when a third, and two thirds, are there; the next one completes it."""
    target = folder / "resumed"
    for share in (1 / 3, 2 / 3):
        process = restore(place, target, env)
        while process.poll() is None and count_files(target) < files * share:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = count_files(target)
    process = restore(place, target, env)
    proof = json.loads(process.communicate()[0])
    again = sum(
        json.loads(line)["already_there"]
        for line in (target / "kho-restore-proof.ndjson").read_text().splitlines()
    )
    print(
        f"killed twice: {before} files were there, {again} kept without a download,"
        f" complete {proof['complete']}, exit {process.returncode}"
    )
    if process.returncode or not proof["complete"]:
        raise SystemExit("the resumed restore is not complete")


def whole(place: str, target: Path, env: dict[str, str]) -> tuple[float, dict[str, object]]:
    """Seconds of a whole restore, and its proof."""
    started_s = time.perf_counter()
    process = restore(place, target, env)
    proof = json.loads(process.communicate()[0])
    if process.returncode or not proof["complete"]:
        raise SystemExit(f"the restore is not complete: {proof['failures'][:3]}")
    return time.perf_counter() - started_s, proof


def rclone(server: S3Server, prefix: str, target: Path, home: Path) -> float:
    """Seconds of ``rclone copy`` and of a sha512 of everything that it copied."""
    started_s = time.perf_counter()
    copy(server, f"{S3}:{BUCKET}/{prefix}/ocfl", str(target), home)
    for path, _folders, names in os.walk(target):
        for name in names:
            with (Path(path) / name).open("rb") as stream:
                hashlib.file_digest(stream, "sha512")
    return time.perf_counter() - started_s


def check_content(target: Path, proof: dict[str, object]) -> None:
    """Every file of the proof is there with its digest, judged without Kho."""
    lines = (target / "kho-restore-proof.ndjson").read_bytes()
    if hashlib.sha256(lines).hexdigest() != proof["lines_sha256"]:
        raise SystemExit("the proof's lines are not those it names")
    for raw in lines.splitlines():
        line = json.loads(raw)
        with (target / line["aip_id"] / line["path"]).open("rb") as stream:
            if hashlib.file_digest(stream, "sha512").hexdigest() != line["sha512"]:
                raise SystemExit(f"another file stands at {line['path']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aips", type=int, default=2000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--bytes", type=int, default=20 * 1024)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with running_s3() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started_s = time.perf_counter()
        place = fill(
            folder, server, aips=options.aips, files=options.files, size_bytes=options.bytes
        )
        print(f"{options.aips} AIPs of {options.files} x {options.bytes} bytes stored on S3 in "
              f"{time.perf_counter() - started_s:.0f} s")  # fmt: skip
        env = environment(server, folder / "home")
        prefix = place.partition("?")[0].removeprefix(f"s3://{BUCKET}/")
        ours: list[float] = []
        theirs: list[float] = []
        # A folder of its own for each: files removed a moment ago make new ones slower.
        for turn in range(options.rounds):
            out, copied_to = folder / f"out-{turn}", folder / f"rclone-{turn}"
            seconds, proof = whole(place, out, env)
            ours.append(seconds)
            theirs.append(rclone(server, prefix, copied_to, folder / "home"))
        check_content(out, proof)
        files, size_bytes = int(str(proof["files"])), int(str(proof["bytes"]))
        copied = count_files(copied_to)
        print(f"restored: {len(list(proof['aips']))} AIPs, {files} files, "  # type: ignore[call-overload]  # a JSON list
              f"{size_bytes / 2**20:.0f} MiB; every digest checked without Kho")  # fmt: skip
        print(f"kho restore --all      {min(ours):7.1f} s  {files / min(ours):7.0f} files/s")
        print(f"rclone copy + sha512   {min(theirs):7.1f} s  {copied / min(theirs):7.0f} files/s")
        print(f"ratio by the clock {min(theirs) / min(ours):.2f} (bar 0.8)")
        killed_and_gone_on(place, folder, env, files)


if __name__ == "__main__":
    main()
