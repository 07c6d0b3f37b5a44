"""`/// derivation | Title` as an extension of Python-Markdown: a section with a heading line."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_boolean


class DerivationBlock(Block):
    """The section that readers see; what stands in it is ordinary Markdown."""

    NAME = "derivation"
    ARGUMENT = None
    OPTIONS = {"continues": (False, type_boolean)}  # noqa: RUF012  (as the base class has it)

    def on_create(self, parent: ElementTree.Element) -> ElementTree.Element:
        section = ElementTree.SubElement(parent, "div", {"class": "bp-derivation"})
        if self.argument:
            title = ElementTree.SubElement(section, "p", {"class": "bp-derivation-title"})
            title.text = self.argument
        return section


class DerivationsExtension(BlocksExtension):
    def extendMarkdownBlocks(self, md: Any, block_mgr: Any) -> None:  # noqa: N802
        block_mgr.register(DerivationBlock, self.getConfigs())
