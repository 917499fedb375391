"""Damages files at random places, and opens them in a process whose time and memory are bounded.

    python damage.py FILE ROUNDS SEED

Each round damages the file anew, opens it and reads every number that it still describes. The process ends with an
error where anything but a refusal is raised, or where one round takes longer than ten seconds; it prints the most
memory that it took, in kilobytes. The damaged file lies alone in a folder of its own.
"""

from __future__ import annotations

import faulthandler
import sys
import tempfile
from pathlib import Path

import numpy as np

from geomodel.checkpoints import CheckpointError, inspect
from geomodel.checkpoints.state_dicts import flat
from geomodel.inert import contents, modules, numbers
from geomodel.inert.values import InertFault, Instance, Tensor, Value

SECONDS = 10
EXTREMES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\xff" * 7 + b"\x7f",
    b"\0" * 8,
)
# Instructions that copy, nest, call or recall.
INSTRUCTIONS = (
    b"(",
    b")",
    b"]",
    b"}",
    b"a",
    b"e",
    b"s",
    b"u",
    b"t",
    b"\x85",
    b"\x86",
    b"R",
    b"b",
    b"\x81",
    b"Q",
    b"2",
    b".",
)


def damaged(original: bytes, random: np.random.Generator) -> bytes:
    """The file with one to four changes, mostly near its beginning or its end, where the descriptions are."""
    content = bytearray(original)
    for _ in range(random.integers(1, 5)):
        reach = min(len(content), int(random.choice([64, 1024, len(content)])))
        place = int(random.integers(0, reach))
        if random.random() < 0.4:
            place = len(content) - 1 - place
        match random.integers(0, 6):
            case 0:
                content[place] = random.integers(0, 256)
            case 1:
                content[place] ^= 1 << random.integers(0, 8)
            case 2:
                value = EXTREMES[random.integers(0, len(EXTREMES))]
                content[place : place + len(value)] = value
            case 3:
                content[place:place] = INSTRUCTIONS[random.integers(0, len(INSTRUCTIONS))]
            case 4:
                length = int(random.integers(1, 200))
                other = int(random.integers(0, len(content)))
                content[place : place + length] = content[other : other + length]
            case 5:
                del content[place : place + int(random.integers(1, 50))]
        if not content:
            return b""
    return bytes(content) if random.random() < 0.8 else bytes(content[: random.integers(1, len(content) + 1)])


def tensors(value: Value) -> dict[str, Tensor]:
    """Every tensor that a value holds, also those of modules."""
    found = flat(value)
    for name, part in value.items() if isinstance(value, dict) else ():
        if isinstance(part, Instance):
            found |= {f"{name}.{key}": tensor for key, tensor in modules.tensors(part).items()}
    return found


def refusal(path: Path) -> str:
    """The sentence with which a file is refused, or nothing where it is not."""
    try:
        inspect(path)
    except CheckpointError as error:
        return str(error)
    return ""


def try_to_open(path: Path) -> None:
    """Open a file as far as it goes; what is wrong with it is a refusal, and nothing else may be raised."""
    sentence = refusal(path)
    assert "\n" not in sentence, sentence
    assert len(sentence) < 700, sentence
    try:
        found = contents.read(path)
        wanted = [
            numbers.Wanted(name, tensor, np.empty(tensor.shape, tensor.dtype.replace("bfloat16", "float32")))
            for name, tensor in tensors(found.value).items()
        ]
        numbers.fill(wanted, found.sources, lambda fraction: None)
    except (InertFault, OSError):
        return


def rounds(original: bytes, name: str, count: int, seed: int) -> None:
    """Damage and open a file a number of times."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        for _ in range(count):
            path.unlink(missing_ok=True)  # writing over a file may wait for the disk
            path.write_bytes(damaged(original, random))
            try_to_open(path)
            assert [entry.name for entry in path.parent.iterdir()] == [name]


if __name__ == "__main__":
    import resource

    source = Path(sys.argv[1])
    random = np.random.default_rng(int(sys.argv[3]))
    for seed in random.integers(0, 2**31, int(sys.argv[2])):
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        rounds(source.read_bytes(), source.name, 1, int(seed))
    faulthandler.cancel_dump_traceback_later()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
