"""Builds the help from the tables: every room, every key, every solver."""

from __future__ import annotations

from html import escape

import resources
from app.rooms import ROOMS
from app.shell.actions import ACTIONS, MENUS
from geomodel.solvers import SOLVERS
from geomodel.solvers.elsewhere import ELSEWHERE, STEPS_ELSEWHERE

INTRODUCTION = "introduction.html"
OTHERS = (("sessions", "Sessions", "sessions.html"),)  # name, title and page of what is in no room
UNBROKEN = "<style>td { white-space: nowrap }</style>"  # else Qt breaks keys and titles to make nested tables small


def room_sheet() -> str:
    """An introduction, then pages of every room and of what is in none, as HTML. The anchor of a page is its name."""
    pages = [(row.name, row.title, row.help) for row in ROOMS]
    headed = [f'<h3><a name="{name}"></a>{title}</h3>{_page(file)}' for name, title, file in (*pages, *OTHERS)]
    return _page(INTRODUCTION) + "".join(headed)


def _page(name: str) -> str:
    return resources.path("help", name).read_text("utf-8").strip()


def key_sheet() -> str:
    """Every action with its keys, as an HTML table of two columns."""
    tables = []
    for menu, _ in MENUS:
        rows = [row for row in ACTIONS if row.menu == menu and row.keys]
        lines = [f"<tr><td>{row.title}&nbsp;&nbsp;</td><td>{', '.join(row.keys)}</td></tr>" for row in rows]
        if lines:
            tables.append((len(lines), f"<p><b>{menu}</b></p><table>{''.join(lines)}</table>"))
    half, left, right = sum(length for length, _ in tables) / 2, "", ""
    for length, table in tables:
        left, right, half = (left + table, right, half - length) if half > 0 else (left, right + table, half)
    return f"{UNBROKEN}<table cellspacing=16><tr><td>{left}</td><td>{right}</td></tr></table>"


def solver_sheet() -> str:
    """Every solver with its rule, its names elsewhere, and what other programs mean by steps, as HTML."""
    lines, family = [], ""
    for row in SOLVERS:
        if row.family != family:
            family = row.family
            lines.append(f"<tr><td colspan=3><b>{family}</b></td></tr>")
        lines.append(
            f"<tr><td>{row.title}&nbsp;&nbsp;<br><i>{row.name}</i></td><td>{escape(row.formula)}<br>{row.cost}</td>"
            f"<td>{escape(ELSEWHERE[row.name])}</td></tr>"
        )
    steps = [f"<tr><td>{escape(who)}&nbsp;&nbsp;</td><td>{escape(what)}</td></tr>" for who, what in STEPS_ELSEWHERE]
    rules, meanings = "".join(lines), "".join(steps)
    return f"<table cellspacing=6>{rules}</table><p><b>What “n steps” means</b></p><table>{meanings}</table>"
