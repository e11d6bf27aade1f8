"""The honest label of a coloured photo, joined with what its XMP already says.

XMP (ISO 16684-1) is RDF in XML. What the family and the scanner wrote stays; only what is no longer true of the
pixels goes. A packet may be hostile: no DTD and so no entity is read, and its size, depth and elements are bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.dom import minidom
from xml.parsers import expat

ALGORITHMICALLY_ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC NewsCodes: altered by an algorithm that is not generative. All that is seen is the photo's; colour was added."""
MOST_BYTES = 16_000_000

_MOST_ELEMENTS = 50_000
_DEEPEST = 100
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_XMPMM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_NOTE = "http://ns.adobe.com/xmp/note/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_PREFIXES = {_RDF: "rdf", _XMP: "xmp", _XMPMM: "xmpMM", _EVENT: "stEvt", _NOTE: "xmpNote", _IPTC: "Iptc4xmpExt"}
_REPLACED = {(_IPTC, "DigitalSourceType"), (_XMP, "CreatorTool")}
"""Written anew; what was there is told in the history."""
_UNTRUE = {
    (_IPTC, "AISystemUsed"),
    (_IPTC, "AISystemVersionUsed"),
    (_NOTE, "HasExtendedXMP"),
    (_XMP, "Thumbnails"),
    ("http://ns.adobe.com/tiff/1.0/", "Orientation"),
    ("http://ns.adobe.com/exif/1.0/", "ColorSpace"),
    ("http://ns.adobe.com/photoshop/1.0/", "ICCProfile"),
}
_BY_MODEL = "Colours added by a trained model; they are a guess."
_BY_HAND = "Colours added by a program, from marks or a photo that it was given; they are a guess."
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'.encode()
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END = '\n<?xpacket end="w"?>'


@dataclass(frozen=True)
class Label:
    """What made the colours."""

    software: str
    """With its version: "Heirloom 0.1.0"."""
    model: str
    """Its name: "lite"."""
    sha256: str
    """Of the weights, in hex; empty where it has none."""
    notes: tuple[str, ...] = ()
    """What people said of the colours that they gave."""


def labelled(xmp: bytes | None, label: Label, extension: bytes | None = None) -> bytes:
    """A photo's own XMP with the label.

    Args:
        xmp: the packet as it stood in the file.
        label: what to say.
        extension: the photo's extended XMP, where it has some (JPEG).

    Returns:
        A whole packet in UTF-8. XMP that cannot be read is left out, and the history says so.
    """
    own = _parsed(xmp) if xmp else None
    further = _parsed(extension) if extension else None
    remarks = [_BY_MODEL if label.sha256 else _BY_HAND]
    remarks += [f"People who knew gave some of them: {'; '.join(label.notes)}."] if label.notes else []
    if (xmp and not own) or (extension and not further):
        remarks.append("XMP that could not be read was left out: it stands in the original.")
    rdf = _rdf(own or _read(_EMPTY))
    if further:
        for node in list(_rdf(further).childNodes):
            rdf.appendChild(node)
    for name, value in _without_untrue(rdf):
        remarks.append(f"Before, {name} was: {value}")
    _say(rdf, label, " ".join(remarks))
    return _packet(rdf)


def halves(packet: bytes, label: Label) -> tuple[bytes, bytes, str]:
    """A packet of `labelled` in two, for a file that holds no long ones.

    Returns:
        The packet with the label, which names the other; all else, as extended XMP; that one's name, its MD5.
    """
    rest = _rdf(_read(packet))
    for _ in _without_untrue(rest):
        pass
    extension = _bare(rest)
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    rdf = _rdf(_read(_EMPTY))
    _say(rdf, label).setAttributeNS(_NOTE, "xmpNote:HasExtendedXMP", guid)
    return _packet(rdf), extension, guid


def _parsed(xmp: bytes) -> minidom.Document | None:
    """The packet as a tree; None where it is not XMP, or asks for more than XMP needs."""
    try:
        document = _read(xmp.strip(b"\x00 \t\r\n"))
        _rdf(document)
    except (expat.ExpatError, ValueError, LookupError):
        return None
    return document


def _read(xmp: bytes) -> minidom.Document:
    if len(xmp) > MOST_BYTES:
        raise ValueError("more bytes than XMP needs")
    count = depth = 0

    def start(_name: str, attributes: dict[str, str]) -> None:
        nonlocal count, depth
        depth += 1
        count += 1 + len(attributes)
        if depth > _DEEPEST or count > _MOST_ELEMENTS:
            raise ValueError("more elements than XMP needs")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise ValueError("XMP has no DTD")

    scout = expat.ParserCreate(namespace_separator=" ")
    scout.StartElementHandler = start
    scout.EndElementHandler = end
    scout.StartDoctypeDeclHandler = refuse
    scout.Parse(xmp, True)
    return minidom.parseString(xmp)  # noqa: S318 - there is no DTD in it


