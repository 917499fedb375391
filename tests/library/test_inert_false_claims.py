"""Files of torch's and EDM's whose claims are false: each is refused with a clause, and nothing runs."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
import torch_files
from torch_files import KINDS, Call, Stored, claimed, entries, filled, legacy, pickled, saved, zipped

from geomodel.inert import contents, torch_zip
from geomodel.inert.values import InertFault

SIX = np.arange(6, dtype=np.float32).tobytes()
GOOD = entries({"w": claimed(Stored())}, {"0": SIX})


LAST = {name: content for name, content in GOOD.items() if name != "archive/data/0"} | {"archive/data/0": SIX}


def changed(name, content):
    return zipped({**GOOD, f"archive/{name}": content})


def twice(files):
    """An archive with the first file of another archive twice."""
    file = io.BytesIO(zipped(files))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data.pkl", pickled({"w": 1}))
    return file.getvalue()


FLAGS, PACKED, UNPACKED, PLACE = 8, 20, 24, 42  # where fields of four bytes lie in an entry of the list of files


def listed(content, fields):
    """The archive with other numbers in the entry for the tensor in its list of files."""
    changed = bytearray(content)
    entry = content.rindex(b"archive/data/0") - 46
    for place, value in fields.items():
        changed[entry + place : entry + place + 4] = value.to_bytes(4, "little")
    return bytes(changed)


TENSORS = {
    "stride 0": ({"shape": (2, 3), "stride": (0, 1)}, "uses the same numbers several times"),
    "stride 0 of 10¹²": ({"shape": (10**12,), "stride": (0,)}, "uses the same numbers several times"),
    "overlap": ({"shape": (2, 3), "stride": (2, 1)}, "uses the same numbers several times"),
    "turned overlap": ({"shape": (3, 2), "stride": (1, 2)}, "uses the same numbers several times"),
    "too long": ({"shape": (2, 4), "stride": (4, 1)}, "reaches outside its storage of 6 numbers"),
    "offset": ({"offset": 1}, "reaches outside"),
    "negative offset": ({"offset": -1}, "reaches outside"),
    "offset of an empty tensor": ({"shape": (0,), "stride": (1,), "offset": 7}, "reaches outside"),
    "huge offset": ({"offset": 2**62}, "reaches outside"),
    "negative stride": ({"stride": (-3, 1)}, "without a proper shape"),
    "negative shape": ({"shape": (-2, -3)}, "without a proper shape"),
    "huge shape": ({"shape": (2**41,), "stride": (1,)}, "without a proper shape"),
    "product of shapes": ({"shape": (2**39, 2**39), "stride": (2**39, 1)}, "reaches outside"),
    "axes": ({"shape": (1,) * 17, "stride": (1,) * 17}, "without a proper shape"),
    "lengths differ": ({"shape": (2, 3), "stride": (1,)}, "without a proper shape"),
    "list": ({"shape": [2, 3]}, "without a proper shape"),
    "fraction": ({"shape": (2.0, 3)}, "without a proper shape"),
    "true": ({"shape": (True, 3)}, "without a proper shape"),
    "text": ({"offset": "0"}, "without a proper shape"),
}
REFERENCES = {
    "other key": (Stored(key="1"), "lacks the numbers '1'"),
    "escaping key": (Stored(key="../version"), "lacks the numbers"),
    "key of another kind": (Stored(key=0), "torch does not write"),
    "count": (Stored(count=7), "gives 24 bytes to the 7 numbers"),
    "fewer": (Stored(count=5), "gives 24 bytes to the 5 numbers"),
    "huge count": (Stored(count=2**62), "torch does not write"),
    "negative count": (Stored(count=-6), "torch does not write"),
    "type": (Stored(kind=torch.DoubleStorage), "gives 24 bytes to the 6 numbers '0' of type float64"),
    "no storage": (Stored(kind=torch.Size), "torch does not write"),
    "text as type": (Stored(kind="FloatStorage"), "torch does not write"),
    "word": (Stored(word="module"), "torch does not write"),
    "not stored": (torch.Size([1]), "a tensor without numbers"),
}
ARCHIVES = {
    "no pickle": (zipped({"archive/version": b"3"}), "without the file data.pkl"),
    "empty": (b"PK\x05\x06" + bytes(18), "not a safetensors file"),
    "other order": (changed("byteorder", b"big"), "bytes in another order"),
    "packed": (zipped(GOOD, zipfile.ZIP_DEFLATED), "is packed"),
    "packed bomb": (
        zipped(entries({"w": claimed(Stored(count=10**8))}, {"0": bytes(4 * 10**6)}), zipfile.ZIP_DEFLATED),
        "is packed",
    ),
    "two roots": (zipped({**GOOD, "other/data/1": SIX}), "does not lie in the one folder"),
    "no root": (zipped({**GOOD, "data.pkl": b""}), "does not lie in the one folder"),
    "escaping": (zipped({**GOOD, "archive/../../executed": b"x"}), "does not lie in the one folder"),
    "absolute": (zipped({"/archive/data.pkl": GOOD["archive/data.pkl"]}), "does not lie in the one folder"),
    "folder": (zipped({**GOOD, "archive/data/": b""}), "does not lie in the one folder"),
    "list says longer": (listed(zipped(GOOD), {PACKED: 99, UNPACKED: 99}), "reaches into another one"),
    "list says longer than the file": (listed(zipped(LAST), {PACKED: 10**6, UNPACKED: 10**6}), "beyond the end of"),
    "list says shorter": (listed(zipped(GOOD), {PACKED: 20, UNPACKED: 20}), "gives 20 bytes to the 6 numbers"),
    "list says unpacked": (listed(zipped(GOOD), {UNPACKED: 2**31}), "is packed"),
    "list points elsewhere": (listed(zipped(GOOD), {PLACE: len(zipped(GOOD)) - 60}), "is not where its list says"),
    "list points to another": (listed(zipped(GOOD), {PLACE: 0}), "reaches into another one"),
    "encrypted": (listed(zipped(GOOD), {FLAGS: 1}), "is encrypted"),
    "cut list": (zipped(GOOD)[:-30], "zip archive that cannot be read"),
    "TorchScript": (
        zipped({**GOOD, "archive/code/__torch__.py": b"", "archive/constants.pkl": b""}),
        "a program (TorchScript)",
    ),
    "pt2": (zipped({"m/archive_format": b"pt2", "m/models/model.json": b"{}"}), "a program (torch.export)"),
    "old pt2": (zipped({"serialized_exported_program.json": b"{}", "version": b"1"}), "a program (torch.export)"),
}


def opened(tmp_path, content):
    path = tmp_path / "a.pt"
    path.write_bytes(content)
    return contents.read(path)


def refused(tmp_path, content, sentence):
    with pytest.raises(InertFault) as caught:
        opened(tmp_path, content)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_the_files_put_together_by_hand_open(tmp_path):
    for content in (zipped(GOOD), legacy({"w": claimed(Stored())}, {"0": (6, SIX)})):
        found = opened(tmp_path, content)
        np.testing.assert_array_equal(filled(found, found.value)["w"], np.arange(6).reshape(2, 3))


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_claim_too_much(tmp_path, case):
    claim, sentence = TENSORS[case]
    value = {"w": claimed(Stored(), **claim)}
    refused(tmp_path, zipped(entries(value, {"0": SIX})), sentence)
    refused(tmp_path, legacy(value, {"0": (6, SIX)}), sentence)


@pytest.mark.parametrize("case", REFERENCES)
def test_references_that_are_false(tmp_path, case):
    stored, sentence = REFERENCES[case]
    refused(tmp_path, zipped(entries({"w": claimed(stored)}, {"0": SIX})), sentence)


def test_two_references_that_differ(tmp_path):
    value = [claimed(Stored()), claimed(Stored(count=3, kind=torch.DoubleStorage), (3,), (1,))]
    refused(tmp_path, zipped(entries(value, {"0": SIX})), "the same numbers in two ways")
    refused(tmp_path, legacy(value, {"0": (6, SIX)}), "the same numbers in two ways")


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives_that_torch_does_not_write(tmp_path, case):
    refused(tmp_path, *ARCHIVES[case])


def test_an_entry_that_is_there_twice(tmp_path):
    refused(tmp_path, twice(GOOD), "is there twice")


@pytest.mark.parametrize("place", [2**20, 2**62, 2**63, 2**64 - 1])
def test_an_entry_that_lies_far_beyond_the_file(tmp_path, place):
    """Places above 4 GB stand in a further field."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in GOOD.items():
            info = zipfile.ZipInfo(name)
            if name == "archive/data/0":
                info.extra = struct.pack("<HHQ", 1, 8, place)
            archive.writestr(info, content)
    refused(tmp_path, listed(file.getvalue(), {PLACE: 2**32 - 1}), "beyond the end of the file")


