# SPDX-License-Identifier: Apache-2.0
"""The drawings of docs/drawings."""

from __future__ import annotations

from tools.documents.drawing import Drawing


def dataflow() -> str:
    """From the streams through the array to memory and results."""
    d = Drawing("Dataflow of the core", 1060, 470)
    d.frame(110, 20, 840, 430, "lsfq_accel")
    d.text(52, 69, "s_axis_param", "mono")
    d.text(52, 229, "s_axis_data", "mono")
    d.text(1005, 229, "m_axis_data", "mono")
    parser = d.box(140, 40, 120, 60, "parser", "CRC, limits")
    weights = d.box(330, 40, 140, 60, "weight ring", "double-buffered", kind="memory")
    constants = d.box(640, 40, 140, 60, "constants", "m, b by channel", kind="memory")
    loader = d.box(140, 200, 120, 60, "loader", "rows to words")
    feature = d.box(140, 330, 120, 80, "feature", "memory", kind="memory")
    sequencer = d.box(330, 340, 140, 60, "sequencer", "which word when")
    array = d.box(330, 190, 140, 80, "array", "PIN x POUT", "6 MACs a multiplier", kind="core")
    emit = d.box(510, 200, 90, 60, "emitter", "pixel pairs", kind="core")
    requant = d.box(640, 200, 140, 60, "requantisation", "(acc*m + b) >> s", kind="core")
    result = d.box(820, 200, 110, 60, "result", "signed 64 bit")
    skip = d.box(510, 340, 90, 60, "skip", "residual")
    pool = d.box(640, 340, 140, 60, "stream stages", "depthwise, pool", kind="core")
    writer = d.box(820, 340, 110, 60, "writer", "pairs to words")
    d.path((102, 70), parser.left())
    d.path((102, 230), loader.left())
    d.path(parser.right(), weights.left())
    d.path(parser.top(0.85), (242, 30), (710, 30), constants.top())
    d.path(weights.bottom(), array.top())
    d.path(constants.bottom(), requant.top())
    d.path(loader.bottom(), feature.top())
    d.path(sequencer.left(), feature.right())
    d.text(295, 360, "address", "note")
    d.path(feature.right(0.12), (290, 339.6), (290, 230), array.left())
    d.path(array.right(), emit.left())
    d.path(emit.right(), requant.left())
    d.path(requant.right(), result.left())
    d.text(800, 220, "raw", "note")
    d.path(result.right(), (958, 230))
    d.path(requant.bottom(), pool.top())
    d.path(pool.right(), writer.left())
    d.path(writer.bottom(), (875, 430), (200, 430), feature.bottom())
    d.path(feature.bottom(0.75), (230, 420), (555, 420), skip.bottom())
    d.path(skip.top(0.8), (582, 300), (670, 300), requant.bottom(30 / 140))
    return d.svg()


def block_design() -> str:
    """What scripts/block_design.tcl connects."""
    d = Drawing("Block design for Zynq", 1060, 440)
    ps = d.box(20, 40, 190, 360, "processing system", "Zynq UltraScale+ or", "Zynq-7000")
    control = d.box(300, 50, 150, 60, "SmartConnect", "registers")
    memory = d.box(300, 190, 150, 110, "SmartConnect", "memory")
    interrupt = d.box(300, 340, 150, 50, "axi_intc_0", "0x30000")
    param = d.box(560, 150, 170, 70, "axi_dma_param", "0x10000")
    data = d.box(560, 260, 170, 80, "axi_dma_data", "0x20000")
    core = d.box(850, 130, 180, 220, "lsfq_accel_0", "0x00000", kind="core")
    d.path(ps.right(0.111), control.left())
    d.text(255, 72, "registers", "note")
    d.path(memory.left(), ps.right((245 - 40) / 360))
    d.text(255, 237, "HP0", "note")
    d.path(interrupt.left(), ps.right((365 - 40) / 360))
    d.text(255, 357, "irq", "note")
    d.path(control.right(0.3), (940, 68), core.top())
    d.text(895, 60, "s_axi", "mono")
    d.path(control.right(0.6), (660, 86), param.top(100 / 170))
    d.path(control.right(0.85), (520, 101), (520, 275), data.left(15 / 80))
    d.path(control.bottom(0.85), (427.5, 150), (478, 150), (478, 357), interrupt.right(0.34))
    d.path(memory.right(0.1), (540, 201), param.left(51 / 70))
    d.path(memory.right(0.9), (540, 289), (540, 300), data.left())
    d.path(data.left(0.8), (500, 324), (500, 260), memory.right(70 / 110))
    d.path(param.right(), core.left(55 / 220))
    d.text(790, 176, "s_axis_param", "mono")
    d.path(data.right(0.2), core.left(146 / 220))
    d.text(790, 267, "s_axis_data", "mono")
    d.path(core.left(190 / 220), data.right(60 / 80))
    d.text(790, 311, "m_axis_data", "mono")
    d.path(core.bottom(), (940, 410), (410, 410), interrupt.bottom(110 / 150))
    d.path(data.bottom(), (645, 382), interrupt.right(42 / 50))
    d.text(790, 402, "irq of the core", "note")
    d.text(560, 375, "3 of the DMAs", "note")
    d.text(20, 430, "offsets from 0xA0000000 (UltraScale+) or 0x40000000 (7000)", "left note")
    return d.svg()


