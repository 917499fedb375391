"""Byte products in each base, on every processor."""

from __future__ import annotations

from geomodel.denoisers.optimal import byte_codes, byte_products, byte_tables

BASES = (byte_products.WIDE, byte_products.NARROW)
NAMES = ("wide", "narrow")


def use(base, monkeypatch):
    """Make codes in this base. Where the processor lacks exact products in it, plain ones that round in the same way
    take their place.
    """
    monkeypatch.setattr(byte_codes, "base_of", lambda device: base)
    if not byte_products.packs(base):
        monkeypatch.setattr(byte_tables, "packs", lambda base: True)
        monkeypatch.setattr(byte_tables, "packed", lambda table, base: table)
        monkeypatch.setattr(byte_tables, "times", _times)


def _times(table, rows, base):
    return ((rows.double() - base.offset) @ table.double().T).float()
