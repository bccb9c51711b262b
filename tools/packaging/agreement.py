# SPDX-License-Identifier: Apache-2.0
"""Does a component.xml describe this Verilog? Ports, widths, parameters, files, registers.

Reads the XML as a tool would, whoever wrote it, and compares it with what the Verilog compiler and
the register description say. Each disagreement is a sentence that names the thing and both values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lxml import etree

from tools.packaging import component, core_file, register_source, verilog_interface
from tools.packaging.component import FOLDER, NAMESPACES, VIEWS, listed_registers
from tools.packaging.register_outputs import SOURCE

MODULE = re.compile(r"^\s*module\s+(\w+)", re.MULTILINE)


def disagreements(root: Path, path: Path | None = None) -> list[str]:
    """What the component.xml ``path`` (default: that of the repository ``root``) says differently.

    Raises InterfaceError or SourceError when the other side cannot be read.
    """
    path = path or root / FOLDER / "component.xml"
    document = etree.parse(path).getroot()
    return [
        *_ports(document, root),
        *_parameters(document, root),
        *_buses(document, root),
        *_files(document, root, path.parent),
        *_registers(document, root),
    ]


# ---- reading XML


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    found = element.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, etree._Element)]


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path, default="", namespaces=NAMESPACES) or "").strip()


def _compare(what: str, listed: Mapping[str, object], real: Mapping[str, object]) -> Iterator[str]:
    for name in real.keys() - listed.keys():
        yield f"{what} {name} is missing in component.xml"
    for name in listed.keys() - real.keys():
        yield f"{what} {name} of component.xml does not exist"
    for name in real.keys() & listed.keys():
        if listed[name] != real[name]:
            yield f"{what} {name}: component.xml says {listed[name]}, but it is {real[name]}"


# ---- the parts


def _interface(root: Path) -> verilog_interface.Interface:
    core = core_file.read(root / "fusesoc.core")
    return verilog_interface.read(root / FOLDER / f"{core.toplevel}.v")


def _shape(direction: str, width: int, bound: str | None) -> str:
    """A port in words: in, 64 bits from 63."""
    return f"{direction}, {width} bits" + (f" from {bound}" if bound is not None else "")


def _ports(document: etree._Element, root: Path) -> Iterator[str]:
    listed = {}
    for port in _all(document, ".//spirit:model/spirit:ports/spirit:port"):
        left = port.find(".//spirit:vector/spirit:left", NAMESPACES)
        dependency = None if left is None else left.get(f"{{{component.SPIRIT}}}dependency")
        bound = dependency or (None if left is None else left.text)
        width = 1 if left is None else int(left.text or "0") + 1
        direction = _text(port, "spirit:wire/spirit:direction")
        listed[_text(port, "spirit:name")] = _shape(direction, width, bound)
    real = {
        port.name: _shape(
            port.direction,
            port.width,
            None if port.left is None else component.dependency(port.left),
        )
        for port in _interface(root).ports
    }
    yield from _compare("port", listed, real)


def _values(document: etree._Element, path: str) -> dict[str, str]:
    return {
        _text(item, "spirit:name"): _text(item, "spirit:value") for item in _all(document, path)
    }


def _parameters(document: etree._Element, root: Path) -> Iterator[str]:
    real = {parameter.name: str(parameter.default) for parameter in _interface(root).parameters}
    model = _values(document, ".//spirit:modelParameters/spirit:modelParameter")
    user = _values(document, "spirit:parameters/spirit:parameter")
    user.pop("Component_Name", None)
    yield from _compare("parameter", model, real)
    yield from _compare("parameter of the dialogue", user, real)


def _buses(document: etree._Element, root: Path) -> Iterator[str]:
    names = {port.name for port in _interface(root).ports}
    mapped = [
        _text(entry, "spirit:physicalPort/spirit:name")
        for entry in _all(document, ".//spirit:busInterface/spirit:portMaps/spirit:portMap")
    ]
    for name in mapped:
        if name not in names:
            yield f"port {name} of a bus interface does not exist"
        if mapped.count(name) > 1:
            yield f"port {name} is in two bus interfaces"
    for name in names - set(mapped):
        yield f"port {name} is in no bus interface"
    clocked = {
        name
        for entry in _all(document, ".//spirit:busInterface/spirit:parameters/spirit:parameter")
        if _text(entry, "spirit:name") == "ASSOCIATED_BUSIF"
        for name in _text(entry, "spirit:value").split(":")
    }
    streams = {
        _text(bus, "spirit:name")
        for bus in _all(
            document, ".//spirit:busInterface[spirit:busType/@spirit:library='interface']"
        )
    }
    for name in streams ^ clocked:
        yield f"bus interface {name} and ASSOCIATED_BUSIF of the clock do not fit"


def _files(document: etree._Element, root: Path, folder: Path) -> Iterator[str]:
    core = core_file.read(root / "fusesoc.core")
    wanted = {name.removeprefix(f"{FOLDER}/") for name in core.files}
    there = {str(path.relative_to(root / FOLDER)) for path in (root / FOLDER).rglob("*.v")}
    for name in sorted(there - wanted):
        yield f"file {name} of {FOLDER}/ is missing in fusesoc.core"
    for view, *_ in VIEWS:
        listed = {
            _text(entry, "spirit:name")
            for entry in _all(
                document,
                f".//spirit:fileSet[spirit:name='{view}_view_fileset']/spirit:file",
            )
        }
        for name in sorted(wanted - listed):
            yield f"file {name} of fusesoc.core is missing in component.xml (view {view})"
        for name in sorted(listed - wanted):
            yield f"file {name} of component.xml (view {view}) is missing in fusesoc.core"
    for entry in _all(document, ".//spirit:fileSet/spirit:file"):
        name = _text(entry, "spirit:name")
        if not (folder / name).is_file():
            yield f"file {name} of component.xml does not exist in {FOLDER}/"
    defined = {
        name
        for path in (root / FOLDER).rglob("*.v")
        for name in MODULE.findall(path.read_text(encoding="utf-8"))
    }
    for name in {_text(view, "spirit:modelName") for view in _views(document)} - defined:
        yield f"module {name} of component.xml does not exist"


def _views(document: etree._Element) -> Iterable[etree._Element]:
    return _all(document, ".//spirit:view[spirit:modelName]")


def _layout(offset: int, fields: Iterable[tuple[str, int, int]]) -> str:
    """Where a register lies and what is in it, as 0x008 with PIN[7:0], POUT[15:8]."""
    bits = ", ".join(f"{name}[{low + width - 1}:{low}]" for name, low, width in fields)
    return f"0x{offset:03X} with {bits}"


def _registers(document: etree._Element, root: Path) -> Iterator[str]:
    registers = register_source.read(root / SOURCE)
    listed = {}
    for register in _all(document, ".//spirit:addressBlock/spirit:register"):
        fields = (
            (
                _text(field, "spirit:name"),
                int(_text(field, "spirit:bitOffset")),
                int(_text(field, "spirit:bitWidth")),
            )
            for field in _all(register, "spirit:field")
        )
        offset = int(_text(register, "spirit:addressOffset"), 0)
        listed[_text(register, "spirit:name")] = _layout(offset, fields)
    real = {
        register.name: _layout(
            register.offset, ((field.name, field.low, field.width) for field in register.fields)
        )
        for register in listed_registers(registers)
    }
    yield from _compare("register", listed, real)
    size = 1 << registers.address_bits
    for block in _all(document, ".//spirit:addressBlock"):
        if int(_text(block, "spirit:range"), 0) != size:
            yield f"the address block has {_text(block, 'spirit:range')} bytes, not {size}"
    for port in _interface(root).ports:
        if port.name.endswith(("_awaddr", "_araddr")) and port.width != registers.address_bits:
            yield f"port {port.name} has {port.width} bits, the registers {registers.address_bits}"
