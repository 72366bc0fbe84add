"""The signature files that come with opf-fido, found by what its versions.xml says.

Nothing is copied into Kho: the files are read where the package installed them. The names
are taken from ``versions.xml`` because fido's own defaults name a file it does not ship.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from schemas.errors import ConfigError


class SignatureFilesMissing(ConfigError):
    """No usable signature files were found where they should be (``place``, ``reason``)."""

    code = "FORMAT-SIGNATURES-MISSING"


@dataclass(frozen=True, slots=True)
class SignatureFiles:
    """Where one signature set lies; ``extensions`` is fido's own addition, may be None."""

    version: str
    formats: Path
    container: Path
    extensions: Path | None = None

    @property
    def label(self) -> str:
        """What a person calls the set: PRONOM version and date of the container file."""
        dated = re.search(r"\d{8}", self.container.name)
        return f"PRONOM v{self.version}, container {dated.group() if dated else 'undated'}"


def shipped_files() -> SignatureFiles:
    """The set of the installed opf-fido package."""
    folder = Path(str(files("fido").joinpath("conf")))
    return files_by_versions(folder)


def files_by_versions(folder: Path) -> SignatureFiles:
    """The set that ``folder/versions.xml`` names (fido's own configuration layout)."""
    try:
        text = (folder / "versions.xml").read_text(encoding="utf-8")
    except OSError as problem:
        raise SignatureFilesMissing(place=str(folder), reason="versions.xml") from problem
    named = dict(re.findall(r"<(\w+)>\s*([^<\s]+)\s*</\1>", text))
    try:
        found = SignatureFiles(
            version=named["pronomVersion"],
            formats=folder / named["pronomSignature"],
            container=folder / named["pronomContainerSignature"],
            extensions=folder / named["fidoExtensionSignature"],
        )
    except KeyError as problem:
        raise SignatureFilesMissing(place=str(folder), reason=str(problem)) from problem
    for path in (found.formats, found.container):
        if not path.is_file():
            raise SignatureFilesMissing(place=str(folder), reason=path.name)
    return found


def files_in(folder: Path) -> SignatureFiles:
    """The set of a folder that an operator brought: by versions.xml, else by file names."""
    if (folder / "versions.xml").is_file():
        return files_by_versions(folder)
    formats = sorted(folder.glob("formats-v*.xml"), key=lambda p: (len(p.name), p.name))
    containers = sorted(folder.glob("container-signature-*.xml"))
    if not formats or not containers:
        missing = "formats-v*.xml" if not formats else "container-signature-*.xml"
        raise SignatureFilesMissing(place=str(folder), reason=missing)
    extensions = folder / "format_extensions.xml"
    return SignatureFiles(
        version=formats[-1].stem.removeprefix("formats-v"),
        formats=formats[-1],
        container=containers[-1],
        extensions=extensions if extensions.is_file() else None,
    )
