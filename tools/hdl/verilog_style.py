# SPDX-License-Identifier: Apache-2.0
"""Check the rules of CONTRIBUTING.md for Verilog files that a program can check.

One file is one string; nothing is read from or written to the disk here. ``scripts/lint_rtl.py``
runs this over every file of the core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

COLUMNS = 100
LINES = 350
PORTS = 60
TOPS = frozenset({"lsfq_accel"})
"""Modules whose ports are the interface of the core: their number is not limited."""

EXCUSED: Mapping[str, frozenset[str]] = {}
"""Rules that a module does not follow yet."""

RULES: Mapping[str, str] = {
    "V1": "the header is a comment: SPDX line, empty line, module name and what it computes",
    "V2": "`default_nettype none first, `default_nettype wire last",
    "V3": "one module a file, with the name of the file",
    "V4": f"at most {LINES} lines",
    "V5": f"at most {COLUMNS} columns; no tab, no space at the end of a line, a newline at the end",
    "V6": "parameters and ports of an instance are connected by name",
    "V7": f"at most {PORTS} ports, but for the top",
    "V8": "no lint_off",
    "V9": "processes are always @(posedge aclk) or always @*",
    "V10": "instances are called u_*, named blocks g_*",
}

SPDX = "// SPDX-License-Identifier: Apache-2.0"

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        always and assign begin buf case casex casez default defparam else end endcase endfunction
        endgenerate endmodule endtask for function generate genvar if initial inout input integer
        localparam module negedge not or output parameter posedge real reg repeat signed task time
        wait while wire xor
        """,
    )
)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*\Z")
_SKIPPED = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(r"`?[A-Za-z_$][\w$]*|\d[\w']*|'[\w]+|\S")


@dataclass(frozen=True)
class Finding:
    """A rule that a file breaks: the line, counted from 1, the rule's number and what is wrong."""

    line: int
    rule: str
    text: str


@dataclass(frozen=True)
class _Token:
    text: str
    line: int

    @property
    def name(self) -> bool:
        """Whether it is an identifier."""
        return bool(_IDENTIFIER.match(self.text)) and self.text not in _KEYWORDS


def _tokens(source: str) -> list[_Token]:
    """Tokens of Verilog text without comments; a string is one token of spaces in quotes."""

    def blank(match: re.Match[str]) -> str:
        text = re.sub(r"[^\n]", " ", match[0])
        return '"' + text[1:-1] + '"' if match[0].startswith('"') else text

    code = _SKIPPED.sub(blank, source)
    result = []
    line, at = 1, 0
    for match in _TOKEN.finditer(code):
        line += code.count("\n", at, match.start())
        at = match.start()
        result.append(_Token(match[0], line))
    return result


