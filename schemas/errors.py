"""The root of every error Kho raises on purpose.

    KhoError
    ├── ConfigError       the operator's move: settings, credentials, mounts
    ├── StorageError      a store said no, or could not be asked   (storage_backends.interface)
    ├── RepositoryError   the archive's own state forbids the act  (repository)
    ├── CatalogueError    the catalogue cannot answer              (repository.catalogue)
    └── PackageError      a submission is unusable; becomes findings (schemas, ingest)

An error carries a *code* and *fields*; the text a person reads is made at the edge by
``schemas.text.say(code, lang, **fields)``. Children live beside their raiser.
"""

from __future__ import annotations

from typing import ClassVar


class KhoError(Exception):
    """Something Kho can name: ``code`` selects the text, ``fields`` fill it.

    ``exit_code`` is what the command line ends with (docs/reference/exit-codes.md).
    """

    code: ClassVar[str] = "KHO-INTERNAL"
    exit_code: ClassVar[int] = 1

    def __init__(self, **fields: object) -> None:
        super().__init__(self.code, fields)
        self.fields: dict[str, object] = fields

    def __str__(self) -> str:
        facts = " ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.code} {facts}".rstrip()


class ConfigError(KhoError):
    """The settings, a credential or a mount is wrong; nothing was done."""

    code = "CONFIG"
    exit_code = 2


class RepositoryError(KhoError):
    """The archive's state forbids what was asked."""

    code = "REPOSITORY"


class CatalogueError(KhoError):
    """The catalogue cannot answer."""

    code = "CATALOGUE"


class PackageError(KhoError):
    """A submission cannot be read; ingest turns it into a finding."""

    code = "PACKAGE"
