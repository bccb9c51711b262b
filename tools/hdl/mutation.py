# SPDX-License-Identifier: Apache-2.0
"""Small faults for a Verilog module, all in one text with a switch: one build serves them all.

A mutant changes one place: an operator, a literal, a condition, or a clocked assignment, which it
leaves out. The switched text holds every one of them, and the plus argument ``+mutant=N`` of the
simulation chooses; without it, and with 0, the module is what it was.

Where the Verilog has to be constant (parameters, ranges, generate conditions) nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyslang import syntax

SWITCH = "lsfq_mutant"
_OTHERS = {
    "LogicalAndExpression": ("&&", "||"),
    "LogicalOrExpression": ("||", "&&"),
    "EqualityExpression": ("==", "!="),
    "InequalityExpression": ("!=", "=="),
    "LessThanExpression": ("<", "<="),
    "LessThanEqualExpression": ("<=", "<"),
    "GreaterThanExpression": (">", ">="),
    "GreaterThanEqualExpression": (">=", ">"),
    "AddExpression": ("+", "-"),
    "SubtractExpression": ("-", "+"),
    "BinaryAndExpression": ("&", "|"),
    "BinaryOrExpression": ("|", "&"),
    "BinaryXorExpression": ("^", "|"),
}
"""Binary operators, and what a mutant puts in their place."""
_CONSTANT = frozenset({
    "ParameterDeclaration", "AnsiPortList", "ParameterPortList", "ParameterValueAssignment",
    "ElementSelect", "VariableDimension", "LoopGenerate", "IfGenerate", "CaseGenerate",
    "GenvarDeclaration", "ForLoopStatement", "StandardCaseItem", "HierarchicalInstance",
})  # fmt: skip
"""Below these nothing is changed, but for the bodies named in `_BODIES`."""
_BODIES = {
    "LoopGenerate": "block", "IfGenerate": "block", "ForLoopStatement": "statement",
    "StandardCaseItem": "clause",
}  # fmt: skip
_LITERAL = re.compile(r"(\d+)'([bdh])([0-9a-fA-F_]+)\Z")
_BASES = {"b": 2, "d": 10, "h": 16}


@dataclass(frozen=True)
class Mutant:
    """One fault: its place in the text, the line there (from 1), the old text and the new one."""

    start: int
    end: int
    line: int
    old: str
    new: str
    leaves_out: bool = False
    """The text is a statement that does not happen; ``new`` is empty."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.change()}"

    def change(self) -> str:
        """What is changed, without the place."""
        return f"{_short(self.old)}  ->  {_short(self.new or 'nothing')}"


def mutants(text: str) -> list[Mutant]:
    """Every mutant of the module in ``text``, by place."""
    tree = syntax.SyntaxTree.fromText(text)
    found = [_mutant(text, *made) for made in _faults(text, tree.root, False)]
    return sorted(found, key=lambda mutant: (mutant.start, -mutant.end, mutant.new))


def switched(text: str, chosen: Sequence[Mutant]) -> str:
    """The module with mutant n, counted from 1, where the simulation's ``+mutant=n`` says so."""
    edits: list[tuple[int, int, int, str]] = []  # place, ends before starts, nesting, text
    for number, mutant in enumerate(chosen, 1):
        size = mutant.end - mutant.start
        is_it = f"({SWITCH} == {number})"
        if mutant.leaves_out:
            edits.append((mutant.start, 1, -size, f"begin if (!{is_it}) "))
            edits.append((mutant.end, 0, size, " end"))
        else:
            edits.append((mutant.start, 1, -size, f"({is_it} ? ({mutant.new}) : ("))
            edits.append((mutant.end, 0, size, "))"))
    pieces, place = [], 0
    for at, _, _, insertion in sorted(edits, key=lambda edit: edit[:3]):
        pieces += [text[place:at], insertion]
        place = at
    return _with_switch("".join([*pieces, text[place:]]))


def _with_switch(text: str) -> str:
    """``text`` with the switch declared behind the module's ports."""
    ports_end = re.search(r"^\);$", text, re.MULTILINE)
    if ports_end is None:
        raise ValueError("the module's port list does not end with a line );")
    declared = (
        f"\n  integer {SWITCH};\n"
        f'  initial if (!$value$plusargs("mutant=%d", {SWITCH})) {SWITCH} = 0;\n'
    )
    return text[: ports_end.end()] + declared + text[ports_end.end() :]


_Fault = tuple[Any, str, bool]
"""A node of the syntax tree (its members depend on its kind), what stands in its place, whether it
is left out."""


def _faults(text: str, node: Any, fixed: bool) -> Iterator[_Fault]:
    """Faults at ``node`` and below; ``fixed``: only below bodies."""
    kind = node.kind.name
    if not fixed:
        yield from _here(text, node, kind)
    body = _BODIES.get(kind)
    inside = getattr(node, body) if body else None
    fixed = fixed or kind in _CONSTANT
    for child in node:
        if isinstance(child, syntax.SyntaxNode) and not _is_target(node, child):
            is_body = inside is not None and _range(child) == _range(inside)
            yield from _faults(text, child, fixed and not is_body)


def _is_target(node: Any, child: Any) -> bool:
    """What an assignment assigns to, and how often a replication repeats."""
    kind = node.kind.name
    if kind.endswith("AssignmentExpression") or kind == "MultipleConcatenationExpression":
        first = node.left if kind.endswith("AssignmentExpression") else node.expression
        return _range(child) == _range(first)
    return kind in ("EventControlWithExpression", "ContinuousAssign") and (
        child.kind.name == "ParenthesizedEventExpression"
    )


def _here(text: str, node: Any, kind: str) -> Iterator[_Fault]:
    if kind in _OTHERS:
        _, other = _OTHERS[kind]
        yield node, f"{_of(text, node.left)} {other} {_of(text, node.right)}", False
    elif kind == "UnaryLogicalNotExpression":
        yield node, f"!(!({_of(text, node.operand)}))", False
    elif kind == "ConditionalPredicate" and not _of(text, node).startswith("!"):
        yield node, f"!({_of(text, node)})", False
    elif kind == "IntegerVectorExpression":
        literal = _LITERAL.match(_of(text, node))
        if literal:
            width, base, digits = literal.groups()
            value = int(digits.replace("_", ""), _BASES[base]) ^ 1
            yield node, f"{width}'d{value}", False
    elif kind == "ExpressionStatement" and node.expr.kind.name.startswith("Nonblocking"):
        yield node, "", True


def _mutant(text: str, node: Any, new: str, leaves_out: bool) -> Mutant:
    start, end = _range(node)
    line = text.count("\n", 0, start) + 1
    return Mutant(start, end, line, text[start:end], new, leaves_out)


def _range(node: Any) -> tuple[int, int]:
    place = node.sourceRange
    return place.start.offset, place.end.offset


def _of(text: str, node: Any) -> str:
    return text[slice(*_range(node))]


def _short(text: str, longest: int = 44) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= longest else one_line[: longest - 3] + "..."