def test_an_archive_with_very_many_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_zip, "_MOST_FILES", 10)
    refused(tmp_path, zipped(GOOD | {f"archive/data/{n}": b"" for n in range(1, 9)}), "lists more than 10 files")


LEGACY = {"w": claimed(Stored())}
STREAMS = {
    "other order": (legacy(LEGACY, {"0": (6, SIX)}, {"little_endian": False}), "bytes in another order"),
    "no system": (legacy(LEGACY, {"0": (6, SIX)}, [1]), "bytes in another order"),
    "count": (legacy(LEGACY, {"0": (7, SIX + SIX[:4])}), "gives 7 numbers to a tensor that needs 6"),
    "huge count": (legacy(LEGACY, {"0": (2**63, SIX)}), "numbers to a tensor that needs 6"),
    "cut": (legacy(LEGACY, {"0": (6, SIX)})[:-1], "numbers end at byte"),
    "longer": (legacy(LEGACY, {"0": (6, SIX)}) + b"\0", "numbers end at byte"),
    "keys": (legacy(LEGACY, {"0": (6, SIX)}, keys=["1"]), "lists other numbers"),
    "no keys": (legacy(LEGACY, {"0": (6, SIX)}, keys=[]), "lists other numbers"),
    "keys twice": (legacy(LEGACY, {"0": (6, SIX)}, keys=["0", "0"]), "lists other numbers"),
    "keys in a text": (legacy(LEGACY, {"0": (6, SIX)}, keys="0"), "lists other numbers"),
    "deep keys": (legacy(LEGACY, {"0": (6, SIX)}, keys=[("0",)]), "lists other numbers"),
    "storages twice": (legacy(LEGACY, {"0": (6, SIX), "1": (6, SIX)}), "lists other numbers"),
    "version": (pickled(torch_files.MAGIC) + pickled(1002), "torch did not write"),
    "only magic": (pickled(torch_files.MAGIC), "is cut off"),
    "a file inside": (
        legacy({"w": Call(torch.storage._load_from_bytes, b"x" * 300)}, {}),
        "asks for 'torch.storage._load_from_bytes'",
    ),
}


