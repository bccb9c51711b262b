# SPDX-License-Identifier: Apache-2.0
"""The register description (SystemRDL 2.0), read by systemrdl-compiler into what the outputs need.

Of the language, one address map with one level of registers and arrays of external register files
is understood. A field is one of five kinds, told by its properties:

========  ==================================================  ====================================
kind      properties                                          in the Verilog
========  ==================================================  ====================================
CONSTANT  sw=r, hw=na, a reset value                          a constant
STATUS    sw=r, hw=w                                          an input
STORAGE   sw=rw, hw=r or na, a reset value                    a register, with hw=r an output
PULSE     sw=w, hw=r, singlepulse                             an output, high for one cycle
EVENT     sw=rw, hw=w, intr, onwrite=woclr, precedence=hw,    a register set by an input; a
          enable, a reset value                               register's events share one output
========  ==================================================  ====================================

Everything else is refused with the place in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from systemrdl.compiler import RDLCompiler
from systemrdl.messages import RDLCompileError
from systemrdl.node import FieldNode, Node, RegfileNode, RegNode, RootNode
from systemrdl.rdltypes.builtin_enums import AccessType, OnWriteType, PrecedenceType

WORD_BITS = 32
WORD_BYTES = 4

ANONYMOUS = "VALUE"
"""Name of the only field of a register that needs no name for it."""


class SourceError(Exception):
    """The description is wrong or uses what is not understood; the message names the place."""


class Kind(Enum):
    """What a field is; see the module's table."""

    CONSTANT = auto()
    STATUS = auto()
    STORAGE = auto()
    PULSE = auto()
    EVENT = auto()


@dataclass(frozen=True)
class Code:
    """One value of an enumerated field."""

    name: str
    value: int
    text: str


@dataclass(frozen=True)
class Field:
    """Bits ``low`` to ``low + width - 1`` of a register.

    ``reset`` is None where the value comes from the hardware. ``visible``: other modules see it,
    under the name ``port``. ``enable`` is that name of the field that enables an EVENT.
    """

    name: str
    port: str
    low: int
    width: int
    kind: Kind
    reset: int | None
    text: str
    visible: bool = True
    enable: str | None = None
    codes: tuple[Code, ...] = ()

    @property
    def high(self) -> int:
        """Number of the highest bit."""
        return self.low + self.width - 1

    @property
    def mask(self) -> int:
        """Ones in the field's place."""
        return (1 << self.width) - 1 << self.low

    @property
    def anonymous(self) -> bool:
        """The register's name says it all."""
        return self.name == ANONYMOUS


@dataclass(frozen=True)
class Register:
    """A register of 32 bits at byte address (in an array: offset) ``offset``."""

    name: str
    offset: int
    text: str
    fields: tuple[Field, ...]

    @property
    def access(self) -> str:
        """What software may do, as in the documentation's tables."""
        return ACCESS[self.fields[0].kind]

    @property
    def reset(self) -> int | None:
        """Value after reset; None where the hardware gives it."""
        resets = [field.reset for field in self.fields]
        if None in resets or self.fields[0].kind is Kind.PULSE:
            return None
        return sum((field.reset or 0) << field.low for field in self.fields)

    @property
    def flags(self) -> bool:
        """All fields are single bits with names."""
        return all(field.width == 1 and not field.anonymous for field in self.fields)

    def of_kind(self, kind: Kind) -> list[Field]:
        """The fields of this kind."""
        return [field for field in self.fields if field.kind is kind]


ACCESS = {
    Kind.CONSTANT: "R",
    Kind.STATUS: "R",
    Kind.STORAGE: "RW",
    Kind.PULSE: "W",
    Kind.EVENT: "R, W1C",
}


@dataclass(frozen=True)
class Array:
    """``count`` equal groups of registers, ``stride`` bytes apart, kept by another module."""

    name: str
    base: int
    stride: int
    count: int
    text: str
    registers: tuple[Register, ...]


@dataclass(frozen=True)
class RegisterMap:
    """All registers of the AXI4-Lite port, by address."""

    name: str
    title: str
    text: str
    address_bits: int
    registers: tuple[Register, ...]
    arrays: tuple[Array, ...]

    def fields(self) -> Iterator[tuple[Register, Field]]:
        """Every field outside the arrays with its register."""
        for register in self.registers:
            for field in register.fields:
                yield register, field

    def codes(self) -> list[tuple[Register, Field]]:
        """The enumerated fields."""
        return [(register, field) for register, field in self.fields() if field.codes]


