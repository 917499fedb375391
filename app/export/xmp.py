"""The metadata of a PDF: a packet of XMP, which every reader of PDF finds without knowing the rest of the file."""

from __future__ import annotations

from html import escape

from app.export.svg import NAMESPACE

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(title: str, software: str, recipe: str) -> str:
    """A packet with the title, the program and the recipe, which is JSON."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' xmlns:geomodel="{NAMESPACE}">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title, quote=False)}</rdf:li></rdf:Alt></dc:title>'
        f"<xmp:CreatorTool>{escape(software, quote=False)}</xmp:CreatorTool>"
        f"<geomodel:recipe>{escape(recipe, quote=False)}</geomodel:recipe>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    )