def _rdf(document: minidom.Document) -> minidom.Element:
    found = document.getElementsByTagNameNS(_RDF, "RDF")
    if not found:
        raise ValueError("no RDF in it")
    return found[0]


def _children(parent: minidom.Element, space: str, name: str) -> list[minidom.Element]:
    return [
        node
        for node in parent.childNodes
        if isinstance(node, minidom.Element) and (node.namespaceURI, node.localName) == (space, name)
    ]


def _without_untrue(rdf: minidom.Element) -> Iterator[tuple[str, str]]:
    """Take off what is no longer true; gives the values that our own replace."""
    for description in _children(rdf, _RDF, "Description"):
        for space, name in sorted(_REPLACED | _UNTRUE):
            values = [description.getAttributeNS(space, name)]
            if description.hasAttributeNS(space, name):
                description.removeAttributeNS(space, name)
            for child in _children(description, space, name):
                values.append("".join(_texts(child)))
                description.removeChild(child)
            if (space, name) in _REPLACED:
                yield from ((name, value.strip()[:500]) for value in values if value.strip())


def _texts(node: minidom.Node) -> Iterator[str]:
    for child in node.childNodes:
        if isinstance(child, minidom.Text):
            yield child.data
        else:
            yield from _texts(child)


def _say(rdf: minidom.Element, label: Label, remark: str = "") -> minidom.Element:
    """Add the label in a description of its own."""
    others = _children(rdf, _RDF, "Description")
    ours = _child(rdf, _RDF, "Description")
    ours.setAttributeNS(_RDF, "rdf:about", others[0].getAttributeNS(_RDF, "about") if others else "")
    for space, prefix in _PREFIXES.items():
        ours.setAttributeNS(_XMLNS, f"xmlns:{prefix}", space)
    ours.setAttributeNS(_IPTC, "Iptc4xmpExt:DigitalSourceType", ALGORITHMICALLY_ENHANCED)
    ours.setAttributeNS(_IPTC, "Iptc4xmpExt:AISystemUsed", f"Heirloom, {label.model}")
    if label.sha256:
        ours.setAttributeNS(_IPTC, "Iptc4xmpExt:AISystemVersionUsed", f"sha256:{label.sha256}")
    ours.setAttributeNS(_XMP, "xmp:CreatorTool", label.software)
    if remark:
        _remember(ours, others, label, remark)
    return ours


def _remember(ours: minidom.Element, others: list[minidom.Element], label: Label, remark: str) -> None:
    """One more event in the history, which may be there already."""
    histories = [history for other in others for history in _children(other, _XMPMM, "History")]
    events = [events for history in histories for events in _children(history, _RDF, "Seq")]
    events = events or [_child(_child(ours, _XMPMM, "History"), _RDF, "Seq")]
    event = _child(events[0], _RDF, "li")
    event.setAttributeNS(_XMLNS, "xmlns:rdf", _RDF)
    event.setAttributeNS(_XMLNS, "xmlns:stEvt", _EVENT)
    event.setAttributeNS(_RDF, "rdf:parseType", "Resource")
    said = {
        "action": "edited",
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "softwareAgent": label.software,
        "parameters": remark,
    }
    for name, value in said.items():
        _child(event, _EVENT, name).appendChild(_document(event).createTextNode(value))


def _child(parent: minidom.Element, space: str, name: str) -> minidom.Element:
    child = _document(parent).createElementNS(space, f"{_PREFIXES[space]}:{name}")
    parent.appendChild(child)
    return child


def _document(element: minidom.Element) -> minidom.Document:
    assert element.ownerDocument  # noqa: S101 - all of ours belong to one
    return element.ownerDocument


def _packet(rdf: minidom.Element) -> bytes:
    return _BEGIN.encode() + _bare(rdf) + _END.encode()


def _bare(rdf: minidom.Element) -> bytes:
    return "".join(_written(_document(rdf).documentElement or rdf)).encode("utf-8", "replace")


def _written(node: minidom.Node) -> Iterator[str]:
    """As XML. Not minidom's own: that loses the line breaks of attributes."""
    if isinstance(node, minidom.Element):
        yield f"<{node.tagName}"
        for name, value in node.attributes.items():
            yield f' {name}="{_escaped(value)}"'
        yield ">"
        for child in node.childNodes:
            yield from _written(child)
        yield f"</{node.tagName}>"
    elif isinstance(node, minidom.Text):
        yield _escaped(node.data, keep="\n\t")


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


def _escaped(text: str, keep: str = "") -> str:
    return "".join(sign if sign in keep else _ESCAPES.get(sign, sign) for sign in text)
