# SPDX-License-Identifier: Apache-2.0
"""Ports, parameters and attributes of a Verilog module, read by pyslang."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyslang import SourceManager, ast, syntax

OPERATORS = {
    syntax.SyntaxKind.AddExpression: "+",
    syntax.SyntaxKind.SubtractExpression: "-",
    syntax.SyntaxKind.MultiplyExpression: "*",
}


class InterfaceError(Exception):
    """The module cannot be read, or its ports use what is not understood."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the module; ``default`` is a number or a text."""

    name: str
    default: int | str


@dataclass(frozen=True)
class Port:
    """A port. ``left`` is the left bound of its range as text, None for a single bit."""

    name: str
    direction: str
    width: int
    left: str | None
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Interface:
    """Everything that a user of the module sees."""

    name: str
    parameters: tuple[Parameter, ...]
    ports: tuple[Port, ...]


def read(path: Path) -> Interface:
    """The interface of the one module in the file ``path``, widths for the default parameters.

    Raises InterfaceError.
    """
    # a manager of its own: the common one remembers files
    tree = syntax.SyntaxTree.fromText(path.read_text(encoding="utf-8"), SourceManager())
    compilation = ast.Compilation()
    compilation.addSyntaxTree(tree)
    wrong = [diagnostic for diagnostic in tree.diagnostics if diagnostic.isError()]
    modules = compilation.getRoot().topInstances
    if wrong or len(modules) != 1:
        codes = ", ".join(str(diagnostic.code) for diagnostic in wrong)
        raise InterfaceError(f"{path}: {codes or f'{len(modules)} modules'}")
    body = modules[0].body
    return Interface(
        modules[0].name,
        tuple(_parameter(item) for item in body.parameters if not item.isLocalParam),
        tuple(_port(port, path) for port in body.portList),
    )


def _parameter(symbol: Any) -> Parameter:
    text = str(symbol.syntax.initializer.expr).strip()
    if text.startswith('"'):
        return Parameter(symbol.name, text.strip('"'))
    return Parameter(symbol.name, int(symbol.value.value))


def _port(symbol: Any, path: Path) -> Port:
    declaration = symbol.syntax
    if not isinstance(declaration, syntax.ImplicitAnsiPortSyntax):
        declaration = declaration.parent
    direction = {ast.ArgumentDirection.In: "in", ast.ArgumentDirection.Out: "out"}.get(
        symbol.direction
    )
    dimensions = list(declaration.header.dataType.dimensions)
    if direction is None or len(dimensions) > 1:
        raise InterfaceError(f"{path}: port {symbol.name} is no input or output of one dimension")
    left = None
    if dimensions:
        selector = dimensions[0].specifier.selector
        left = _expression(selector.left, f"{path}: port {symbol.name}")
        if str(selector.right).strip() != "0":
            raise InterfaceError(f"{path}: the range of port {symbol.name} does not end with 0")
    attributes = {
        spec.name.valueText: str(spec.value.expr).strip().strip('"')
        for instance in declaration.attributes
        for spec in instance.specs
        if isinstance(spec, syntax.AttributeSpecSyntax)
    }
    return Port(symbol.name, direction, symbol.type.bitWidth, left, attributes)


def _expression(node: Any, place: str) -> str:
    """Sums and products of numbers and parameters, with all parentheses written."""
    if node.kind in OPERATORS:
        left, right = (_expression(side, place) for side in (node.left, node.right))
        return f"({left} {OPERATORS[node.kind]} {right})"
    if node.kind is syntax.SyntaxKind.ParenthesizedExpression:
        return _expression(node.expression, place)
    text = str(node).strip()
    if node.kind in (
        syntax.SyntaxKind.IntegerLiteralExpression,
        syntax.SyntaxKind.IdentifierName,
    ):
        return text
    raise InterfaceError(f"{place}: {text} is more than sums and products of parameters")