@pytest.mark.parametrize("case", STREAMS)
def test_old_files_that_are_false(tmp_path, case):
    refused(tmp_path, *STREAMS[case])


def embedded(content):
    return pickle.dumps({"ema": Call(torch.storage._load_from_bytes, content)}, 4)


def storage_file(stored=None, numbers=(6, SIX)):
    return legacy(Stored() if stored is None else stored, {"0": numbers})


EMBEDDED = {
    "short": (embedded(b"x"), "are damaged"),
    "no file": (embedded(b"x" * 300), "are damaged"),
    "a pickle that runs": (embedded(pickle.dumps(Call(print, "x" * 300))), "asks for 'builtins.print'"),
    "no storage": (embedded(legacy(LEGACY, {"0": (6, SIX)})), "a tensor whose numbers are something else"),
    "file in a file": (
        embedded(legacy(Call(torch.storage._load_from_bytes, b"x" * 300), {})),
        "asks for 'torch.storage",
    ),
    "count": (embedded(storage_file(numbers=(7, SIX))), "gives 7 numbers"),
    "cut": (embedded(storage_file()[:-4]), "numbers end at byte"),
    "longer": (embedded(storage_file() + b"abc"), "numbers end at byte"),
    "reference": (pickled({"w": claimed(Stored())}), "refers to numbers that are not in it"),
}


@pytest.mark.parametrize("case", EMBEDDED)
def test_pickles_whose_tensors_are_false(tmp_path, case):
    refused(tmp_path, *EMBEDDED[case])


def test_a_file_of_torchs_in_a_zip_is_refused(tmp_path):
    files = entries({"w": Call(torch.storage._load_from_bytes, storage_file())}, {})
    refused(tmp_path, zipped(files), "asks for 'torch.storage._load_from_bytes'")


def test_many_files_of_torchs_share_one_budget(tmp_path):
    """One long byte string that is read as a file again and again: each reading takes steps."""
    inside = storage_file()
    content = b"\x80\x04B" + struct.pack("<I", len(inside)) + inside + b"\x94ctorch.storage\n_load_from_bytes\n\x94("
    refused(tmp_path, content + b"h\x01h\x00\x85R" * 60_000 + b"l.", "more than 1,000,000 steps")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path, kind):
    whole = saved(tmp_path / "a.pt", {"w": torch.arange(6.0), "h": torch.ones(3).half(), "n": 3}, kind).read_bytes()
    for length in range(16, len(whole), 1 + len(whole) // 150):
        with pytest.raises(InertFault):
            opened(tmp_path, whole[:length])