def elaborate(path: Path) -> RootNode:
    """The compiled description. Raises SourceError; the compiler prints where and why."""
    compiler = RDLCompiler()
    try:
        compiler.compile_file(str(path))
        return compiler.elaborate()
    except RDLCompileError as error:
        raise SourceError(f"{path}: {error}") from error


def read(path: Path) -> RegisterMap:
    """The registers described in the file ``path``. Raises SourceError."""
    top = elaborate(path).top
    registers: list[Register] = []
    arrays: list[Array] = []
    for node in top.children():
        if isinstance(node, RegNode) and not node.is_array:
            registers.append(_register(node))
        elif isinstance(node, RegfileNode) and node.external and node.is_array:
            arrays.append(_array(node))
        else:
            raise _refused(node, "only registers and arrays of external register files are known")
    return RegisterMap(
        name=top.inst_name,
        title=top.get_property("name"),
        text=_text(top),
        address_bits=(top.size - 1).bit_length(),
        registers=tuple(registers),
        arrays=tuple(arrays),
    )


def _refused(node: Node, reason: str) -> SourceError:
    return SourceError(f"{node.get_path()}: {reason}")


def _text(node: Node) -> str:
    return " ".join((node.get_property("desc") or "").split())


def _register(node: RegNode) -> Register:
    if node.size != WORD_BYTES:
        raise _refused(node, f"registers have {WORD_BITS} bits")
    fields = tuple(_field(field) for field in node.fields())
    if len({ACCESS[field.kind] for field in fields}) > 1:
        raise _refused(node, "software may do different things with its fields")
    return Register(node.inst_name, node.raw_address_offset, _text(node), fields)


def _array(node: RegfileNode) -> Array:
    registers = []
    for child in node.children():
        if not isinstance(child, RegNode) or child.is_array:
            raise _refused(child, "an array holds plain registers")
        registers.append(_register(child))
        if any(field.kind is not Kind.STATUS for field in registers[-1].fields):
            raise _refused(child, "registers in an array are read only, written by hardware")
    (count,) = node.array_dimensions or [0]
    stride = node.array_stride or 0
    if stride & stride - 1 or node.raw_address_offset % (count * stride):
        raise _refused(node, "its address must be cut from bits: sizes that are powers of two")
    return Array(
        node.inst_name, node.raw_address_offset, stride, count, _text(node), tuple(registers)
    )


def _port(node: FieldNode) -> str:
    names = [node.parent.inst_name]
    if node.inst_name != ANONYMOUS:
        names.append(node.inst_name)
    return "_".join(names).lower()


def _kind(node: FieldNode) -> Kind:
    software, hardware = node.get_property("sw"), node.get_property("hw")
    written = node.get_property("onwrite")
    if (software, hardware) == (AccessType.r, AccessType.na):
        return Kind.CONSTANT
    if (software, hardware) == (AccessType.r, AccessType.w):
        return Kind.STATUS
    if (software, written) == (AccessType.rw, None) and hardware in (AccessType.r, AccessType.na):
        return Kind.STORAGE
    if (software, hardware) == (AccessType.w, AccessType.r) and node.get_property("singlepulse"):
        return Kind.PULSE
    if (
        (software, hardware, written) == (AccessType.rw, AccessType.w, OnWriteType.woclr)
        and node.get_property("intr")
        and node.get_property("precedence") is PrecedenceType.hw
        and node.get_property("enable") is not None
    ):
        return Kind.EVENT
    raise _refused(node, "properties of no known kind; see tools/packaging/register_source.py")


def _field(node: FieldNode) -> Field:
    kind = _kind(node)
    reset = node.get_property("reset")
    if reset is not None and (kind is Kind.STATUS or not isinstance(reset, int)):
        raise _refused(node, "its value comes from the hardware, or its reset value is no number")
    if reset is None and kind is not Kind.STATUS:
        raise _refused(node, "needs a reset value")
    enable = node.get_property("enable")
    encode = node.get_property("encode")
    return Field(
        name=node.inst_name,
        port=_port(node),
        low=node.low,
        width=node.width,
        kind=kind,
        reset=reset,
        text=_text(node),
        visible=node.get_property("hw") is not AccessType.na,
        enable=_port(enable) if isinstance(enable, FieldNode) else None,
        codes=tuple(
            Code(member.name, member.value, " ".join((member.rdl_desc or "").split()))
            for member in encode or ()
        ),
    )
