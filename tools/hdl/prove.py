# SPDX-License-Identifier: Apache-2.0
"""Prove what the core's small modules promise, and that its multipliers are equal in every form.

By SymbiYosys with Yices, for all operands and all states. By induction, so for all time: pace,
credits, loop counters, skid buffer and queue keep their rules, the register port is a proper
AXI4-Lite slave, and the pass control always returns to idle. To the depth of pipelines that have no
feedback, so for all time as well: each form of one packed multiplier (plain Verilog in one and in
two, DSP48E2 and MULT18X18D in tb/models) equals six products of nibbles added slot by slot; chains
of such multipliers add every slot exactly, and between slots of 3-bit products the carries are
found; the requantisation's multiplier with its adders is the
same in plain Verilog and in a DSP48E2, and in plain Verilog and in MULT18X18D where both make the
product in two. A table at the end says what was proved, and how. Exit status 1 when a proof fails;
its trace lies in build/proofs.

The first run on a machine compiles the tools, which takes a minute or two more.

examples:
  scripts/prove.py
  scripts/prove.py --only chain
  scripts/prove.py --only induction
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lsfq.simulation import rtl
from tools.hdl.proof import ProofError, Verdict, prove

PROOFS = rtl.ROOT / "tb" / "tools" / "proofs"
PLAIN = PROOFS / "plain_multiplier.v"
FORMS = (
    rtl.modules()["lsfq_multiplier"],
    rtl.modules()["lsfq_dsp48e2"],
    rtl.MODELS / "DSP48E2.v",
    rtl.modules()["lsfq_mult18x18d"],
    rtl.MODELS / "MULT18X18D.v",
    PLAIN,
    PROOFS / "multiplier_forms.v",
)
CHAIN = (
    rtl.modules()["lsfq_multiplier_chain"],
    rtl.modules()["lsfq_slot_carries"],
    PLAIN,
    PROOFS / "chain_slots.v",
)
CARRIES = (rtl.modules()["lsfq_slot_carries"], PROOFS / "slot_carries_rule.v")
MULTIPLY_ADD = (
    rtl.modules()["lsfq_multiply_add"],
    rtl.modules()["lsfq_dsp48e2"],
    rtl.MODELS / "DSP48E2.v",
    rtl.modules()["lsfq_mult18x18d"],
    rtl.MODELS / "MULT18X18D.v",
    PROOFS / "multiply_add_forms.v",
)


@dataclass(frozen=True)
class Proof:
    """Something to prove: the assertions of module `top`."""

    top: str
    files: tuple[Path, ...]
    parameters: Mapping[str, int]
    depth: int
    says: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    induction: bool = False

    @property
    def how(self) -> str:
        """For the table: by induction, or to which depth."""
        return "by induction" if self.induction else f"to depth {self.depth}"


def run(proof: Proof, folder: Path, files: Sequence[Path] | None = None) -> Verdict:
    """Prove `proof`, from `files` instead of its own where given. Raises ProofError."""
    return prove(
        proof.top, proof.files if files is None else files, proof.parameters, proof.depth, folder,
        proof.renamed, proof.induction,
    )  # fmt: skip


def _form(stride: int, stages: int, first: int) -> Proof:
    parameters = {"STRIDE": stride, "INPUT_STAGES": stages, "FIRST": first}
    return Proof("multiplier_forms", FORMS, parameters, stages + 4, "all forms are six products")


def _chain(length: int, stride: int, addends: int) -> Proof:
    parameters = {"LENGTH": length, "STRIDE": stride, "ADDENDS": addends}
    plain = {"plain_multiplier": "lsfq_multiplier"}
    says = "every slot is its sum, no slot carries into the next"
    return Proof("chain_slots", CHAIN, parameters, length + 5, says, plain)


def _carries() -> Proof:
    says = "with the carries found, every slot is what was added into it"
    return Proof("slot_carries_rule", CARRIES, {}, 7, says)


def _multiply_add(width: int, pre_add: int, one: int, other: int) -> Proof:
    parameters = {"A_W": width, "PRE_ADD": pre_add, "ONE": one, "OTHER": other}
    return Proof("multiply_add_forms", MULTIPLY_ADD, parameters, 8, "two forms give one result")


def _rule(
    top: str,
    modules: Sequence[str],
    depth: int,
    says: str,
    rules: Sequence[str] = (),
    **values: int,
) -> Proof:
    """By induction: `top` joins `modules` of the core to `rules` that several have in common.

    The step needs less than `depth`; it is so large that planted faults show from the beginning.
    """
    files = (
        *(rtl.modules()[name] for name in modules),
        *(PROOFS / f"{name}.v" for name in (*rules, top)),
    )
    return Proof(top, files, values, depth, says, induction=True)


def _pace(width: int) -> Proof:
    says = "starts are at least `cycles` apart; ready: no start in the last cycles - 1"
    return _rule("pace_rule", ["lsfq_pace"], 8, says, WIDTH=width)


def _credit(width: int) -> Proof:
    says = "credits are puts - amount * takes, never negative; next_enough is exact"
    return _rule("credit_rule", ["lsfq_credit"], 8, says, WIDTH=width)


def _loop(width: int) -> Proof:
    says = "last and next_last are a plain counter's comparisons, for every count"
    return _rule("loop_counter_rule", ["lsfq_loop_counter"], 8, says, WIDTH=width)


def _ring(width: int) -> Proof:
    says = "last, last_but_one and wraps are a plain counter's comparisons, for every ring"
    return _rule("ring_counter_rule", ["lsfq_ring_counter"], 8, says, WIDTH=width)


def _skid() -> Proof:
    says = "no beat lost, doubled, invented, reordered; holds still; full throughput"
    return _rule("skid_buffer_rule", ["lsfq_skid"], 8, says, ["stream_rule"], WIDTH=2)


def _fifo(depth: int, guard: int) -> Proof:
    says = "no beat lost, doubled, invented, reordered; holds still; level and capacity"
    rules = ["stream_rule"]
    return _rule(
        "fifo_buffer_rule", ["lsfq_fifo"], 10, says, rules, WIDTH=2, DEPTH=depth, GUARD=guard
    )


def _registers() -> Proof:
    says = "one OKAY response for each request, in time; responses hold still; reset"
    modules = ["lsfq_registers", "lsfq_register_map", "lsfq_skid"]
    return _rule("registers_rule", modules, 8, says, ["axi_lite_slave_rule"])


def _pass_control(cycles: int) -> Proof:
    says = f"idle in time, if each of the others does its part within {cycles} cycles"
    return _rule("pass_control_rule", ["lsfq_pass_control"], 20, says, N=cycles)


# a chain's first multiplier has one register in front and an addend, the others two and a cascade
ALL: Mapping[str, Proof] = {
    "pace, 5 bits": _pace(5),
    "credits, 6 bits": _credit(6),
    "loop counter, 1 bit": _loop(1),
    "loop counter, 2 bits": _loop(2),
    "loop counter, 16 bits": _loop(16),
    "ring counter, 6 bits": _ring(6),
    "ring counter, 16 bits": _ring(16),
    "skid buffer": _skid(),
    "queue of 2 entries": _fifo(2, 1),
    "queue of 4 entries": _fifo(4, 1),
    "queue of 4 entries, without guards": _fifo(4, 0),
    "register port": _registers(),
    "pass control": _pass_control(3),
    "multiplier, 27x18, first of a chain": _form(11, 1, 1),
    "multiplier, 27x18, behind another": _form(11, 2, 0),
    "multiplier, 25x18, first of a chain": _form(10, 1, 1),
    "multiplier, 25x18, behind another": _form(10, 2, 0),
    "chain of four, slots of 11 bits": _chain(4, 11, 0),
    "chain of four, with addends": _chain(4, 11, 1),
    "chain of two, slots of 10 bits": _chain(2, 10, 0),
    "chain of two, with addends": _chain(2, 10, 1),
    "chain of two, slots of 7 bits": _carries(),
    "requantisation, two terms of 27 bits": _multiply_add(27, 1, 0, 1),
    "requantisation, one term of 27 bits": _multiply_add(27, 0, 0, 1),
    "requantisation, 18x18, two terms of 27 bits": _multiply_add(27, 1, 2, 3),
    "requantisation, 18x18, one term of 27 bits": _multiply_add(27, 0, 2, 3),
}


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when all is proved, 1 when an assertion fails, 2 without an answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="proofs whose name has this")
    parser.add_argument("--folder", type=Path, default=rtl.ROOT / "build" / "proofs", metavar="DIR")
    options = parser.parse_args(arguments)
    chosen = {name: proof for name, proof in ALL.items() if options.only in f"{name}, {proof.how}"}
    if not chosen:
        parser.error(f"no proof has {options.only!r} in its name; there are: {', '.join(ALL)}")
    verdicts: dict[str, Verdict] = {}
    for number, (name, proof) in enumerate(chosen.items(), 1):
        print(f"[{number}/{len(chosen)}] {name}, {proof.how} ... ", end="", flush=True)
        begin = time.monotonic()
        try:
            verdicts[name] = run(proof, options.folder / f"{number}_{proof.top}")
        except ProofError as error:
            print("no answer", flush=True)
            print(f"prove.py: {name}: {error}", file=sys.stderr)
            return 2
        print(f"{verdicts[name].value} ({time.monotonic() - begin:.0f} s)", flush=True)
    print("\n".join(["", *table(verdicts)]))
    return 0 if all(verdict is Verdict.PROVED for verdict in verdicts.values()) else 1


def table(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Lines: each of `verdicts`, the proof by name, how it was proved, and what it says."""
    rows = [("proof", "", "how", "what it says")]
    for name, verdict in verdicts.items():
        rows.append((name, verdict.value, ALL[name].how, ALL[name].says))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
