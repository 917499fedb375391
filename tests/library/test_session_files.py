"""Session files that anybody may have made: each is refused in a sentence, or gives the runs that are in it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from forks import BEGIN, Forks
from saved_runs import entries_of, make_run, npy, write_zip

from geomodel import session_files
from geomodel.recognise import kind_of
from geomodel.session_files import MOST_RUNS, TEXT, Writer, read, write

ROOT = Path(__file__).parents[2]
JSON = b'{"draft": {}}'


def packed(run):
    buffer = io.BytesIO()
    run.save_into(buffer)
    return buffer.getvalue()


RUN = packed(make_run())


def test_runs_and_text_come_back(tmp_path):
    path, made = tmp_path / "s.geomodel", [make_run(), make_run(looks=5)]
    write(path, JSON, made)
    text, runs = read(path)
    assert text == JSON
    for run, old in zip(runs, made, strict=True):
        for array_name, array in entries_of(old).items():
            np.testing.assert_array_equal(entries_of(run)[array_name], array)
    assert kind_of(path) == "session"
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_run_that_was_written_is_copied_and_not_packed_again(tmp_path, monkeypatch):
    runs = [make_run(looks=k) for k in range(3)]
    writer = Writer(tmp_path / "s.geomodel")
    writer.write(JSON, runs[:2])
    monkeypatch.setattr(type(runs[0]), "save_into", None)
    writer.write(JSON, [runs[1]])
    assert [run.looks for run in read(writer.path)[1]] == [1]


def test_a_file_that_another_program_wrote_is_not_copied_from(tmp_path):
    run, path = make_run(looks=7), tmp_path / "s.geomodel"
    writer = Writer(path)
    writer.write(JSON, [run])
    write(path, JSON, [make_run(looks=9)])
    os.utime(path, ns=(0, 0))
    writer.write(JSON, [run])
    assert [found.looks for found in read(path)[1]] == [7]
    path.unlink()
    writer.write(JSON, [run])
    assert [found.looks for found in read(path)[1]] == [7]


def archive(path, entries):
    """A zip archive of entries as the writer packs them: the text deflated, the runs as they are."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries:
            file.writestr(name, content, zipfile.ZIP_DEFLATED if name == TEXT else zipfile.ZIP_STORED)
    return path


REFUSED = {
    "a path outside": ([(TEXT, JSON), ("../../evil.npz", RUN)], "has 1 entry that no session has"),
    "an absolute path": ([(TEXT, JSON), ("/etc/passwd", RUN)], "has 1 entry that no session has"),
    "a path of Windows": ([(TEXT, JSON), ("runs\\0.npz", RUN), ("C:\\x", b"")], "that no session has"),
    "code beside it": ([(TEXT, JSON), ("runs/0.npz", RUN), ("run.py", b"1/0")], "has 1 entry that no session has"),
    "digits of another script": ([(TEXT, JSON), ("runs/٣.npz", RUN)], "has 1 entry that no session has"),
    "a run that is missing": ([(TEXT, JSON), ("runs/1.npz", RUN)], "lacks some of its runs"),
    "no text": ([("runs/0.npz", RUN)], "is no session, because it has no session.json"),
    "the text after a run": ([("runs/0.npz", b"PK"), (TEXT, JSON)], "run 1: is not a run"),
    "a run that is none": ([(TEXT, JSON), ("runs/0.npz", b"nothing")], "run 1: is not a run saved by Geomodel"),
    "a run cut short": ([(TEXT, JSON), ("runs/0.npz", RUN[:-30])], "run 1: is not a run saved by Geomodel"),
}


def sentence(path):
    with pytest.raises(ValueError) as caught:
        read(path)
    said = str(caught.value)
    assert type(caught.value) is ValueError
    assert said.startswith(path.name)
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 400
    return said


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_session_has_is_refused(tmp_path, case):
    entries, clause = REFUSED[case]
    assert clause in sentence(archive(tmp_path / "odd.geomodel", entries))
    assert [path.name for path in tmp_path.iterdir()] == ["odd.geomodel"]  # nothing was unpacked


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path):
    path = archive(tmp_path / "twice.geomodel", [(TEXT, JSON), ("runs/0.npz", RUN), ("runs/0.npz", RUN)])
    assert "entries of the same name" in sentence(path)


def test_a_bomb_of_text_is_not_unpacked(tmp_path):
    path = archive(tmp_path / "bomb.geomodel", [(TEXT, b" " * 2**26)])
    assert path.stat().st_size < 10**5
    tracemalloc.start()
    assert "claims more than" in sentence(path)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_a_bomb_of_a_run_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(session_files.run_files, "SMALL", 2**16)
    zeros = {f"{name}.npy": npy(array) for name, array in entries_of(make_run()).items()}
    zeros["x.npy"] = npy(np.zeros((4, 2, 2**18)))
    write_zip(tmp_path / "zeros.npz", zeros, zipfile.ZIP_DEFLATED)
    path = archive(tmp_path / "bomb.geomodel", [(TEXT, JSON), ("runs/0.npz", (tmp_path / "zeros.npz").read_bytes())])
    assert "which is no run" in sentence(path)


