"""The XMP packet: what people and other programs read about a file, with the recipe among it.

Fields about AI are those of IPTC Photo Metadata 2025.1. XMP is ISO 16684-1.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

__all__ = ["merged", "recipe_text"]

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
META = "{adobe:ns:meta/}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
LAB = "{urn:character-media-lab:provenance:1#}"
RECIPE = f"{LAB}recipe"

PREFIXES = {"x": META, "rdf": RDF, "Iptc4xmpExt": IPTC, "lab": LAB}

AI_FIELDS = {
    "system": f"{IPTC}AISystemUsed",
    "version": f"{IPTC}AISystemVersionUsed",
    "prompt": f"{IPTC}AIPromptInformation",
    "prompt_writer": f"{IPTC}AIPromptWriterName",
    "source_type": f"{IPTC}DigitalSourceType",
}
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
END = '\n<?xpacket end="w"?>'
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def merged(packet: bytes | None, recipe: str, ai: Mapping[str, Any]) -> bytes:
    """A packet that says what the old one said, and the recipe (ASCII JSON) and the AI fields instead of older ones.

    A packet that is no XMP is left out.
    """
    root = _parsed(packet)
    if root is None:
        root = ET.Element(f"{META}xmpmeta")
        ET.SubElement(root, f"{RDF}RDF")
    told = {RECIPE: recipe} | _ai_fields(ai)
    _forget(root, {RECIPE, *AI_FIELDS.values()} if len(told) > 1 else {RECIPE})
    description = ET.SubElement(_rdf(root), f"{RDF}Description", {f"{RDF}about": ""})
    for name, text in told.items():
        ET.SubElement(description, name).text = text
    for prefix, space in PREFIXES.items():
        ET.register_namespace(prefix, space.strip("{}"))
    return (BEGIN + ET.tostring(root, encoding="unicode") + END).encode()


def recipe_text(packet: bytes | None) -> str | None:
    """The recipe in a packet, as JSON text, or None."""
    root = _parsed(packet)
    found = None if root is None else next(root.iter(RECIPE), None)
    return None if found is None else found.text


def _ai_fields(ai: Mapping[str, Any]) -> dict[str, str]:
    given = {key: ai[key] for key in AI_FIELDS if isinstance(ai.get(key), str) and ai[key]}
    if "source_type" in given and not given["source_type"].startswith("http"):
        given["source_type"] = SOURCE_TYPES + given["source_type"]
    return {AI_FIELDS[key]: NOT_XML.sub("\ufffd", text) for key, text in given.items()}


def _forget(root: ET.Element, names: set[str]) -> None:
    rdf = _rdf(root)
    for description in rdf.findall(f"{RDF}Description"):
        for child in [child for child in description if child.tag in names]:
            description.remove(child)
        for name in names & description.attrib.keys():
            del description.attrib[name]
        if not len(description) and description.keys() == [f"{RDF}about"]:
            rdf.remove(description)


def _parsed(packet: bytes | None) -> ET.Element | None:
    """The packet's tree if it is XMP. One that defines entities is not: XMP has none, attacks do."""
    if packet is None or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return None
    try:
        root = ET.fromstring(packet.strip(b"\0 \r\n\t"))
        ET.tostring(root)  # nested too deeply to be written again?
    except (ET.ParseError, RecursionError, ValueError, LookupError):
        return None
    return root if _rdf(root) is not None else None


def _rdf(root: ET.Element) -> Any:
    return root if root.tag == f"{RDF}RDF" else root.find(f"{RDF}RDF")
