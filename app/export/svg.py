"""Writes SVG: the elements of a drawing in order, in pixels of 1/96 inch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]
NAMESPACE = "urn:geomodel"  # of the recipe in the metadata
NEAR = 0.1  # pixels between the end of a text and the start of its continuation


def number(value: float) -> str:
    """A length to a hundredth of a pixel, which is 3 µm on paper."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def attributes(**values: str) -> str:
    """Attributes as they stand in a tag: stroke_width="2" becomes ' stroke-width="2"'."""
    return "".join(f" {name.replace('_', '-')}={_quoted(value)}" for name, value in values.items())


def _quoted(value: str) -> str:
    return f'"{escape(value)}"'


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one font on one baseline. `size` and `width` are in pixels."""

    text: str
    x: float
    y: float
    width: float
    size: float
    look: str  # the attributes of its font and colour

    def continued(self, other: Run) -> Run | None:
        """The two as one run, or None if they differ in more than their letters."""
        if self.look != other.look or abs(self.y - other.y) > NEAR / 10 or not self.leads_to(other):
            return None
        return Run(self.text + other.text, self.x, self.y, other.x + other.width - self.x, self.size, self.look)

    def leads_to(self, other: Run) -> bool:
        """Whether the other starts where this one ends, as a sub- or superscript does."""
        return abs(self.x + self.width - other.x) < NEAR and abs(self.y - other.y) < self.size


class SvgPage:
    """Collects elements. Neighbours with the same attributes share a group, so that a bundle of curves stays small.

    Viewers differ in what they do with pens under a transform, so lines and areas come in pixels of the page.
    """

    def __init__(self) -> None:
        self._body: list[str] = []
        self._defs: list[str] = []
        self._ids: dict[str, str] = {}
        self._clip = self._wanted_clip = ""  # the data of the open group's path, and of what comes next
        self._look = ""
        self._shapes: list[str] = []  # elements of the open group, without their end
        self._lines: list[str] = []  # the data of a path that goes on
        self._end = ""  # where that path ends
        self._runs: list[Run] = []
        self._place = ""  # the transform of the open text

    # ------------------------------------------------------------ elements

    def clip(self, data: str) -> None:
        """Clip what follows to a path, or to nothing if `data` is empty."""
        self._wanted_clip = data

    def shape(self, look: str, element: str) -> None:
        """Add an element such as '<circle r="2"' with these attributes."""
        self._enter(look)
        self._end_line()
        self._shapes.append(element)

    def line(self, look: str, points: Sequence[Point], *, opaque: bool, solid: bool) -> None:
        """Add an open line without an area. Opaque lines become one path. A translucent line stays a path of its own,
        because crossing lines are darker where they cross. A solid line goes on where the last one ended.
        """
        self._enter(look)
        start, *rest = [f"{number(x)},{number(y)}" for x, y in points]
        if self._lines and solid and start == self._end:
            self._lines.append(f" {' '.join(rest)}")
        else:
            self._add_path(f"M{start}L{' '.join(rest)}", opaque)
        self._end = rest[-1]

    def path(self, look: str, data: str, *, opaque: bool) -> None:
        """Add lines without an area that are one path already."""
        self._enter(look)
        self._add_path(data, opaque)
        self._end = ""

    def text(self, run: Run, transform: str) -> None:
        """Add letters. Those that follow on each other are one text, so that a formula can be selected as a whole."""
        self._enter_clip()
        last = self._runs[-1] if self._runs and self._place == transform else None
        if last is None or not last.leads_to(run):
            self._close()
            self._place = transform
            self._runs.append(run)
        elif (both := last.continued(run)) is not None:
            self._runs[-1] = both
        else:
            self._runs.append(run)

    def image(self, png: str, look: str) -> None:
        """Add a picture that is written as PNG in base64."""
        self._enter_clip()
        self._close()
        self._body.append(f'<image{look} preserveAspectRatio="none" xlink:href="data:image/png;base64,{png}"/>')

    def gradient(self, start: Point, end: Point, stops: Sequence[tuple[float, str]]) -> str:
        """The paint of a linear gradient between two points; stops are offsets and attributes of colours."""
        axis = attributes(x1=number(start[0]), y1=number(start[1]), x2=number(end[0]), y2=number(end[1]))
        inside = "".join(f'<stop offset="{number(offset)}"{colour}/>' for offset, colour in stops)
        template = f'<linearGradient id="{{}}" gradientUnits="userSpaceOnUse"{axis}>{inside}</linearGradient>'
        return f"url(#{self._defined(template)})"

    # ------------------------------------------------------------ the file

    def document(self, size_mm: Point, pixels: tuple[int, int], title: str, software: str, recipe: str) -> str:
        """The whole file. `recipe` is JSON; it stands in the metadata."""
        self.clip("")
        self._enter_clip()
        self._close()
        wide, high = size_mm
        return "\n".join(
            (
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1"'
                f' width="{number(wide)}mm" height="{number(high)}mm" viewBox="0 0 {pixels[0]} {pixels[1]}"'
                ' preserveAspectRatio="none" xml:space="preserve">',
                f"<title>{escape(title, quote=False)}</title>",
                f'<metadata><geomodel:recipe xmlns:geomodel="{NAMESPACE}" software={_quoted(software)}>'
                f"{escape(recipe, quote=False)}</geomodel:recipe></metadata>",
                f"<defs>{''.join(self._defs)}</defs>",
                *self._body,
                "</svg>\n",
            )
        )

    # ------------------------------------------------------------ inside

    def _defined(self, template: str) -> str:
        """The name of a definition, which is written once."""
        if template not in self._ids:
            self._ids[template] = f"d{len(self._ids) + 1}"
            self._defs.append(template.format(self._ids[template]))
        return self._ids[template]

    def _enter_clip(self) -> None:
        if self._wanted_clip != self._clip:
            self._close()
            if self._clip:
                self._body.append("</g>")
            if self._wanted_clip:
                name = self._defined(f'<clipPath id="{{}}"><path d="{self._wanted_clip}"/></clipPath>')
                self._body.append(f'<g clip-path="url(#{name})">')
            self._clip = self._wanted_clip

    def _enter(self, look: str) -> None:
        self._enter_clip()
        if self._runs or look != self._look:
            self._close()
            self._look = look

    def _add_path(self, data: str, opaque: bool) -> None:
        if not opaque:
            self._end_line()
        self._lines.append(data)

    def _end_line(self) -> None:
        if self._lines:
            self._shapes.append(f'<path d="{"".join(self._lines)}"')
            self._lines.clear()
            self._end = ""

    def _close(self) -> None:
        """End the open text or group."""
        self._end_line()
        if len(self._shapes) == 1:
            self._body.append(f"{self._shapes[0]}{self._look}/>")
        elif self._shapes:
            self._body.append(f"<g{self._look}>{'/>'.join(self._shapes)}/></g>")
        self._shapes.clear()
        if len(self._runs) == 1:
            self._body.append(_element("text", self._runs[0], self._place))
        elif self._runs:
            inside = "".join(_element("tspan", run) for run in self._runs)
            self._body.append(f"<text{self._place}>{inside}</text>")
        self._runs.clear()


def _element(tag: str, run: Run, place: str = "") -> str:
    """A text whose width is stated, so that a computer without the font keeps the layout."""
    where = attributes(x=number(run.x), y=number(run.y))
    width = attributes(textLength=number(run.width), lengthAdjust="spacingAndGlyphs") if run.width else ""
    size = attributes(font_size=number(run.size))
    return f"<{tag}{where}{width}{size}{run.look}{place}>{escape(_writable(run.text), quote=False)}</{tag}>"


def _writable(text: str) -> str:
    """The text without the control characters that XML forbids."""
    return "".join(letter for letter in text if letter >= " " and letter not in "\ufffe\uffff")
