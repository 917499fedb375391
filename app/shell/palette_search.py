"""Finds entries of the command palette by a few typed letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

PREFIX, KEY, WORD_STARTS, INSIDE, PHRASE, OTHER_WORDS, SCATTERED = range(7)  # kinds of match, the best first
LOOSE = (
    3  # times their number: over so many letters can the typed ones be scattered, because long titles have any three
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteEntry:
    """Something that can be chosen.

    reason: why it cannot be chosen now; empty if it can. checked: None if it is not switched on and off. words: further
    words that it is found by.
    """

    kind: str
    title: str
    act: Callable[[], object]
    keys: tuple[str, ...] = ()
    tip: str = ""
    reason: str = ""
    checked: bool | None = None
    words: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same for an entry that is listed again later, when its reason may be another."""
        return self.kind, self.title, self.tip


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that was found. marks: the positions in its title of the letters that were typed."""

    entry: PaletteEntry
    marks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Folded:
    """A text without case, accents, spaces and signs. Greek letters are spelled out, so σ becomes "sigma".

    starts: where words begin among the letters. origins: the position in the text that each letter comes from. words:
    the words, with a space before each.
    """

    letters: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]
    words: str


def search(entries: Sequence[PaletteEntry], typed: str) -> list[Match]:
    """The entries that match, the best first; all of them, in their own order, where nothing is typed.

    A title that begins with the typed letters comes first, then the entry with the typed key, letters at the starts of
    words, letters within the title, and words of the kind, the tip or the key, which are whole or only begun. Last are
    letters that are scattered over a part of the title.
    """
    if not typed.strip():
        return [Match(entry) for entry in entries]
    parts = tuple(filter(None, (fold(part).letters for part in re.split(r"[\s+]+", typed))))
    keys = _key(typed)
    found = []
    for at, entry in enumerate(entries):
        hit = _match(entry, parts, keys)
        if hit is not None:
            rank, marks = hit
            found.append((rank, _pieces(marks), len(entry.title), min(marks, default=0), at, Match(entry, marks)))
    found.sort(key=lambda item: item[:-1])
    return [item[-1] for item in found]


@lru_cache(maxsize=4096)
def fold(text: str) -> Folded:
    """The text in the form in which letters are compared."""
    letters: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    spaced: list[str] = []
    inside = False  # a word
    for at, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character):  # an accent becomes a part of its own
            if unicodedata.combining(part):
                continue
            greek = _greek(part)  # a word of its own
            spelled = greek or (part.casefold() if part.isalnum() else "")
            if spelled and (greek or not inside):
                starts.append(len(letters))
                spaced.append(" ")
            letters += spelled
            spaced += spelled
            origins += [at] * len(spelled)
            inside = bool(spelled) and not greek
    return Folded("".join(letters), tuple(starts), tuple(origins), "".join(spaced))


def _greek(character: str) -> str:
    """The name of a Greek letter; empty for others."""
    name = unicodedata.name(character, "")
    if not (name.startswith("GREEK") and " LETTER " in name):
        return ""
    return name.split()[-1].lower().replace("lamda", "lambda")  # which is Unicode's own spelling


def _key(text: str) -> frozenset[str]:
    """The parts of a key in no order, because Shift+Ctrl+S is Ctrl+Shift+S."""
    return frozenset(part.strip() for part in text.casefold().split("+"))


def _match(entry: PaletteEntry, parts: Sequence[str], keys: frozenset[str]) -> tuple[int, frozenset[int]] | None:
    """How an entry matches, and the positions in its title that do; None if it does not."""
    title, letters = fold(entry.title), "".join(parts)
    if letters and title.letters.startswith(letters):
        return PREFIX, _marks(title, range(len(letters)))
    if any(_key(key) == keys for key in entry.keys):
        return KEY, frozenset()
    if not letters:
        return None
    if (found := _at_word_starts(title, letters)) is not None:
        return WORD_STARTS, _marks(title, found)
    if all(f" {part}" in title.words for part in parts):  # in another order
        return WORD_STARTS, _marks_of_parts(title, parts)
    if (at := title.letters.find(letters)) >= 0:
        return INSIDE, _marks(title, range(at, at + len(letters)))
    others = fold(" ".join((entry.title, entry.kind, entry.words, entry.tip, *entry.keys)))
    if all(f" {part}" in others.words for part in parts):
        phrase = f" {' '.join(parts)} " in f"{others.words} "  # "claim 1" is not about claim 12
        return PHRASE if phrase else OTHER_WORDS, _marks_of_parts(title, parts)
    if (scattered := _scattered(title.letters, letters)) is not None:
        return SCATTERED, _marks(title, scattered)
    return None


def _marks(title: Folded, letters: Sequence[int]) -> frozenset[int]:
    return frozenset(title.origins[at] for at in letters)


def _marks_of_parts(title: Folded, parts: Sequence[str]) -> frozenset[int]:
    """The positions of the parts that begin a word of the title."""
    found: list[int] = []
    for part in parts:
        at = next((start for start in title.starts if title.letters.startswith(part, start)), None)
        found += () if at is None else range(at, at + len(part))
    return _marks(title, found)


def _pieces(marks: frozenset[int]) -> int:
    """How many runs of neighbouring positions there are."""
    return sum(1 for at in marks if at - 1 not in marks)


def _at_word_starts(title: Folded, letters: str) -> list[int] | None:
    """Positions of the letters in order, where each begins a word or follows its neighbour: "opch" in Open checkpoint.

    The search goes back where a word led nowhere. It tries no position twice with the same rest.
    """
    failed: set[tuple[int, int]] = set()

    def after(position: int) -> Iterator[int]:
        yield position + 1
        yield from (start for start in title.starts if start > position + 1)

    def rest(count: int, position: int) -> list[int] | None:
        """Positions of the letters from number `count` on, if that one stands at `position`."""
        if (count, position) in failed or title.letters[position : position + 1] != letters[count]:
            return None
        if count + 1 == len(letters):
            return [position]
        for follower in after(position):
            if (found := rest(count + 1, follower)) is not None:
                return [position, *found]
        failed.add((count, position))
        return None

    return next((found for start in title.starts if (found := rest(0, start)) is not None), None)


def _scattered(text: str, letters: str) -> list[int] | None:
    """Positions of the letters in order within few others; the first place where they are near enough."""
    begin = 0
    while True:
        end = begin - 1
        for letter in letters:
            end = text.find(letter, end + 1)
            if end < 0:
                return None
        found, at = [], end + 1
        for letter in reversed(letters):  # as near to the end as they can be
            at = text.rfind(letter, 0, at)
            found.append(at)
        if end - at < LOOSE * len(letters):
            return found[::-1]
        begin = at + 1
