"""What a person says of a file, beside what the file says itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import TypeVar, overload

from geomodel.checkpoints.plan import Answer, Question, Said

_Kind = TypeVar("_Kind", int, float, bool, str)
_EXPECTED = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
_SHOWN = 80  # characters


class Hints:
    """The hints for one file, under the names and in the units of the original network's constructor.

    What the file says wins: a family confirms each fact, and a hint that says something else is refused by name. What
    the file does not say is asked for, and becomes one of the questions whether it is answered or not.
    """

    def __init__(self, given: Mapping[str, object], group: str = "") -> None:
        self._given, self._group = given, group
        self._known: dict[str, tuple[object, ...] | None] = {}  # name → welcome values; None: not known yet
        self._groups: list[Hints] = []
        self._questions: dict[str, Question] = {}

    def confirm(self, **facts: object) -> None:
        """Compare hints with what the file says. ValueError (a clause) where one contradicts it."""
        for name, fact in facts.items():
            self._known[name] = (_plain(fact),)
            if name in self._given and _plain(self._given[name]) != _plain(fact):
                raise ValueError(
                    f"the hint {self._group}{name} says {_text(self._given[name])}, and the file says {_text(fact)}"
                )

    @overload
    def ask(
        self, name: str, kind: type[_Kind], *, reason: str, default: _Kind, choices: tuple[_Kind, ...] = ()
    ) -> _Kind: ...

    @overload
    def ask(
        self, name: str, kind: type[_Kind], *, reason: str, optional: bool = False, choices: tuple[_Kind, ...] = ()
    ) -> _Kind | None: ...

    def ask(
        self,
        name: str,
        kind: type[_Kind],
        *,
        reason: str,
        default: _Kind | None = None,
        optional: bool = False,
        choices: tuple[_Kind, ...] = (),
    ) -> _Kind | None:
        """The hint, or else the default. Where there is neither, and it is not optional, the network lacks it.

        `reason` says why the file does not answer, as a clause. Raises ValueError (a clause) where the hint is of
        another kind or none of the choices.
        """
        answer = self._checked(name, kind, choices)
        self._questions[name] = Question(
            hint=self._group + name,
            kind=kind,
            reason=reason,
            choices=choices,
            default=default,
            answer=answer,
            optional=optional,
        )
        found = default if answer is None else answer
        self._known[name] = None if found is None else (found,)
        return found

    def _checked(self, name: str, kind: type[_Kind], choices: tuple[_Kind, ...]) -> _Kind | None:
        if name not in self._given:
            return None
        value = _as(kind, self._given[name])
        if value is None:
            raise ValueError(
                f"the hint {self._group}{name} is {_text(self._given[name])}; {_EXPECTED[kind]} is expected"
            )
        if choices and value not in choices:
            raise ValueError(f"the hint {self._group}{name} is {_text(value)}; known are: {_listed(choices)}")
        return value

    def accept(self, name: str, *values: object) -> None:
        """An argument that says nothing new: these values are welcome. ValueError (a clause) for another one."""
        self._known[name] = welcome = tuple(value for value in values if value is not None)
        if self._given.get(name, values[0]) not in values:
            raise ValueError(
                f"the hint {self._group}{name} is {_text(self._given[name])}; known are: {_listed(welcome)}"
            )

    def without_effect(self, *names: str) -> None:
        """Arguments of the constructor that change training alone: any value is welcome."""
        self._known.update(dict.fromkeys(names, ()))

    def within(self, name: str) -> Hints:
        """The hints in a table of their own. ValueError (a clause) where the hint is no table."""
        self._known[name] = None
        table = self._given.get(name, {})
        if not isinstance(table, Mapping) or not all(isinstance(key, str) for key in table):
            raise ValueError(f"the hint {self._group}{name} is {_text(table)}; a table is expected")
        inside = Hints(table, f"{self._group}{name}.")
        self._groups.append(inside)
        return inside

    def finish(self) -> tuple[Question, ...]:
        """Everything that was asked for. ValueError (a clause) where a hint was given that this network has no use for.

        While an answer is lacking, which hints are of use is not known yet.
        """
        questions = self._asked()
        if not any(question.lacking for question in questions):
            self._check_known()
        return questions

    def said(self) -> Said:
        """What is known now, under the names of hints."""
        found = {self._group + name: values for name, values in self._known.items() if values is not None}
        for group in self._groups:
            found |= group.said()
        return found

    def confirm_all(self, said: Said) -> None:
        """Compare hints with what was known when a file was written. ValueError (a clause) where one is refused."""
        for name, values in said.items():
            group, inside = self._split(name)
            if not values:
                group.without_effect(inside)
            elif len(values) == 1:
                group.confirm(**{inside: values[0]})
            else:
                group.accept(inside, *values)
        self.finish()

    def _split(self, name: str) -> tuple[Hints, str]:
        """Where "diffusion.steps" stands, and what it is called there."""
        table, dot, inside = name.partition(".")
        if not dot:
            return self, name
        known = (group for group in self._groups if group._group == f"{table}.")
        return next(known, None) or self.within(table), inside

    def _asked(self) -> tuple[Question, ...]:
        inside = (question for group in self._groups for question in group._asked())
        return (*self._questions.values(), *inside)

    def _check_known(self) -> None:
        if unknown := [name for name in self._given if name not in self._known]:
            raise ValueError(
                f"the hint {self._group}{str(unknown[0])[:_SHOWN]} is not one that its network has; "
                f"known are: {_listed(sorted(self._known))}"
            )
        for group in self._groups:
            group._check_known()


def nested(answers: Mapping[str, Answer]) -> dict[str, object]:
    """Hints as `load_checkpoint` takes them, from answers by the names of their questions: {"diffusion.steps": 1000}
    becomes {"diffusion": {"steps": 1000}}.
    """
    found: dict[str, object] = {}
    tables: dict[str, dict[str, Answer]] = {}
    for name, answer in answers.items():
        group, dot, inside = name.partition(".")
        if dot:
            found[group] = tables.setdefault(group, {})
            tables[group][inside] = answer
        else:
            found[name] = answer
    return found


def _as(kind: type[_Kind], value: object) -> _Kind | None:
    """A value of this kind, NumPy's numbers included; None where it is another."""
    if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
        return kind(int(value))
    if kind is float and isinstance(value, Real) and not isinstance(value, bool):
        return kind(float(value))
    return value if isinstance(value, kind) and type(value) is kind else None


def _plain(value: object) -> object:
    """Lists and tuples alike."""
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _text(value: object) -> str:
    shown = repr(value if not isinstance(value, tuple) else list(value))
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
