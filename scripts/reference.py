"""Writes docs/reference/{settings,commands,commands.vi,exit-codes}.md from the program itself.

python scripts/reference.py           writes them
python scripts/reference.py --check   says what differs, and fails if anything does
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from kho.cli.app import root
from kho.cli.command import Command
from kho.cli.exits import PRECEDENCE, Exit
from kho.cli.session import Session
from kho.settings import FileSettings
from schemas.text import Language, say
from storage_backends.s3.options import S3Options
from storage_backends.sftp.options import SftpOptions

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
MADE = "<!-- Made by scripts/reference.py; change the program instead. -->\n\n"


def settings_page() -> str:
    """Every setting of kho.toml, with its type, its default and its meaning."""
    parts = [
        MADE,
        "# Settings\n\n",
        "An archive's settings are in one file, `kho.toml`, in the archive's folder; `kho init` "
        "writes it. An unknown setting is refused, and its nearest neighbour named. Secrets do "
        "not belong here: stores take them from the environment, a file or a profile.\n\n",
        "## Before the first table\n\n",
    ]
    rows = [
        row_of(FileSettings, field)
        for field in msgspec.structs.fields(FileSettings)
        if struct_in(field.type) is None and field.encode_name != "people"
    ]
    parts += [table_of(rows), "\n## `[people]`\n\n", meaning_of(FileSettings, "people"), "\n"]
    parts += ['\n```toml\n[people]\nnva = "Nguyễn Văn A"\n```\n']
    for name, kind, record in tables_in(FileSettings):
        header = f"[{name}]" if kind is record else f"[[{name}]]"
        about = inspect.getdoc(record) or ""
        about = about.partition(": ")[2] or about
        parts.append(f"\n## `{header}`\n\n{about[:1].upper()}{about[1:]}\n\n")
        fields = [f for f in msgspec.structs.fields(record) if struct_in(f.type) is None]
        parts.append(table_of([row_of(record, field) for field in fields]))
    for scheme, options in (("s3", S3Options), ("sftp", SftpOptions)):
        about = (inspect.getdoc(options) or "").replace("``", "`")
        parts.append(f"\n### `options` of `{scheme}:`\n\n{about}\n\n")
        parts.append(table_of(option_rows(options)))
    return "".join(parts)


def tables_in(
    record: type[msgspec.Struct], above: str = ""
) -> Iterator[tuple[str, Any, type[msgspec.Struct]]]:
    """(name, type, record) of every table of a record, and of the tables in them."""
    for field in msgspec.structs.fields(record):
        inner = struct_in(field.type)
        if inner is not None and field.encode_name != "people":
            yield f"{above}{field.encode_name}", field.type, inner
            yield from tables_in(inner, f"{above}{field.encode_name}.")


def option_rows(options: type[Any]) -> list[tuple[str, ...]]:
    """(option, type, default, meaning) of each option of a kind of store."""
    names = {str: "text", int: "number", bool: "true or false"}
    return [
        (
            f"`{field.name}`",
            names[type(field.default)],
            f"`{msgspec.json.encode(field.default).decode()}`",
            meaning_of(options, field.name),
        )
        for field in dataclasses.fields(options)
    ]


def struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The record that a table, or each table of an array, is read into."""
    for candidate in (kind, *getattr(kind, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def row_of(record: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    """(setting, type, default, meaning) of one field."""
    if field.required:
        default = "required"
    elif field.default is not msgspec.NODEFAULT and field.default is not None:
        default = f"`{msgspec.json.encode(field.default).decode()}`"
    else:
        default = "none"
    return f"`{field.encode_name}`", type_name(field.type), default, meaning_of(record, field.name)


def type_name(kind: Any) -> str:
    """The type as a person who writes TOML calls it."""
    return _called(msgspec.inspect.type_info(kind))


def _called(described: msgspec.inspect.Type) -> str:
    match described:
        case msgspec.inspect.LiteralType(values):
            return " or ".join(f"`{value}`" for value in values)
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=least):
            return "number" if least is None else f"number ≥ {least}"
        case msgspec.inspect.FloatType():
            return "number"
        case msgspec.inspect.DateType():
            return "date"
        case msgspec.inspect.UnionType(types=kinds):
            stated = [each for each in kinds if not isinstance(each, msgspec.inspect.NoneType)]
            return " or ".join(_called(each) for each in stated)
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.DictType():
            return "table"
        case msgspec.inspect.VarTupleType():
            return "list of texts"
    raise TypeError(f"no name for {described}")


def meaning_of(record: type[msgspec.Struct], name: str) -> str:
    """The docstring that stands under the field, wherever in the bases it is declared."""
    for base in record.__mro__:
        if base is msgspec.Struct:
            break
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for line, after in zip(body.body, body.body[1:], strict=False):
            match line, after:
                case (ast.AnnAssign(ast.Name(found)), ast.Expr(ast.Constant(str(text)))) if (
                    found == name
                ):
                    return " ".join(text.split())
    raise LookupError(f"{record.__name__}.{name} has no docstring")


def table_of(rows: list[tuple[str, ...]]) -> str:
    """A Markdown table of settings."""
    lines = ["| Setting | Type | Default | Meaning |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def commands_page(lang: Language) -> str:
    """The help of every command, and what ``--json`` prints."""
    session = Session(environment={}, here=Path("/"), chosen_language=lang)
    ctx = click.Context(root, info_name="kho", obj=session, max_content_width=80)
    parts = [MADE, f"# {say('CLI-COMMANDS', lang)}\n"]
    for found in walk(ctx):
        parts.append(f"\n## `{found.command_path}`\n\n```text\n{found.get_help()}\n```\n")
        printed = found.command.printed if isinstance(found.command, Command) else None
        if printed is not None:
            parts.append(f"\n`--json`:\n\n```text\n{shape(printed)}\n```\n")
    return "".join(parts)


def walk(ctx: click.Context) -> Iterator[click.Context]:
    """The context of the command and of every command below it."""
    yield ctx
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            below = ctx.command.get_command(ctx, name)
            assert below is not None
            yield from walk(click.Context(below, info_name=name, parent=ctx, max_content_width=80))


def shape(kind: Any, indent: str = "") -> str:
    """A record as the JSON it prints, types in place of values."""
    described = msgspec.inspect.type_info(kind) if isinstance(kind, type) else kind
    match described:
        case (
            msgspec.inspect.StructType(fields=fields)
            | msgspec.inspect.DataclassType(fields=fields)
        ):
            inner = indent + "  "
            lines = [f'{inner}"{f.encode_name}": {shape(f.type, inner)}' for f in fields]
            return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
        case msgspec.inspect.VarTupleType(item) | msgspec.inspect.ListType(item):
            return f"[{shape(item, indent)} …]"
        case msgspec.inspect.DictType(_, value):
            return "{" + f"text: {shape(value, indent)}" + " …}"
        case msgspec.inspect.UnionType(types):
            return " | ".join(shape(each, indent) for each in types)
        case msgspec.inspect.EnumType(cls):
            return " | ".join(f'"{member.value}"' for member in cls)
        case msgspec.inspect.LiteralType(values):
            return " | ".join(f'"{value}"' for value in values)
    names = {"Str": "text", "Int": "number", "Float": "number", "Bool": "true|false"}
    found = re.sub("Type$", "", type(described).__name__)
    return names.get(found, "null" if found == "None" else "anything")


def exit_codes_page() -> str:
    """Every exit code, in both languages."""
    lines = [
        MADE,
        "# Exit codes\n\n",
        "| Code | Meaning | Ý nghĩa |\n|---|---|---|\n",
        *(f"| {c.value} | {say(f'EXIT-{c}', 'en')} | {say(f'EXIT-{c}', 'vi')} |\n" for c in Exit),
        "\nA command that finished and found several of these ends with the first of ",
        ", ".join(str(code.value) for code in PRECEDENCE),
        ".\n",
    ]
    return "".join(lines)


def pages() -> dict[str, str]:
    """The text of each page by its name."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page("en"),
        "commands.vi.md": commands_page("vi"),
        "exit-codes.md": exit_codes_page(),
    }


def main() -> int:
    """1 when ``--check`` found a page that is not as the program says, else 0."""
    different = False
    for name, text in pages().items():
        path = REFERENCE / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif before != text:
            different = True
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), f"docs/reference/{name}", "program"
            )
            print("\n".join(lines))
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
