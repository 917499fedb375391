"""What the files of a package import, and the circles among them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def parsed(path):
    """The syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def sources(folder):
    """Every Python file of a folder."""
    return sorted((ROOT / folder).rglob("*.py"))


@cache
def modules(package):
    """Dotted name -> file of every module of a package."""
    found = {}
    for path in sources(package):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def running(node, *, inside_functions=True):
    """The nodes below that can run: all but those for type checkers alone; without functions, at import only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from running(other, inside_functions=inside_functions)
        elif inside_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from running(child, inside_functions=inside_functions)


def imports(nodes):
    """Dotted name of every import among the nodes; of `from a.b import c` both a.b and a.b.c, which may be a module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(nodes):
    """Top-level package of every import among the nodes."""
    return {name.partition(".")[0] for name in imports(nodes)}


def imported(tree, known):
    """The known modules that a module imports, at its top or in a function; a package only where it means itself."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            wholes = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (whole if whole in known else node.module for whole in wholes if {whole, node.module} & {*known})


def graph(package):
    """Module -> the modules of the same package that it imports."""
    known = modules(package)
    return {name: set(imported(parsed(path), known)) for name, path in known.items()}


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
