"""The machine that carries out pickles: every value of every protocol, and nothing else."""

from __future__ import annotations

import io
import math
import os
import pickle
import pickletools
import struct
import sys
import tracemalloc
from argparse import Namespace
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from geomodel.inert import machine
from geomodel.inert.arrays import array
from geomodel.inert.machine import Machine
from geomodel.inert.operands import Budget
from geomodel.inert.values import ArrayRecord, InertFault, Instance, Span, UnknownName

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PLAIN = {
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**70, -(2**70), True, False, None],
    "fractions": (0.0, -1.5, 1e300, math.inf, 1e-320),
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "texts": ["", "σ = 0.5", "a\nb\\", "x" * 300, "y" * 70_000, "\ud800"],
    7: {-1: {}, 2**40: [[[[]]]]},
}


def run(content: bytes, *, steps: int = 100_000, text: int = 2**20, **sources: Any) -> Any:
    return Machine(io.BytesIO(content), len(content), Budget(steps, text), **sources).run()


def refused(content: bytes, sentence: str, **limits: Any) -> None:
    """Check that a pickle is refused in little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(InertFault, match=sentence) as caught:
            run(content, **limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_are_what_they_were(protocol):
    assert run(pickle.dumps(PLAIN, protocol)) == PLAIN
    for written in (pickle.dumps(PLAIN, protocol), pickle._dumps(PLAIN, protocol)):  # in C and in Python
        assert run(written) == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sets_are_lists_and_ordered_tables_are_tables(protocol):
    assert run(pickle.dumps({"a": {3}, "b": set()}, protocol)) == {"a": [3], "b": []}
    assert run(pickle.dumps(OrderedDict(b=1, a=OrderedDict()), protocol)) == {"b": 1, "a": {}}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_namespace_is_a_record(protocol):
    found = run(pickle.dumps(Namespace(path_type="Linear", values=[1, 2]), protocol))
    assert isinstance(found, Instance)
    assert (found.kind, found.state) == ("argparse.Namespace", {"path_type": "Linear", "values": [1, 2]})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [np.float64(-0.75), np.float32(3), np.int64(-7), np.bool_(True), np.float16(0.5)])
def test_numbers_of_numpy_are_plain(protocol, value):
    found = run(pickle.dumps(value, protocol))
    assert found == value.item()
    assert type(found) is type(value.item())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "i8", "?"])
def test_arrays_of_numpy(protocol, dtype):
    values = (np.arange(12) % 2).astype(dtype).reshape(3, 4)
    for given in (values, np.asfortranarray(values), values[:0].reshape(1, 0)):
        content = pickle.dumps(given, protocol)
        record = run(content)
        assert isinstance(record, ArrayRecord)
        if given.size == 0:
            with pytest.raises(InertFault, match="without a proper shape"):
                array(record, io.BytesIO(content))
            continue
        found = array(record, io.BytesIO(content))
        assert found.dtype == given.dtype
        np.testing.assert_array_equal(found, given)


def test_long_byte_strings_stay_in_the_file():
    long = bytes(range(256)) * 1000
    for value in (long, bytearray(long)):
        content = pickle.dumps(["before", value, "after"], 5)
        before, span, after = run(content)
        assert (before, after) == ("before", "after")
        assert isinstance(span, Span)
        assert content[span.place : span.place + span.length] == long
    assert run(pickle.dumps(b"\x00\xff", 4)) == "\x00\xff"


def test_python_2_mixes_texts_and_bytes():
    assert run(b"(S'a\\xff\\'b'\nU\x02\xfezT\x01\0\0\0qS\"it's\"\nl.") == ["a\xff'b", "\xfez", "q", "it's"]
    span = run(b"T\x65\0\0\0" + b"\xe9" * 101 + b".")
    assert (span.place, span.length) == (5, 101)
    assert run(b"(I01\nI00\nI12\nL-5L\nF2.5\nl.") == [True, False, 12, -5, 2.5]


# ------------------------------------------------------------------------------------------------ refusals

# What no plain value, array or tensor needs.
NOT_CARRIED_OUT = {
    "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "NEXT_BUFFER", "READONLY_BUFFER", "DUP", "POP",
    "POP_MARK", "FROZENSET", "LONG4", "STOP",
}  # fmt: skip


@pytest.mark.parametrize("code", pickletools.opcodes, ids=lambda code: code.name)
def test_every_instruction_is_known_or_refused(code):
    known = code.code.encode("latin-1") in machine._TABLE
    assert known == (code.name not in NOT_CARRIED_OUT)
    if not known and code.name != "STOP":
        refused(b"\x80\x04(N(" + code.code.encode("latin-1") + b"a\nb\n" + bytes(8), f"the instruction {code.name}, ")


@pytest.mark.parametrize("byte", range(256))
def test_a_stream_of_any_one_instruction_ends(byte):
    for start in (
        b"",
        b"(",
        b"N",
        b"()",
        b"]",
        b"}",
        b"(((",
        b"K\x01K\x02",
        b"\x8c\x01a\x8c\x01b",
        b"ccollections\nOrderedDict\n",
    ):
        for rest in (b"", bytes([byte]) * 300, b"\n" * 300, b"\xff" * 300):
            try:
                run(start + bytes([byte]) + rest + b".")
            except InertFault:
                continue


class Evil:
    """Is pickled in the way that one of Python's protocols for objects has."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def payloads(mark):
    name = f"touch {mark}".encode()
    short = bytes([len(name)]) + name
    yield from (
        pickle.dumps(value, protocol)
        for protocol in PROTOCOLS
        for value in (
            Evil(os.system, (f"touch {mark}",)),
            Evil(eval, (f"open({str(mark)!r}, 'w')",)),
            Evil(np.save, (str(mark), 1)),
            Evil(np.memmap, (str(mark), "u1", "w+", 0, (4,))),
            Evil(getattr, ("os", "system")),
            Evil(OrderedDict, (), {"a": 1}, None, iter([("k", Evil(os.mkdir, (str(mark),)))])),
            {"ema": [Evil(os.mkdir, (str(mark),))]},
        )
    )
    yield b"(S'" + name + b"'\nios\nsystem\n."  # INST
    yield b"(cos\nsystem\nS'" + name + b"'\no."  # OBJ
    yield b"\x80\x02cos\nsystem\n(U" + short + b"t\x81."  # NEWOBJ
    yield b"\x80\x04cos\nsystem\n(U" + short + b"t}\x92."  # NEWOBJ_EX
    yield b"\x80\x04\x8c\x02os\x8c\x06system\x93(U" + short + b"tR."  # STACK_GLOBAL
    yield b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93)R."  # a dotted name
    yield b"\x80\x02\x82\x01."  # EXT1
    yield b"Pos.system\n."  # PERSID
    yield b"\x80\x02U" + short + b"Q."  # BINPERSID
    yield b"\x80\x02cargparse\nNamespace\n)\x81cos\nsystem\nb."  # BUILD
    yield b"\x80\x02ctorch.storage\n_load_from_bytes\nU" + short + b"\x85R."
    yield b"\x80\x02ctorch\nload\n)R."
    yield b"\x80\x02cnumpy.testing\nrunstring\n)R."


