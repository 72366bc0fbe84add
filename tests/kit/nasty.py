"""The 78 packages that archives dread, each made on the spot (tests/data/outcomes.toml)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.settings import IngestSettings
from kit.desk import write_files
from schemas.progress import NoProgress

SETTINGS = IngestSettings(workers=1)


@dataclass(frozen=True)
class Delivery:
    """One package to be received. ``before`` comes first, as another delivery; ``meanwhile`` is
    done once the first bytes were read."""

    source: Path
    before: Path | None = None
    settings: IngestSettings = SETTINGS
    meanwhile: Callable[[], object] | None = None


Make = Callable[[Path], Delivery]


@dataclass
class Meanwhile(NoProgress):
    """A progress that does something when the first bytes have passed."""

    deed: Callable[[], object] | None = None
    done: list[int] = field(default_factory=list)

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """Once."""
        if size_bytes and self.deed is not None and not self.done:
            self.done.append(1)
            self.deed()


def packed(content: bytes, name: str = "goi.zip") -> Make:
    """An archive."""

    def make(folder: Path) -> Delivery:
        (folder / name).write_bytes(content)
        return Delivery(folder / name)

    return make


def lazily(content: Callable[[], bytes], name: str = "goi.zip") -> Make:
    """An archive that is made only when it is wanted."""
    return lambda folder: packed(content(), name)(folder)  # noqa: PLW0108  made when wanted


def laid_out(files: dict[bytes, bytes], *, empty: tuple[str, ...] = ()) -> Make:
    """A folder of files, and folders with nothing in them."""

    def make(folder: Path) -> Delivery:
        source = write_files(folder / "ho-so", files)
        for name in empty:
            (source / name).mkdir(parents=True)
        return Delivery(source)

    return make


def bagged(files: dict[str, bytes]) -> Make:
    """A bag in a folder."""
    return laid_out({path.encode(): content for path, content in files.items()})


def with_settings(make: Make, **changes: object) -> Make:
    """The same, received under other settings."""

    def made(folder: Path) -> Delivery:
        settings = IngestSettings(**{"workers": 1, **changes})  # type: ignore[arg-type]
        return replace(make(folder), settings=settings)

    return made
