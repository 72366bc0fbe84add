"""One broken object for every code that an object can be given (tables, read by tests).

Each case starts from the valid two-version object of ``kit.ocfl_objects`` and breaks one thing.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from kit import ocfl_breaking as b
from kit.ocfl_breaking import Break
from kit.ocfl_objects import Style, rewrite, write

LINKS = hasattr(os, "symlink") and hasattr(os, "mkfifo")


@dataclass(frozen=True)
class Case:
    """``code`` is found after ``break_it`` was applied to a valid object."""

    code: str
    name: str
    break_it: Break

    @property
    def id(self) -> str:
        """The test's name."""
        return f"{self.code}-{self.name}"


OBJECT_CASES: tuple[Case, ...] = (
    Case("E001", "a stray file", b.add("notes.txt")),
    Case("E001", "a stray folder", b.add("lost+found/x")),
    Case("E001", "a file named like a version", b.add("v3")),
    Case("E001", "a file named logs", b.add("logs")),
    Case("E002", "a folder as declaration", b.declaration_folder),
    Case("E003", "no declaration", b.remove("0=ocfl_object_1.1")),
    Case("E003", "two declarations", b.second_declaration),
    Case("E004", "no tag", b.rename("0=ocfl_object_1.1", "0_ocfl_object_1.1")),
    Case("E005", "another tag", b.rename("0=ocfl_object_1.1", "1=ocfl_object_1.1")),
    Case("E006", "an unknown version", b.rename("0=ocfl_object_1.1", "0=ocfl_object_9.9")),
    Case("E006", "another word", b.rename("0=ocfl_object_1.1", "0=bagit_1.0")),
    Case("E006", "no word", b.rename("0=ocfl_object_1.1", "0=1.1")),
    Case("E007", "a line of two million letters", b.add("0=ocfl_object_1.1", b"o" * 2_000_000)),
    Case("E007", "another line", b.add("0=ocfl_object_1.1", b"ocfl_object_1.0\n")),
    Case("E007", "no line end", b.add("0=ocfl_object_1.1", b"ocfl_object_1.1")),
    Case("E008", "no versions", b.no_versions),
    Case("E009", "no first version", b.rename_version("v1", "v5")),
    Case("E010", "a version skipped", b.gap),
    Case("E011", "padding given up", b.in_turn(b.padded, b.rename_version("v02", "v20"))),
    Case("E012", "padding of two widths", b.in_turn(b.padded, b.rename_version("v02", "v002"))),
    Case("E012", "one version under two names", b.two_names_of_one_version),
    Case("E013", "padding begun late", b.rename_version("v2", "v02")),
    Case("E014", "a content path with padding", b.content_path("v01/content/data/a.txt")),
    Case("E015", "a file in a version folder", b.add("v1/readme.txt")),
    Case("E015", "a foreign digest file", b.add("v1/inventory.json.md5")),
    Case("E016", "no content directory on disk", b.no_content_directory),
    Case("E016", "a content path in the version itself", b.content_path("v1/a.txt")),
    Case("E016", "a content path that is the content directory", b.content_path("v1/content")),
    Case(
        "E016",
        "a content path outside of a declared directory",
        b.in_turn(b.again(Style(content_directory="stuff")), b.content_path("v1/content/x")),
    ),
    Case("E017", "a slash", b.put("contentDirectory", to="a/b")),
    Case("E018", "two periods", b.put("contentDirectory", to="..")),
    Case("E019", "set late", b.put("contentDirectory", to="content")),
    Case(
        "E020",
        "changed",
        b.in_turn(b.again(Style(content_directory="stuff")), b.drop("contentDirectory")),
    ),
    Case("E021", "another folder than content", b.content_path("v1/stuff/a.txt")),
    Case("E023", "an unlisted file", b.add("v1/content/data/extra.txt")),
    Case(
        "E023",
        "unlisted in the old inventory",
        b.changed(lambda inv: inv["manifest"].pop(b.any_digest(inv)), "v1"),
    ),
    Case("E024", "an empty folder", b.make_folder("v1/content/data/nothing")),
    Case("E025", "md5", b.put("digestAlgorithm", to="md5")),
    Case("E025", "a number", b.put("digestAlgorithm", to=512)),
    Case("E025", "a list", b.put("digestAlgorithm", to=[])),
    Case("E029", "a short sha1", b.fixity("sha1", {"abc": ["v1/content/empty"]})),
    Case("E030", "a long sha256", b.fixity("sha256", {"a" * 65: ["v1/content/empty"]})),
    Case(
        "E031",
        "a digest that is no digest",
        b.put("manifest", "nonsense", to=["v1/content/empty"]),
    ),
    Case(
        "E032", "a blake2b of letters", b.fixity("blake2b-512", {"g" * 128: ["v1/content/empty"]})
    ),
    Case("E033", "not JSON", lambda f: rewrite(f, b"{")),
    Case("E033", "a list", lambda f: rewrite(f, b"[]")),
    Case("E034", "a capital letter", b.rename("inventory.json", "Inventory.json")),
    Case("E035", "backslashes", b.content_path("v1\\content\\empty")),
    *(Case("E036", f"no {key}", b.drop(key)) for key in ("id", "type", "digestAlgorithm", "head")),
    Case("E037", "an empty id", b.put("id", to="")),
    Case("E037", "an id that is a number", b.put("id", to=7)),
    Case("E037", "another id before", b.changed(lambda inv: inv.update(id="urn:other"), "v1")),
    Case("E038", "an unknown type", b.put("type", to="https://ocfl.io/9.9/spec/#inventory")),
    Case(
        "E038",
        "another type than declared",
        b.put("type", to="https://ocfl.io/1.0/spec/#inventory"),
    ),
    Case("E038", "a type that is a list", b.put("type", to=[])),
    Case("E039", "a sha256 in a sha512 manifest", b.changed(b.mixed_algorithms)),
    Case("E040", "an old head", b.changed(lambda inv: inv.update(head="v1"), "")),
    Case("E040", "a head that is a list", b.put("head", to=["v2"])),
    Case(
        "E040",
        "an old inventory of another version",
        lambda f: b.void(shutil.copytree(f / "v2", f / "v1", dirs_exist_ok=True)),
    ),
    Case("E041", "no manifest", b.drop("manifest")),
    Case("E041", "no versions", b.drop("versions")),
    Case("E042", "a content path outside of the versions", b.content_path("logs/x")),
    Case("E042", "a content path of a version there is not", b.content_path("v9/content/x")),
    Case("E042", "a content path without folders", b.content_path("x")),
    Case("E042", "a content path of both slashes", b.content_path("v9\\x/content")),
    Case("E043", "no versions", b.drop("versions")),
    Case("E045", "versions are a list", b.put("versions", to=[])),
    Case("E046", "a folder without entry", b.broken_off),
    Case("E046", "an entry without folder", lambda f: shutil.rmtree(f / "v2")),
    Case("E047", "a version that is a text", b.put("versions", "v2", to="v2")),
    Case("E048", "no created", b.drop("versions", "v2", "created")),
    Case("E048", "no state", b.drop("versions", "v2", "state")),
    *(
        Case("E049", f"created {value!r}", b.put("versions", "v2", "created", to=value))
        for value in (
            "2026-01-02",
            "2026-01-02T08:00:00",
            "2026-13-02T08:00:00Z",
            2026,
            "2026-02-30T08:00:00Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T08:00:00+24:00",
            "2026-01-02 08:00:00Z",
        )
    ),
    Case(
        "E050", "a state without manifest", b.put("versions", "v2", "state", to={"b" * 128: ["x"]})
    ),
    Case("E050", "a state that is a list", b.put("versions", "v2", "state", to=[])),
    Case(
        "E050",
        "paths that are a text",
        b.changed(lambda inv: inv["versions"]["v2"]["state"].update({b.any_digest(inv): "x"})),
    ),
    Case("E051", "a path that is a number", b.logical_path(5)),
    Case("E051", "an empty path", b.logical_path("")),
    Case("E052", "a path that climbs", b.logical_path("../../etc/passwd")),
    Case("E052", "an empty element", b.logical_path("a//b")),
    Case("E053", "an absolute path", b.logical_path("/etc/passwd")),
    Case("E053", "a path that ends in a slash", b.logical_path("a/")),
    Case("E054", "no name", b.put("versions", "v2", "user", to={"address": "mailto:a@b.vn"})),
    Case("E054", "a user that is a text", b.put("versions", "v2", "user", to="A")),
    Case("E054", "an address that is a number", b.put("versions", "v2", "user", "address", to=1)),
    Case("E054", "an empty name", b.put("versions", "v2", "user", "name", to="")),
    Case("E054", "a name that is a number", b.put("versions", "v2", "user", "name", to=5)),
    Case("E056", "an unknown algorithm", b.fixity("crc32", {"00000000": ["v1/content/empty"]})),
    Case("E057", "a block that is a list", b.fixity("md5", [])),
    Case("E057", "paths that are a text", b.fixity("md5", {"a" * 32: "v1/content/empty"})),
    Case(
        "E057", "a path that the manifest lacks", b.fixity("md5", {"a" * 32: ["v1/content/none"]})
    ),
    Case("E057", "a digest that is none", b.fixity("md5", {"xyz": ["v1/content/empty"]})),
    Case("E058", "no sidecar", b.remove("inventory.json.sha512")),
    Case("E058", "no sidecar in a version", b.remove("v1/inventory.json.sha512")),
    Case(
        "E058",
        "no sidecar of an inventory that cannot be read",
        b.in_turn(lambda f: rewrite(f, b"{"), b.remove("inventory.json.sha512")),
    ),
    Case("E059", "a sidecar of another algorithm", b.other_algorithm_sidecar),
    Case(
        "E060",
        "an altered inventory",
        lambda f: write(f / "inventory.json", (f / "inventory.json").read_bytes() + b"\n"),
    ),
    Case(
        "E060",
        "an altered old inventory",
        lambda f: write(f / "v1/inventory.json", (f / "v1/inventory.json").read_bytes() + b"\n"),
    ),
    *(
        Case("E061", f"sidecar {content!r}"[:60], b.sidecar(content))
        for content in (
            b"",
            b"a" * 128,
            b"a" * 128 + b" other.json\n",
            b"xyz inventory.json\n",
            b"\xff\xfe",
            b"a" * 128 + b" inventory.json\nmore\n",
            b"a" * 2_000_000,
        )
    ),
    Case("E063", "no inventory", b.remove("inventory.json")),
    Case(
        "E063",
        "a folder as inventory",
        b.in_turn(b.remove("inventory.json"), b.make_folder("inventory.json")),
    ),
    Case(
        "E058",
        "a folder as sidecar",
        b.in_turn(b.remove("inventory.json.sha512"), b.make_folder("inventory.json.sha512")),
    ),
    Case(
        "E064",
        "another inventory in the newest version",
        b.changed(lambda inv: inv["versions"]["v2"].update(message="x"), ""),
    ),
    Case("E066", "a rewritten first version", b.rewritten_first_state),
    Case(
        "E066",
        "an older inventory that knows more",
        b.changed(lambda inv: inv["versions"].update(v9=inv["versions"]["v1"]), "v1"),
    ),
    Case("E067", "a file in extensions", b.add("extensions/config.json")),
    Case("E082", "an object in an object", b.nested_object),
    Case("E092", "altered content", b.add("v1/content/data/a.txt", b"MOT")),
    Case("E092", "missing content", b.remove("v1/content/data/a.txt")),
    Case(
        "E092",
        "paths that are a text",
        b.changed(lambda inv: inv["manifest"].update({b.any_digest(inv): "v1/content/METS.xml"})),
    ),
    Case("E093", "a wrong fixity value", b.fixity("md5", {"a" * 32: ["v1/content/empty"]})),
    Case("E093", "a wrong size", b.fixity("size", {"1": ["v1/content/empty"]})),
    Case(
        "E093",
        "a wrong fixity value of an older inventory",
        b.changed(lambda inv: inv["fixity"].update(sha1={"a" * 40: ["v1/content/empty"]}), "v1"),
    ),
    Case("E094", "a message that is a number", b.put("versions", "v2", "message", to=1)),
    Case("E095", "a path twice", b.logical_path("data/a.txt")),
    Case("E095", "a file that is a folder", b.logical_path("data")),
    Case("E096", "a digest in two cases", b.changed(b.swap_digest_case)),
    Case("E097", "a fixity digest in two cases", b.changed(b.swap_fixity_case)),
    Case("E098", "a content path that is null", b.content_path(None)),
    Case("E099", "a content path that climbs", b.content_path("v1/content/../../../etc/passwd")),
    Case("E099", "a fixity path that climbs", b.fixity("md5", {"a" * 32: ["v1/content/../x"]})),
    Case("E100", "an absolute content path", b.content_path("/etc/passwd")),
    Case("E101", "a content path twice", b.content_path("v1/content/empty")),
    Case("E101", "a content path below a file", b.content_path("v1/content/empty/x")),
    Case("E102", "an unknown key", b.put("comment", to="x")),
    Case("E102", "an unknown key of a version", b.put("versions", "v2", "notes", to="x")),
    Case("E102", "an unknown key of a user", b.put("versions", "v2", "user", "phone", to="x")),
    Case("E103", "an older specification later", b.older_specification),
    Case("E104", "a version without v", b.changed(b.rename_key("v2", "2"))),
    Case("E105", "version zero", b.changed(b.rename_key("v2", "v0"))),
    Case("E105", "version minus one", b.changed(b.rename_key("v2", "v-1"))),
    Case(
        "E105",
        "a version of ten thousand digits",
        b.changed(b.rename_key("v2", "v" + "9" * 10_000)),
    ),
    Case("E106", "a manifest that is a list", b.put("manifest", to=[])),
    Case("E107", "an unused digest", b.put("manifest", "c" * 128, to=[])),
    Case("E108", "an empty contentDirectory", b.put("contentDirectory", to="")),
    Case("E108", "a contentDirectory that is a number", b.put("contentDirectory", to=1)),
    Case("E110", "another id before", b.changed(lambda inv: inv.update(id="urn:other"), "v1")),
    Case("E111", "a fixity block that is a text", b.put("fixity", to="none")),
    Case("W001", "padding", b.padded),
    Case("W002", "a folder in a version folder", b.add("v1/thumbnails/x")),
    Case("W003", "an empty content directory", b.empty_content_directory),
    Case("W004", "sha256", b.again(Style(algorithm="sha256"))),
    Case("W005", "an id with spaces", b.again(Style(identifier="hồ sơ 1"))),
    Case("W007", "no message", b.drop("versions", "v2", "message")),
    Case("W007", "no user", b.drop("versions", "v2", "user")),
    Case("W008", "no address", b.drop("versions", "v2", "user", "address")),
    Case(
        "W009",
        "an address that is no URI",
        b.put("versions", "v2", "user", "address", to="12 Phố Huế"),
    ),
    Case("W010", "no version inventories", b.again(Style(version_inventories=False))),
    Case("W011", "another message before", b.changed_note),
    Case("W013", "an unregistered extension", b.add("extensions/0099-ours/config.json")),
    Case("KHO-DUPLICATE-KEY", "head twice", b.duplicate_key),
    Case("KHO-SIDECAR-CASE", "a sidecar in capitals", b.upper_sidecar),
    Case("KHO-CASE-COLLISION", "two logical paths", b.logical_path("DATA/A.txt")),
    Case("KHO-CASE-COLLISION", "đ and Đ", b.in_turn(b.logical_path("đơn"), b.logical_path("ĐƠN"))),
    Case(
        "KHO-FORM-COLLISION",
        "two logical paths",
        b.logical_path("Ho\u0302\u0300 so\u031b/To\u031b\u0300 tri\u0300nh.txt"),
    ),
    Case("KHO-NAME-TOO-LONG", "a long name", b.logical_path("ề" * 100 + ".pdf")),
    Case("KHO-NAME-TOO-LONG", "a long path", b.logical_path("thư mục/" * 500 + "x")),
    Case("KHO-CONTROL-CHARACTER", "NUL", b.logical_path("a\x00b")),
    Case("KHO-CONTROL-CHARACTER", "a line end", b.logical_path("a\nb")),
    Case("KHO-BACKSLASH", "a path that climbs on Windows", b.logical_path("..\\..\\x.exe")),
    Case("KHO-WINDOWS-NAME", "a device", b.logical_path("data/con.txt")),
    Case("KHO-WINDOWS-NAME", "a final dot", b.logical_path("data/x.")),
    Case("KHO-MORE", "two hundred strays", b.many_strays),
)

LINK_CASES: tuple[Case, ...] = (
    Case("E090", "a link to a file outside", b.link("/etc/hostname", "v1/content/data/a.txt")),
    Case("E090", "a link to a file inside", b.link("METS.xml", "v1/content/empty")),
    Case("E090", "a link to nothing", b.link("nowhere", "v1/content/data/link")),
    Case("E090", "a link as inventory", b.link("v2/inventory.json", "inventory.json")),
    Case("E090", "a link in a circle", b.link("..", "v1/content/data/up")),
    Case("E090", "a hard link", b.hard_link),
    Case("KHO-SPECIAL-FILE", "a pipe", b.pipe),
)
