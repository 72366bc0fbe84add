"""Formats: every skeleton against stock fido and PRONOM, hostile files, then CPU per file.

Stock fido answers for each of the 2,447 skeletons, with the shipped set and with v116, in a
process of its own. The timing is ``benchmarks/formats.py``; folders given here are mixed in.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from preservation.formats.engine import Identifier
from preservation.formats.inspect import inspect_file
from preservation.formats.regex_tree import Bytes, Choice, Gap, OneOf, Tree
from preservation.formats.shipped import SignatureFiles, files_in, shipped_files
from preservation.formats.signature_set import SignatureSet

PROJECT = Path(__file__).resolve().parents[2]
CORPORA = PROJECT.parent / "shared/corpora"

Answer = tuple[str, tuple[str, ...]]


def truth(name: str) -> str:
    """The PUID in a skeleton's name."""
    found = re.match(r"(x-fmt|fmt)-(\d+)-", name)
    assert found is not None, name
    return f"{found[1]}/{found[2]}"


def asked_of_fido(paths: list[Path], folder: Path | None) -> dict[str, Answer]:
    """Stock fido's answers by file name; each PUID once, in fido's order."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-m",
            "preservation.formats.fido_adapter",
            *([folder] if folder else []),
        ],
        input=b"\0".join(os.fsencode(path) for path in paths),
        capture_output=True,
        check=True,
    )
    lines = map(json.loads, done.stdout.splitlines())
    return {
        Path(line["path"]).name: (line["method"], tuple(dict.fromkeys(line["puids"])))
        for line in lines
    }


def asked_of_us(paths: list[Path], identifier: Identifier) -> dict[str, Answer]:
    """Our answers by file name."""
    results = {path.name: inspect_file(os.fsencode(path), identifier).result for path in paths}
    return {name: (found.method, found.puids) for name, found in results.items()}


def score(answers: dict[str, Answer], names: list[str]) -> str:
    """How many of ``names`` were answered with just the PUID in the name."""
    kinds: Counter[str] = Counter()
    for name in names:
        puids = answers[name][1]
        right = truth(name) in puids
        kinds[
            "exact"
            if puids == (truth(name),)
            else "ambiguous"
            if right
            else "wrong"
            if puids
            else "none"
        ] += 1
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ("exact", "ambiguous", "wrong", "none"))


def compare(label: str, files: SignatureFiles, folder: Path | None, paths: list[Path]) -> None:
    identifier = Identifier(SignatureSet.load_files(files))
    theirs, own = asked_of_fido(paths, folder), asked_of_us(paths, identifier)
    containers = [path.name for path in paths if path.parent.name == "containers"]
    binary = [path.name for path in paths if path.parent.name != "containers"]
    print(f"\n{label}: {identifier.signature_set.id}")
    for kind, names in (("binary", binary), ("containers", containers)):
        print(f"  {kind} ({len(names)}): fido {score(theirs, names)}; ours {score(own, names)}")
    told = [n for n in binary if "signature" in (theirs[n][0], own[n][0])]
    different = [name for name in told if theirs[name] != own[name]]
    print(f"  told by signature: {len(told)}; answered differently: {len(different)}")
    for name in different:
        print(f"    {name}: fido {theirs[name]}, ours {own[name]}")
    known = {f.puid for f in identifier.signature_set.formats}
    known |= {c.id for c in identifier.signature_set.containers}
    for name in (n for n in binary + containers if own[n][1] != (truth(n),)):
        number = name.rpartition("-")[2].partition(".")[0]
        if (number if name in containers else truth(name)) in known:
            print(f"    not exact though in the set: {name}: ours {own[name]}")


def hostile(identifier: Identifier) -> None:
    """The longest that bytes made for each pattern with wide gaps can hold us."""
    worst: list[tuple[float, str, bytes]] = []
    for signature in identifier.signature_set.signatures:
        for pattern in signature.patterns:
            for content in _made_for(pattern.tree or ()):
                start = time.process_time()
                identifier.identify(name="x", size_bytes=len(content), head=content, tail=content)
                puid = identifier.signature_set.formats[signature.format].puid
                worst.append((time.process_time() - start, puid, pattern.regex))
    worst.sort(reverse=True)
    print(f"\nhostile: {len(worst)} files of 128 KiB made for patterns with wide gaps; longest:")
    for seconds, puid, regex in worst[:5]:
        print(f"  {seconds:.3f} s CPU {puid} {regex[:70]!r}")


def _made_for(tree: Tree) -> Iterator[bytes]:
    if not any(isinstance(node, Gap) and node.high - node.low >= 8 for node in tree):
        return
    parts = [part for node in tree if (part := _example(node))]
    start = b"".join(parts[:2])
    seed = random.Random(7)
    yield (start + b"".join(parts[:-1]) * 20_000)[:131_072]
    yield (start + b"".join(part * 2000 for part in parts[:-1]))[:131_072].ljust(131_072, b"x")
    yield (start + b"".join(seed.choices(parts, k=20_000)))[:131_072]


def _example(node: object) -> bytes:
    match node:
        case Bytes(content):
            return content
        case OneOf(members):
            return members[:1]
        case Choice(options):
            return b"".join(_example(inner) for inner in options[0])
        case _:
            return b""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", help="mixed into the timing")
    chosen = parser.parse_args()
    newer = CORPORA / "pronom-signatures-v116"
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(CORPORA / "pronom-skeletons.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        compare("shipped set", shipped_files(), None, paths)
        compare("newer set", files_in(newer), newer, paths)
    hostile(Identifier(SignatureSet.load_default()))
    sys.stdout.flush()
    benchmark = [sys.executable, str(PROJECT / "benchmarks/formats.py"), *chosen.folders]
    subprocess.run([*benchmark, "--files", "900"], check=True)


if __name__ == "__main__":
    main()