SLOT = 11
WIDTHS = {"a": 27, "b": 18, "p": 44}
"""Bits of the two operands of a DSP48E2, and of what is used of its product."""


def packing() -> str:
    """Three weights times two pixels in one multiplier."""
    d = Drawing("Six products in one multiplier", 1060, 400)
    bit, end = 19.0, 1010.0

    def field(y: float, low: int, width: int, text: str, kind: str) -> None:
        d.box(end - bit * (low + width), y, bit * width, 38, text, kind=kind)

    def scale(y: float, bits: list[int]) -> None:
        for number in bits:
            d.text(end - bit * (number + 0.5), y, str(number), "note")

    def operand(y: float, name: str, width: int, digits: dict[int, str]) -> None:
        d.text(60, y + 24, name, "left title")
        field(y, 0, width, "", "empty")
        for low, text in digits.items():
            field(y, low, 4, text, "core")
        scale(y - 6, [0, *sorted(low for low in digits if low), width - 1])

    operand(34, "weights, 27 bits", WIDTHS["a"], {SLOT * i: f"w{i} + 8" for i in range(3)})
    operand(124, "pixels, 18 bits", WIDTHS["b"], {SLOT * i: f"a{i}" for i in range(2)})
    d.text(60, 103, "×", "left title")
    d.text(60, 196, "=", "left title")
    terms = [
        " + ".join(f"w{i}·a{s - i}" for i in reversed(range(3)) if s - i in (0, 1))
        for s in range(4)
    ]
    d.text(60, 244, "product", "left title")
    for slot, text in enumerate(terms):
        field(220, SLOT * slot, SLOT, text, "strong")
        middle = end - bit * SLOT * (slot + 0.5)
        d.text(middle, 282, f"slot {slot}", "title")
    scale(214, [0, 10, 11, 21, 22, 32, 33, 43])
    most = 4 * 2 * 15 * 15
    d.text(60, 330, "Six multiplications of 4-bit codes without sign: no slot borrows.", "left")
    d.text(
        60, 354,
        f"A chain adds four products: at most 4 · 2 · 15 · 15 = {most} < 2^11 = {2**SLOT},"
        " so no slot carries.", "left",
    )  # fmt: skip
    d.text(
        60, 378,
        "The 8 that was added to each weight leaves as 8 times the sum of the pixels.", "left note",
    )  # fmt: skip
    return d.svg()


def stream_block() -> str:
    """A layer in the parameter stream."""
    d = Drawing("A program and its LAYER block", 1060, 420)
    x = 20.0
    edges: list[float] = []
    for text, note, width, kind in (
        ("PROGRAM", "64 bytes", 110, "plain"), ("LOAD", "64 bytes", 100, "plain"),
        ("LAYER 0", "64 bytes", 110, "core"), ("payload 0", "constants, weights", 190, "memory"),
        ("LAYER 1", "64 bytes", 110, "core"), ("payload 1", "constants, weights", 190, "memory"),
        ("...", "", 60, "empty"), ("END", "64 bytes", 110, "plain"),
    ):  # fmt: skip
        d.box(x, 40, width, 56, text, *([note] if note else []), kind=kind)
        edges.append(x)
        x += width + 6
    d.text(20, 26, "one packet on s_axis_param", "left note")
    d.text(1030, 26, "TLAST", "note")
    d.path((edges[2], 96), (20, 150), kind="thin")
    d.path((edges[2] + 110, 96), (1040, 150), kind="thin")
    words = (
        ("0", "magic", "kind, version"), ("1", "index, kernel", "flags"), ("2", "H, W", "of input"),
        ("3", "C in, C out", ""), ("4, 5", "addresses", "input, output"), ("6", "bits", "shift s"),
        ("7", "images", "counter slot"), ("8, 9", "words to the", "next image"),
        ("10 - 12", "skip tensor", "mr, bits"), ("13", "depthwise", "bits, shift"), ("14", "0", ""),
        ("15", "CRC-32", ""),
    )  # fmt: skip
    for number, (word, text, note) in enumerate(words):
        row, column = divmod(number, 6)
        left, top = 20 + 170 * column, 172 + 90 * row
        kind = "strong" if word == "15" else "core"
        d.box(left, top, 164, 54, text, *([note] if note else []), kind=kind)
        d.text(left + 82, top - 7, f"word {word}", "note")
    d.text(
        20, 365, "The CRC covers everything since the end of the previous block: the payload, too.",
        "left",
    )  # fmt: skip
    d.text(20, 389, "A block is used only after its CRC and its fields were checked.", "left note")
    return d.svg()


def drawings() -> dict[str, str]:
    """Every drawing, by file name."""
    return {
        "dataflow.svg": dataflow(),
        "block_design.svg": block_design(),
        "packing.svg": packing(),
        "stream_block.svg": stream_block(),
    }