def _closing(tokens: list[_Token], opening: int) -> int:
    """Index of the bracket that closes the one at `opening`, the last index where none does."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].text in "([{") - (tokens[index].text in ")]}")
        if depth == 0:
            return index
    return len(tokens) - 1


def _items(tokens: list[_Token], opening: int) -> list[list[_Token]]:
    """The comma-separated items between the bracket at `opening` and its partner."""
    items: list[list[_Token]] = [[]]
    index, end = opening + 1, _closing(tokens, opening)
    while index < end:
        if tokens[index].text == ",":
            items.append([])
            index += 1
            continue
        stop = _closing(tokens, index) + 1 if tokens[index].text in "([{" else index + 1
        items[-1] += tokens[index:stop]
        index = stop
    return [item for item in items if item]


def _text(tokens: list[_Token], index: int) -> str:
    return tokens[index].text if 0 <= index < len(tokens) else ""


def _layout(lines: list[str], module: str) -> Iterator[Finding]:
    """V1 and V2: what a file begins and ends with."""
    if _text_at(lines, 0) != SPDX or _text_at(lines, 1) != "//":
        yield Finding(1, "V1", f"does not begin with '{SPDX}' and an empty comment line")
    if not _text_at(lines, 2).startswith(f"// {module}: "):
        yield Finding(3, "V1", f"the header does not begin with '// {module}: '")
    code = [number for number, line in enumerate(lines, 1) if line and not line.startswith("//")]
    if not code or lines[code[0] - 1] != "`default_nettype none":
        yield Finding(code[0] if code else 1, "V2", "`default_nettype none is not the first line")
    if not code or lines[code[-1] - 1] != "`default_nettype wire" or code[-1] != len(lines):
        yield Finding(len(lines), "V2", "`default_nettype wire is not the last line")


def _text_at(lines: list[str], index: int) -> str:
    return lines[index] if index < len(lines) else ""


def _lines(lines: list[str], *, newline: bool) -> Iterator[Finding]:
    """V4, V5 and V8: what can be seen in lines."""
    if len(lines) > LINES:
        yield Finding(LINES + 1, "V4", f"{len(lines)} lines, more than {LINES}")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield Finding(number, "V5", f"{len(line)} columns, more than {COLUMNS}")
        if "\t" in line:
            yield Finding(number, "V5", "a tab")
        if line != line.rstrip():
            yield Finding(number, "V5", "space at the end of the line")
        if "lint_off" in line:
            yield Finding(number, "V8", "lint_off: change the code instead")
    if not newline:
        yield Finding(len(lines), "V5", "no newline at the end of the file")


def _modules(tokens: list[_Token], module: str) -> Iterator[Finding]:
    """V3 and V7: the modules of the file and their ports."""
    found = [index for index, token in enumerate(tokens) if token.text == "module"]
    names = [_text(tokens, index + 1) for index in found]
    if names != [module]:
        yield Finding(
            tokens[found[-1]].line if found else 1, "V3", f"modules {names}, not {module}"
        )
    for index in found:
        opening = index + 2
        if _text(tokens, opening) == "#":
            opening = _closing(tokens, opening + 1) + 1
        if _text(tokens, opening) != "(":
            continue
        ports = len(_items(tokens, opening))
        if ports > PORTS and _text(tokens, index + 1) not in TOPS:
            yield Finding(tokens[opening].line, "V7", f"{ports} ports, more than {PORTS}")


def _instances(tokens: list[_Token]) -> Iterator[Finding]:
    """V6 and the first half of V10: every instance and its connections."""
    for index, token in enumerate(tokens):
        if not token.name or _text(tokens, index - 1) in ("module", "function", "."):
            continue
        lists, at = [], index + 1
        if _text(tokens, at) == "#" and _text(tokens, at + 1) == "(":
            lists.append(at + 1)
            at = _closing(tokens, at + 1) + 1
        if not (at + 1 < len(tokens) and tokens[at].name and tokens[at + 1].text == "("):
            continue
        lists.append(at + 1)
        instance = tokens[at]
        # an instance of a module that does not exist is how a parameter check fails
        if instance.text == "parameter_error":
            continue
        if not instance.text.startswith("u_"):
            yield Finding(instance.line, "V10", f"instance {instance.text} is not called u_*")
        for item in (item for opening in lists for item in _items(tokens, opening)):
            if item[0].text != ".":
                text = f"{item[0].text} of {instance.text} is connected by position"
                yield Finding(item[0].line, "V6", text)


def _blocks(tokens: list[_Token]) -> Iterator[Finding]:
    """V9 and the second half of V10: processes and named blocks."""
    for index, token in enumerate(tokens):
        following = [_text(tokens, index + ahead) for ahead in range(1, 7)]
        clocked = following[:5] == ["@", "(", "posedge", "aclk", ")"]
        if token.text == "always" and not clocked and following[:2] != ["@", "*"]:
            yield Finding(token.line, "V9", "neither always @(posedge aclk) nor always @*")
        if token.text == "begin" and following[0] == ":" and not following[1].startswith("g_"):
            yield Finding(token.line, "V10", f"block {following[1]} is not called g_*")


def check(module: str, text: str) -> list[Finding]:
    """The rules that the file of `module`, of these contents, breaks, by line."""
    lines = text.splitlines()
    tokens = _tokens(text)
    findings = [
        *_layout(lines, module),
        *_lines(lines, newline=text.endswith("\n")),
        *_modules(tokens, module),
        *_instances(tokens),
        *_blocks(tokens),
    ]
    excused = EXCUSED.get(module, frozenset())
    return sorted(
        (finding for finding in findings if finding.rule not in excused),
        key=lambda finding: (finding.line, finding.rule),
    )
