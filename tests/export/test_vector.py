"""Pictures as SVG and PDF: one drawing as every kind of file, what is written in them, and how large they are."""

from __future__ import annotations

import base64
import json
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn_files import darkness, page_of, rendered_pdf, rendered_svg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTextDocument,
    QTransform,
)
from PySide6.QtWidgets import QWidget

from app.export import figure, formats
from app.export.figure import Figure
from app.export.paper import PaperDevice
from app.export.style import Style, parts
from app.export.svg import SvgPage
from app.export.svg_engine import SvgEngine
from app.plotting.theme import LIGHT
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView

WIDE, HIGH = 320, 240
SIZE = (WIDE * 25.4 / 96, HIGH * 25.4 / 96)
RECIPE = {"run": {"solver": "heun", "data": "σ <&> ‖x‖"}}
SVG = "{http://www.w3.org/2000/svg}"
FORMULA = "‖x − D(x; σ)‖ over ∇σ"


def _ramp() -> QImage:
    """Black, from clear at the left to opaque at the right."""
    pixels = np.zeros((16, 256, 4), np.uint8)
    pixels[..., 3] = np.arange(256)
    return QImage(pixels.tobytes(), 256, 16, 1024, QImage.Format.Format_ARGB32).copy()


def _paint(painter: QPainter, view: QWidget) -> None:
    """Everything that a figure may hold, each in a place of its own."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(QRectF(0, 0, WIDE, HIGH), QColor("white"))
    painter.setFont(QFont("DejaVu Sans", 12))
    painter.drawText(QPointF(10, 24), FORMULA)
    document = QTextDocument()
    document.setHtml("10<sup>−3</sup> σ<sub>max</sub>")
    painter.translate(220, 6)
    document.drawContents(painter)
    painter.resetTransform()
    painter.drawImage(QRectF(10, 40, 200, 20), _ramp())
    flat = QPen(QColor("black"), 2)
    flat.setCosmetic(True)
    flat.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.save()
    painter.scale(7, 3)  # a cosmetic pen does not follow
    painter.setPen(flat)
    painter.drawLine(QPointF(10 / 7, 70 / 3), QPointF(210 / 7, 70 / 3))
    flat.setDashPattern([10, 5])
    painter.setPen(flat)
    painter.drawLine(QPointF(10 / 7, 80 / 3), QPointF(210 / 7, 80 / 3))
    painter.restore()
    painter.setPen(QPen(QColor("black"), 0))
    painter.drawLine(QPointF(10, 90.5), QPointF(210, 90.5))
    painter.save()
    painter.scale(1, 4)
    painter.setPen(QPen(QColor("black"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QPointF(10, 27), QPointF(100, 27))  # 8 pixels high, and the upright one is 2 wide
    painter.drawLine(QPointF(120, 25), QPointF(120, 29))
    painter.restore()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setOpacity(0.5)
    painter.setBrush(QColor("black"))
    painter.drawEllipse(QPointF(40, 150), 20, 20)
    painter.setOpacity(1)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setClipRect(QRectF(80, 130, 30, 30))
    painter.fillRect(QRectF(70, 120, 100, 100), QColor("black"))
    triangle = QPainterPath()
    triangle.addPolygon(QPolygonF([QPointF(140, 130), QPointF(180, 130), QPointF(140, 170)]))
    painter.setClipPath(triangle)
    painter.setClipRect(QRectF(130, 120, 30, 80), Qt.ClipOperation.IntersectClip)
    painter.fillRect(QRectF(130, 120, 100, 100), QColor("black"))
    painter.setClipping(False)
    shades = QLinearGradient(QPointF(10, 0), QPointF(210, 0))
    shades.setColorAt(0, QColor("white"))
    shades.setColorAt(1, QColor("black"))
    painter.fillRect(QRectF(10, 190, 200, 10), shades)
    painter.setPen(QColor("black"))
    painter.translate(290, 220)
    painter.rotate(-90)
    painter.drawText(QPointF(0, 0), "upright σ")


class TinyView(QWidget):
    """A view whose picture is a function that paints it."""

    def __init__(self, theme, parent=None, *, print_mode=False):
        super().__init__(parent)
        self.picture = None

    def display(self, picture):
        self.picture = picture

    def release(self):
        pass

    def paintEvent(self, event):
        with QPainter(self) as painter:
            self.picture(painter, self)


def _view(picture=_paint):
    view = TinyView(LIGHT)
    view.resize(WIDE, HIGH)
    view.display(picture)
    return view


def _saved(folder, kind, picture=_paint):
    path = folder / f"figure.{kind}"
    made = Figure(view=_view(picture), size_mm=SIZE, dpi=96, recipe=RECIPE)
    formats.row(kind).write(made, str(path))
    return path


def _drawn(*steps) -> str:
    """The SVG of what these functions do with a painter."""
    page = SvgPage()
    device = PaperDevice(SvgEngine(page), 100, 100)
    with QPainter(device) as painter:
        for step in steps:
            step(painter)
    return page.document((10, 10), (100, 100), "title", "software", "{}")


# ---------------------------------------------------------------- one drawing, every kind of file


def _check(ink: np.ndarray) -> None:
    """What the drawing holds, wherever it was drawn. Edges may be soft over one pixel."""
    assert ink.shape == (HIGH, WIDE)
    assert ink[8:28, 10:190].sum() > 150  # the formula
    assert ink[8:32, 220:310].sum() > 80  # sub- and superscript
    across = ink[42:58, 10:210].mean(0)
    assert np.abs(across - (np.arange(200) + 0.5) / 200).max() < 0.02  # 8-bit alpha, between pixels
    thick = [ink[row - 4 : row + 4, 30:190].sum(0).mean() for row in (70, 90)]
    assert thick == pytest.approx([2, 1], abs=0.02)  # coverage in 256 levels
    dashes = ink[80, 10:210] > 0.5
    starts = np.flatnonzero(dashes[1:] & ~dashes[:-1])
    assert np.diff(starts) == pytest.approx(30, abs=1)  # 10 + 5 widths of 2 pixels
    assert dashes.mean() == pytest.approx(2 / 3, abs=0.04)
    assert ink[98:118, 50].sum() == pytest.approx(8, abs=0.05)
    assert ink[108, 110:130].sum() == pytest.approx(2, abs=0.05)
    assert ink[150, 40] == pytest.approx(0.5, abs=0.01)
    assert ink[125:175, 15:65].sum() == pytest.approx(0.5 * np.pi * 20**2, rel=0.01)
    assert ink[120:180, 70:125].sum() == pytest.approx(30 * 30, rel=0.01)
    assert ink[120:180, 130:200].sum() == pytest.approx(20 * 40 - 20 * 20 / 2, rel=0.02)  # the triangle without its tip
    assert np.abs(ink[195, 10:210] - (np.arange(200) + 0.5) / 200).max() < 0.02
    assert ink[130:220, 276:294].sum() > 60  # upright text
    assert ink[:120, 230:].sum() < 400  # nothing else is there


def test_the_drawing_on_the_screen_and_as_pixels(qapp):
    view = _view()
    screen = view.grab().toImage()
    ground = QImage(screen.size(), QImage.Format.Format_RGB32)
    ground.fill(Qt.GlobalColor.white)
    with QPainter(ground) as painter:
        _paint(painter, view)
    _check(darkness(ground))
    _check(darkness(figure.render(view, SIZE, 96)))


def test_the_drawing_as_svg(qapp, tmp_path):
    seen = rendered_svg(_saved(tmp_path, "svg"))
    if seen is None:
        pytest.skip("librsvg is not installed")
    _check(darkness(seen)[:HIGH, :WIDE])  # its command rounds the page up


def test_the_drawing_as_pdf(qapp, tmp_path):
    seen = rendered_pdf(_saved(tmp_path, "pdf"))
    if seen is None:
        pytest.skip("poppler is not installed")
    _check(darkness(seen)[:HIGH, :WIDE])  # poppler rounds the page up


def test_the_elements_of_the_svg(qapp, tmp_path):
    root = ElementTree.parse(_saved(tmp_path, "svg")).getroot()
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert texts == [FORMULA, "10−3 σmax", "upright σ"]
    scripts = list(root.iter(f"{SVG}tspan"))
    sizes = [float(each.get("font-size")) for each in scripts]
    assert [each.text for each in scripts] == ["10", "−3", " σ", "max"]
    assert sizes[1] == sizes[3] < sizes[0] == sizes[2]
    heights = [float(each.get("y")) for each in scripts]
    assert heights[1] < heights[0] == heights[2] < heights[3]
    (image,) = root.iter(f"{SVG}image")
    kind, _, content = image.get("{http://www.w3.org/1999/xlink}href").partition(",")
    assert kind == "data:image/png;base64"
    inside = QImage.fromData(base64.b64decode(content))
    assert (inside.width(), inside.height(), inside.hasAlphaChannel()) == (256, 16, True)
    assert {each.get("stroke-width") for each in root.iter() if each.get("stroke-width")} == {"1", "2"}
    assert [each.get("stroke-dasharray") for each in root.iter() if each.get("stroke-dasharray")] == ["20 10"]
    assert root.get("width") == f"{SIZE[0]:.2f}mm"
    assert root.get("viewBox") == f"0 0 {WIDE} {HIGH}"


def test_the_commands_of_the_pdf(qapp, tmp_path):
    path = _saved(tmp_path, "pdf")
    page = page_of(path)
    assert len(re.findall(r"/Im\d+ +Do", page)) == 1
    assert page.count(" Tj") == sum(len(text) for text in (FORMULA, "10−3 σmax", "upright σ"))  # a letter each
    assert re.search(r"\n2 w 0 J \d j \[20 10 \]0  d\n", page)  # the dash
    assert not re.search(r"\n0 w ", page)  # which every printer would draw as thin as it can
    assert page.split().count("W*") == 3  # the clip to a square, to a triangle, and to what both share
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", path.read_bytes())
    assert [float(side) for side in box.groups()] == pytest.approx([WIDE * 0.75, HIGH * 0.75], abs=0.01)


@pytest.mark.parametrize("points", [6.0, 9.0, 15.0])
def test_text_has_the_points_that_are_asked_for(qapp, tmp_path, points):
    """On the screen the program's text has 9 points here, and the picture's own text 12."""
    own = figure.text_points()
    figure.save_svg(_view(), tmp_path / "a.svg", SIZE, points=points)
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    unit = SIZE[0] / float(root.get("viewBox").split()[2])  # mm
    size = float(next(root.iter(f"{SVG}text")).get("font-size")) * unit
    assert size * 72 / 25.4 == pytest.approx(12 * points / own, rel=0.01)  # a layout has whole pixels
    figure.save_pdf(_view(), tmp_path / "a.pdf", SIZE, points=points)
    scale, page = re.search(r"^([\d.]+) 0 0 -", page_of(tmp_path / "a.pdf"), re.MULTILINE), page_of(tmp_path / "a.pdf")
    letters = float(re.search(r"/F\d+ ([\d.]+) Tf", page)[1]) * float(scale[1])
    assert letters == pytest.approx(12 * points / own, rel=0.01)
    image = figure.render(_view(), SIZE, 96, points=points)
    assert (image.width(), image.height()) == (WIDE, HIGH)
    inked = darkness(image)[: round(30 * points / own), : round(215 * points / own)] > 0.4
    assert np.flatnonzero(inked.any(0))[-1] == pytest.approx(175 * points / own, rel=0.05)  # where the formula ends


# ---------------------------------------------------------------- metadata


def test_the_recipe_is_in_the_metadata(qapp, tmp_path):
    root = ElementTree.parse(_saved(tmp_path, "svg")).getroot()
    (recipe,) = root.iter("{urn:geomodel}recipe")
    assert json.loads(recipe.text) == RECIPE
    assert recipe.get("software").startswith("Geomodel ")
    assert root.find(f"{SVG}title").text == "figure"
    content = _saved(tmp_path, "pdf").read_bytes()
    packet = re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", content, re.DOTALL)
    (recipe,) = ElementTree.fromstring(packet[0]).iter("{urn:geomodel}recipe")
    assert json.loads(recipe.text) == RECIPE
    assert content.startswith(b"%PDF-1.")


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_a_file_that_cannot_be_written_is_an_error_and_no_file(qapp, tmp_path, kind):
    with pytest.raises(OSError, match=r"could not be written: .*Choose another place"):
        _saved(tmp_path / "missing", kind)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- what the engine writes


def _lines(painter: QPainter, alpha: int = 255, *, touching: bool = False) -> None:
    painter.setPen(QPen(QColor(0, 0, 0, alpha), 1))
    for k in range(3):
        x = 10 * k
        painter.drawLine(QPointF(x, 0), QPointF(x + (10 if touching else 5), 10 * touching))
        painter.translate(0, 10 * touching)


@pytest.mark.parametrize("touching", [False, True])
def test_opaque_lines_of_one_colour_are_one_path(qapp, touching):
    svg = _drawn(lambda painter: _lines(painter, touching=touching))
    (path,) = re.findall(r'<path d="([^"]*)" fill="none"', svg)
    assert path == ("M0,0L10,10 20,20 30,30" if touching else "M0,0L5,0M10,0L15,0M20,0L25,0")


def test_translucent_lines_stay_apart_because_they_darken_each_other(qapp):
    svg = _drawn(lambda painter: _lines(painter, 100))
    assert svg.count("<path") == 3
    assert svg.count("stroke-opacity") == 1  # of the group


def test_a_bundle_of_twenty_thousand_segments_is_small(qapp):
    points = np.random.default_rng(0).uniform(0, 100, (20_001, 2))
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(*point))

    def apart(painter):
        for (x0, y0), (x1, y1) in zip(points[:-1:2].tolist(), points[1::2].tolist(), strict=True):
            painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

    for draw in (apart, lambda painter: painter.drawPath(path)):
        svg = _drawn(draw)
        assert len(svg) < 600_000  # two numbers of five letters a point
        assert svg.count("<path") == 1


@pytest.mark.slow
def test_the_busiest_plane_is_small(qapp, tmp_path):
    """Ten thousand data points, and two times 250 curves over 80 levels, many of them outside of the frame."""
    rng, sigmas = np.random.default_rng(0), np.geomspace(80, 0.01, 81)
    data = rng.normal(size=(10_000, 2))
    x = data[:250] + sigmas[:, None, None] * rng.normal(size=(250, 2))
    curves = PlaneCurves(sampling=x, denoising=0.5 * x[:-1], sigmas=sigmas, committed=81)
    view = PlaneView(LIGHT)
    view.display(PlanePicture(title="Busy", data=data, curves=curves, index=60, frame="run"))
    for kind in ("svg", "pdf"):
        path = tmp_path / f"busy.{kind}"
        formats.row(kind).write(Figure(view=view, size_mm=(120, 120), dpi=96), str(path))
        assert path.stat().st_size < 5_000_000
    circles = re.findall("<circle", (tmp_path / "busy.svg").read_text())
    assert len(circles) >= 10_000  # every point is an outline
    view.release()


def test_lines_far_outside_are_left_out(qapp):
    def draw(painter):
        painter.setPen(QPen(QColor("black"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(-1e6, 50), QPointF(1e6, 50))
        painter.drawLine(QPointF(-1e6, -500), QPointF(1e6, -500))
        painter.drawPolyline(QPolygonF([QPointF(50, 50), QPointF(50, 1e5), QPointF(60, 1e5), QPointF(60, 50)]))
        path = QPainterPath(QPointF(0, 20))
        path.lineTo(1e5, 20)
        painter.drawPath(path)

    (data,) = re.findall(r'<path d="([^"]*)"', _drawn(draw))
    assert data == "M-50,50L150,50M50,50L50,150M60,150L60,50M0,20L150,20"  # 50 pixels around the page are kept


@pytest.mark.parametrize("down", [1, -1])
def test_an_image_in_data_units_is_where_it_belongs(qapp, down):
    """A plane of the size 0.01 is drawn by a transform of 10,000, which a place with two decimals would not survive."""

    def draw(painter):
        painter.setTransform(QTransform(1e4, 0, 0, 1e4 * down, -13_123, 0 if down > 0 else 60))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(1.3123, 0.001, 0.005, 0.004), _ramp())

    (image,) = ElementTree.fromstring(_drawn(draw)).iter(f"{SVG}image")
    place = [float(image.get(name)) for name in ("x", "y", "width", "height")]
    if down > 0:
        assert place == pytest.approx([0, 10, 50, 40], abs=0.01)
    else:
        assert place == [0, 0, 1, 1]
        matrix = [float(value) for value in image.get("transform")[7:-1].split()]
        assert matrix == pytest.approx([50, 0, 0, -40, 0, 50], abs=0.01)


def test_no_clip_is_left_over_and_an_empty_one_hides(qapp):
    def draw(painter):
        painter.save()
        painter.setClipRect(QRectF(0, 0, 10, 10))
        painter.drawLine(QPointF(0, 0), QPointF(50, 50))
        painter.setClipRect(QRectF(20, 20, 10, 10), Qt.ClipOperation.IntersectClip)
        painter.fillRect(QRectF(0, 0, 50, 50), QColor("red"))
        painter.restore()
        painter.fillRect(QRectF(0, 0, 50, 50), QColor("blue"))

    svg = _drawn(draw)
    assert svg.count("<clipPath") == 2
    assert 'd="M0,0"' in svg
    root = ElementTree.fromstring(svg)
    assert [child.get("fill") for child in root if child.tag == f"{SVG}path"] == ["#0000ff"]


def test_an_empty_clip_and_a_dash_of_no_length_leave_a_sound_pdf(qapp, tmp_path):
    def draw(painter, view):
        painter.fillRect(QRectF(0, 0, WIDE, HIGH), QColor("white"))
        path = QPainterPath(QPointF(10, 10))
        path.lineTo(10 + 1e-9, 10)
        painter.strokePath(path, QPen(QColor(0, 0, 0, 100), 1, Qt.PenStyle.DashLine))
        painter.setClipRect(QRectF(0, 0, 10, 10))
        painter.setClipRect(QRectF(20, 20, 10, 10), Qt.ClipOperation.IntersectClip)
        painter.fillRect(QRectF(0, 0, WIDE, HIGH), QColor("black"))

    path = _saved(tmp_path, "pdf", draw)
    assert not re.search(r"\n[fSQ]\*?\nh f|scn\n(/\w+ gs\n)?h f", page_of(path))  # an area without a start
    if (seen := rendered_pdf(path)) is not None:
        assert darkness(seen)[:HIGH, :WIDE].max() == 0


def test_letters_that_xml_forbids_are_left_out(qapp):
    svg = _drawn(lambda painter: painter.drawText(QPointF(0, 0), "a<&>\x01\"'"))
    (text,) = ElementTree.fromstring(svg).iter(f"{SVG}text")
    assert text.text == "a<&>\"'"


def test_images_in_cells_have_sharp_edges_and_smooth_ones_stay_small(qapp):
    cells = QImage(4, 5, QImage.Format.Format_Grayscale8)
    cells.fill(100)

    def sizes(*, smooth: bool):
        def draw(painter):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(QRectF(0, 0, 40, 50), cells)

        (content,) = re.findall(r'base64,([^"]*)"', _drawn(draw))
        image = QImage.fromData(base64.b64decode(content))
        return image.width(), image.height()

    assert sizes(smooth=True) == (4, 5)
    assert sizes(smooth=False) == (120, 150)


def test_widths_dashes_and_mitres_follow_a_plain_pen(qapp):
    def draw(painter):
        painter.setTransform(QTransform.fromScale(3, 3))
        pen = QPen(QColor("red"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.MiterJoin)
        pen.setDashPattern([1, 2])
        pen.setDashOffset(0.5)
        painter.setPen(pen)
        painter.drawLine(QPointF(0, 0), QPointF(10, 0))

    (line,) = ElementTree.fromstring(_drawn(draw)).findall(f"{SVG}path")
    expected = {
        "d": "M0,0L30,0",
        "stroke": "#ff0000",
        "stroke-width": "6",
        "stroke-linecap": "round",
        "stroke-miterlimit": "4",  # Qt's 2 widths from the corner
        "stroke-dasharray": "6 12",
        "stroke-dashoffset": "3",
    }
    assert {name: line.get(name) for name in expected} == expected


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from Python 3.12 on")
def test_the_engine_loses_no_references(qapp):
    """Qt calls the engine for every primitive. An answer that took a reference from None would end the program."""
    view = _view()

    def draw():
        device = PaperDevice(SvgEngine(SvgPage()), WIDE, HIGH)
        with QPainter(device) as painter:
            _paint(painter, view)

    draw()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(100):
        draw()
    after = sys.getrefcount(None), sys.getrefcount(True)
    # A leaking binding loses one for each of 50 calls a drawing.
    assert after[0] > before[0] - 200
    assert after[1] > before[1] - 200


# ---------------------------------------------------------------- what a figure leaves out


def _styled(kind, path, picture=None, **style):
    view = PlaneView(LIGHT)
    view.display(picture or PlanePicture(title="Heading", data=np.eye(2), curves=_curves(), frame="run"))
    made = Figure(view=view, size_mm=(80, 80), dpi=96, style=Style(**style))
    formats.row(kind).write(made, str(path))
    view.release()
    return path


def _curves():
    sigmas = np.array([1.0, 0.5, 0.1])
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    return PlaneCurves(sampling=x, denoising=x[:-1], sigmas=sigmas, committed=3)


def test_a_figure_without_title_and_legend_has_a_larger_plot(qapp, tmp_path):
    whole = _styled("svg", tmp_path / "a.svg").read_text()
    bare = _styled("svg", tmp_path / "b.svg", without=frozenset({"title", "legend"})).read_text()
    assert "Heading" in whole
    assert "sampling x(σ)" in whole
    assert "Heading" not in bare
    assert "sampling x(σ)" not in bare


@pytest.mark.parametrize("transparent", [False, True])
def test_a_transparent_ground_is_clear_where_nothing_is_drawn(qapp, tmp_path, transparent):
    image = QImage(str(_styled("png", tmp_path / "a.png", transparent=transparent)))
    corners = [image.pixelColor(x, y).alpha() for x in (1, image.width() - 2) for y in (1, image.height() - 2)]
    assert corners == ([0] * 4 if transparent else [255] * 4)


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_a_transparent_drawing_lets_its_page_show(qapp, tmp_path, kind):
    """On a page that is not white, the ground has the page's colour."""
    clear = _styled(kind, tmp_path / f"a.{kind}", transparent=True)
    whole = _styled(kind, tmp_path / f"b.{kind}", transparent=False)
    assert clear.stat().st_size < whole.stat().st_size
    if kind == "svg":
        first = re.search(r"<(?:path|rect)[^>]*>", clear.read_text()[clear.read_text().index("</metadata>") :])
        assert first is None or "#ffffff" not in first[0]


def test_a_view_says_what_a_figure_of_it_can_leave_out(qapp):
    view = PlaneView(LIGHT)
    assert parts(view) == {"legend"}
    view.display(PlanePicture(title="Heading"))
    assert parts(view) == {"legend", "title"}
    view.release()
