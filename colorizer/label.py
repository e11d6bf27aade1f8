"""The honest label of a coloured file: an XMP packet that says what made it."""

from html import escape

from .models import Coloring

ALGORITHMICALLY_ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="{source}"
 Iptc4xmpExt:AISystemUsed="{system}"
 Iptc4xmpExt:AISystemVersionUsed="{version}"
 xmp:CreatorTool="Heirloom"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def of(coloring: Coloring) -> bytes:
    """The packet for a file of ``coloring``: IPTC's digital source type, the software, the model and its hash."""
    model = coloring.model_version
    system, version = (f"Heirloom, {model.name}", f"sha256:{model.sha256}") if model else ("Heirloom", "")
    return _PACKET.format(source=ALGORITHMICALLY_ENHANCED, system=escape(system), version=escape(version)).encode()