def test_nothing_in_a_pickle_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "executed"
    for content in payloads(mark):
        refused(content, "which was not run|uses the instruction|plain values do not need|not in it|are damaged")
    assert list(tmp_path.iterdir()) == []


def test_no_class_is_imported(tmp_path, monkeypatch):
    (tmp_path / "acts_when_imported.py").write_text("open('executed', 'w')\nclass Net: pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownName, match=r"asks for 'acts_when_imported\.Net', which was not run"):
        run(b"\x80\x02cacts_when_imported\nNet\n)\x81.")
    assert "acts_when_imported" not in sys.modules
    assert not (tmp_path / "executed").exists()


def test_a_name_alone_is_no_value():
    for content in (b"\x80\x02cnumpy\nndarray\n.", b"\x80\x02ccollections\nOrderedDict\n\x85."):
        refused(content, "where a value is expected")


def shared_pairs(depth):
    """Pairs of the same pair, whose hash takes 2**depth steps."""
    return b"\x80\x04(t\x94h\x00\x86" + b"".join(b"\x94h" + bytes([n]) + b"\x86" for n in range(1, depth))


BOMBS = {
    "hash of shared pairs": (b"\x80\x04}" + shared_pairs(99)[2:] + b"K\x01s.", "keys are neither texts nor whole"),
    "hash of a deep key": (
        b"\x80\x04}" + b"(" * 20_000 + b"t" * 20_000 + b"K\x01s.",
        "keys are neither texts nor whole",
    ),
    "hash of a name": (shared_pairs(99) + b"\x8c\x01x\x93.", "instructions are damaged"),
    "deep tuples": (b"(" * 20_000 + b"t" * 20_000 + b".", "nested more than 200 deep"),
    "deep lists": (b"]" * 20_000 + b"a" * 19_999 + b".", "nested more than 200 deep"),
    "deep tables": (b"}" + b"K\x00}" * 20_000 + b"s" * 20_000 + b".", "nested more than 200 deep"),
    "deep records": (
        b"cargparse\nNamespace\nq\x00)\x81" + b"}K\x00h\x00)\x81" * 300 + b"sb" * 300 + b".",
        "nested more than 200 deep",
    ),
    "deep, and short ways to every part": (
        b"](" + b"]\x94" + b"".join(b"]\x94j" + struct.pack("<I", n) + b"a" for n in range(300)) + b"e.",
        "nested more than 200 deep",
    ),
    "a list in itself": (b"]q\x00h\x00a.", "contains itself"),
    "a table in its list": (b"}q\x00K\x01](h\x00es.", "contains itself"),
    "a list of itself, twice removed": (b"]q\x00]h\x00aa.", "contains itself"),
    "steps": (b"N" * 200_000 + b".", "takes more than 100,000 steps"),
    "marks": (b"(" * 200_000 + b".", "takes more than 100,000 steps"),
    "text": (b"(" + (b"X\x00\x00\x01\x00" + b"a" * 65536) * 17 + b"l.", "more than 1,048,576 bytes of text"),
    "old text": (b"(" + (b"V" + b"a" * 65536 + b"\n") * 17 + b"l.", "more than 1,048,576 bytes of text"),
    "a long line": (b"S'" + b"a" * 2**21 + b"'\n.", "more than 1,048,576 bytes of text"),
    "a long number": (b"L" + b"9" * 2**20 + b"L\n.", "cut off"),
    "a long name": (b"c" + b"a" * 2**20 + b"\nb\n.", "cut off"),
    "a long memo": (b"Np" + b"9" * 2**20 + b"\n.", "cut off"),
    "calls that copy": (b"](K\x01K\x02l\x94ccollections\nOrderedDict\n\x94h\x01h\x00\x85R.", "are damaged"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_bombs(case):
    refused(*BOMBS[case])


def test_a_large_part_that_is_used_often_is_looked_at_once():
    content = b"](" + b"](" + b"]" * 20_000 + b"e\x94" + b"h\x00" * 20_000 + b"e."
    assert len(run(content)) == 20_001  # 400 million looks otherwise


def test_a_memo_may_have_any_numbers():
    assert run(b"\x80\x02K\x05r\xff\xff\xff\xff0"[:-1] + b"j\xff\xff\xff\xff\x86.") == (5, 5)
    refused(b"\x80\x02j\xff\xff\xff\xff.", "instructions are damaged")


@pytest.mark.parametrize("code", [b"T", b"B", b"X"])
@pytest.mark.parametrize("length", [9, 2**20, 2**31 - 1, 2**32 - 1])
def test_lengths_of_four_bytes_that_lie(code, length):
    refused(code + struct.pack("<I", length) + b"12345678", "cut off")


@pytest.mark.parametrize("code", [b"\x8d", b"\x8e", b"\x96"])
@pytest.mark.parametrize("length", [9, 2**31, 2**62, 2**63, 2**64 - 1])
def test_lengths_of_eight_bytes_that_lie(code, length):
    refused(code + struct.pack("<Q", length) + b"12345678", "cut off")


def test_a_pickle_that_is_cut_anywhere_is_refused():
    for protocol in PROTOCOLS:
        content = pickle.dumps({"a": [1, 2.5, (None, "σ")], 3: np.float64(1), "b": b"x" * 200}, protocol)
        assert run(content)
        for length in range(len(content)):
            refused(content[:length], "cut off|are damaged")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x80\x02R.", "are damaged"),
        (b"\x80\x02}u.", "are damaged"),
        (b"\x80\x02]s.", "are damaged"),
        (b"\x80\x02}a.", "are damaged"),
        (b"\x80\x02K\x01\x86.", "are damaged"),
        (b"\x80\x02(K\x01\x86.", "are damaged"),
        (b"\x80\x02}(K\x01u.", "are damaged"),
        (b"\x80\x02]}b.", "cannot be filled in"),
        (b"\x80\x02cargparse\nNamespace\n)\x81]b.", "are damaged"),
        (b"\x80\x02cargparse\nNamespace\nK\x01\x85\x81.", "makes an object of argparse.Namespace"),
        (b"\x80\x02cargparse\nNamespace\n)R.", "calls argparse.Namespace"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "makes an object of collections.OrderedDict"),
        (b"\x80\x02}G\x3f\xf0\0\0\0\0\0\0K\x01s.", "keys are neither"),
        (b"\x80\x02}\x88K\x01s.", "keys are neither"),
        (b"\x80\x02}NK\x01s.", "keys are neither"),
        (b"\x80\x02}ctorch\nSize\nK\x01s.", "keys are neither"),
        (b"\x80\x02\xff.", "are damaged"),
        (b"", "cut off"),
        (b"Ixyz\n.", "are damaged"),
        (b"Fnumber\n.", "are damaged"),
        (b"Sno quotes\n.", "cut off, or"),
        (b"X\x02\0\0\0\xff\xff.", "are damaged"),
        (b"c\xff\xff\nb\n.", "are damaged"),
        (b"\x80\x02cnumpy\ndtype\nU\x02O8\x85R.", "are damaged"),
        (b"\x80\x02c_codecs\nencode\nU\x01xU\x03zip\x86R.", "another way than byte strings"),
    ],
)
def test_damaged_pickles(content, sentence):
    refused(content, sentence)


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (np.array([{}, 1], object), "another type than numbers"),
        (np.array(["a"]), "another type than numbers"),
        (np.zeros(3, ">f8"), "another order"),
        (np.zeros(3, "c16"), "another type than numbers"),
        (np.zeros(3, "M8[s]"), "another type than numbers"),
    ],
)
def test_arrays_that_are_not_read(record, sentence):
    content = pickle.dumps(record, 4)
    with pytest.raises(InertFault, match=sentence):
        array(run(content), io.BytesIO(content))


def test_scalars_that_lie():
    good = pickle.dumps(np.float64(2.5), 2)
    assert run(good) == 2.5
    refused(good.replace(b"f8", b"f4"), "do not fit its type")
    refused(pickle.dumps(np.datetime64("2020"), 2), "another type than numbers|not run|plain values")