def test_runs_that_are_packed_twice_are_refused(tmp_path):
    path = tmp_path / "twice.geomodel"
    write_zip(path, {TEXT: JSON, "runs/0.npz": RUN}, zipfile.ZIP_DEFLATED)
    assert "packed twice" in sentence(path)


def test_all_runs_together_have_the_room_of_a_quarter_of_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "s.geomodel"
    x, denoised = np.ones((4, 2, 5000)), np.ones((3, 2, 5000))
    write(path, JSON, [make_run(x=x, denoised=denoised, final_denoised=None, extras={}) for _ in range(4)])
    most = 5 * (x.nbytes + denoised.nbytes) // 2
    monkeypatch.setattr(session_files.memory, "budget", lambda: most)
    assert "run 3: claims" in sentence(path)


def test_overlapping_entries_claim_no_more_than_the_file_has(tmp_path):
    path = archive(tmp_path / "overlap.geomodel", [(TEXT, JSON), ("runs/0.npz", RUN)])
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")  # the entry of the run in the list, whose sizes stand 20 and 24 bytes behind
    for offset in (20, 24):
        content[at + offset : at + offset + 4] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    assert "claims more bytes of runs than the file has" in sentence(path)


def test_more_runs_than_a_session_holds_are_neither_written_nor_read(tmp_path):
    run = make_run()
    with pytest.raises(ValueError, match="holds at most 1,000 runs"):
        write(tmp_path / "many.geomodel", JSON, [run] * (MOST_RUNS + 1))
    names = [(TEXT, JSON), *((f"runs/{at}.npz", b"") for at in range(MOST_RUNS + 1))]
    assert "it lists more than" in sentence(archive(tmp_path / "many.geomodel", names))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 1000, b"PK\x05\x06" + b"\x00" * 18], ids=len)
def test_files_that_are_no_archive_are_a_sentence(tmp_path, content):
    path = tmp_path / "no.geomodel"
    path.write_bytes(content)
    sentence(path)
    assert kind_of(path) == "session"  # by its name, so that it is refused as one


def test_folders_pipes_and_nothing_are_a_sentence(tmp_path):
    (tmp_path / "folder.geomodel").mkdir()
    assert "is not a file" in sentence(tmp_path / "folder.geomodel")
    assert "is not there" in sentence(tmp_path / "nowhere.geomodel")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.geomodel")
        assert "is not a file" in sentence(tmp_path / "pipe.geomodel")


@pytest.mark.slow
def test_any_changed_byte_is_a_sentence_or_a_session(tmp_path):
    good = archive(tmp_path / "good.geomodel", [(TEXT, JSON), ("runs/0.npz", RUN)]).read_bytes()
    rng, path = np.random.default_rng(0), tmp_path / "odd.geomodel"
    for _ in range(500):
        content = bytearray(good)
        for at in rng.integers(len(content), size=3):
            content[at] = rng.integers(256)
        path.write_bytes(content[: rng.integers(len(content)) if rng.random() < 0.2 else None])
        with contextlib.suppress(ValueError):
            read(path)


WRITING = """
import sys
sys.path[:0] = [{root!r}, {support!r}]
from saved_runs import make_run
from geomodel.session_files import Writer
import numpy as np
{begin}
writer, runs = Writer({path!r}), []
for k in range(10**6):
    rng = np.random.default_rng(k)
    x, d = rng.standard_normal((4, 2, 40_000)), rng.standard_normal((3, 2, 40_000))
    runs = [*runs[-2:], make_run(x=x, denoised=d, looks=k, final_denoised=None, extras={{}})]
    writer.write(b'{{"k": %d}}' % k, runs)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="no process can be killed so there")
def test_a_session_whose_writer_is_killed_is_the_old_one_or_the_new_one(tmp_path):
    """Twenty-five times: kill the process while it saves. What lies there is whole, and its runs belong to its text."""
    path = tmp_path / "s.geomodel"
    code = WRITING.format(root=str(ROOT), support=str(ROOT / "tests" / "support"), path=str(path), begin=BEGIN)
    rng, halves = np.random.default_rng(0), 0
    with Forks(code) as process:
        for _ in range(25):
            process.go_on()
            while not path.exists():
                time.sleep(0.001)
            time.sleep(float(rng.uniform(0.0, 0.3)))
            process.kill()
            text, runs = read(path)
            last = int(text.removeprefix(b'{"k": ').removesuffix(b"}"))
            assert [run.looks for run in runs] == list(range(max(0, last - 2), last + 1))
            halves += len(list(tmp_path.glob("*.tmp"))) > 0
            for half in tmp_path.glob("*.tmp"):
                half.unlink()
            path.unlink()
    assert halves > 2  # the kills did fall into the writing
