"""No module of the library imports, at any depth and in any function, a module that imports it."""

from __future__ import annotations

import ast
from pathlib import Path

import geomodel

ROOT = Path(geomodel.__file__).parents[1]


def modules():
    """Dotted name -> file of every module of the library."""
    found = {}
    for path in sorted((ROOT / "geomodel").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def running(node):
    """The nodes below that can run: all but those for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from running(other)
        else:
            yield child
            yield from running(child)


def imported(tree, known):
    """The modules that a module imports, at its top or in a function."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known or node.module in known:
                    yield whole if whole in known else node.module


def circles(graph):
    """Groups of modules that reach each other: Tarjan's strongly connected components of more than one."""
    order, lowest, stack, found = {}, {}, [], []

    def visit(name):
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1 or name in graph[name]:
                found.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def test_the_library_has_no_import_circles():
    known = modules()
    graph = {name: set(imported(ast.parse(path.read_text("utf-8")), known)) for name, path in known.items()}
    assert len(graph) > 60
    assert "geomodel.sampling" in graph["geomodel.designed"]
    assert circles(graph) == []


def test_a_circle_is_found_in_functions_too():
    sources = {
        "a": "import b",
        "b": "def later():\n    from c import name",
        "c": "from a import b\nif TYPE_CHECKING:\n    import d",
        "d": "import a",
    }
    graph = {name: set(imported(ast.parse(text), sources)) for name, text in sources.items()}
    assert circles(graph) == [["a", "b", "c"]]
