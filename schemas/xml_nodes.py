"""A small element of someone else's XML, once its end tag has gone by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """An element with its attributes, its own text and its children, by local names."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def get(self, attribute: str) -> str:
        """The attribute, ``""`` when absent."""
        return self.attributes.get(attribute, "")

    def all(self, name: str) -> list[Node]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, *path: str) -> Node:
        """The first descendant along the path; an empty node when there is none."""
        node = self
        for name in path:
            node = next(iter(node.all(name)), Node(name, {}))
        return node

    def said(self, *path: str) -> str:
        """The text of the first descendant along the path, stripped."""
        return self.first(*path).text.strip()
