# SPDX-License-Identifier: Apache-2.0
"""Prove that the forms of the multipliers are equal, and that the array's chains never carry.

By SymbiYosys with Yices, for all operands and all states: each form of one packed multiplier (plain
Verilog in one and in two, DSP48E2 and MULT18X18D in tb/models) equals six products of nibbles
added slot by slot; chains of such multipliers add every slot exactly; the requantisation's
multiplier with its adders is the same in plain Verilog and in a DSP48E2, and in plain Verilog and
in MULT18X18D where both make the product in two. Exit status 1 when a proof fails; its trace lies
in build/proofs.

examples:
  scripts/prove.py
  scripts/prove.py --only chain
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lsfq.simulation import rtl
from tools.hdl.proof import ProofError, prove

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
    PLAIN,
    PROOFS / "chain_slots.v",
)
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
    """Something to prove."""

    top: str
    files: tuple[Path, ...]
    parameters: Mapping[str, int]
    depth: int
    renamed: Mapping[str, str]


def _form(stride: int, stages: int, first: int) -> Proof:
    parameters = {"STRIDE": stride, "INPUT_STAGES": stages, "FIRST": first}
    return Proof("multiplier_forms", FORMS, parameters, stages + 4, {})


def _chain(length: int, stride: int, addends: int) -> Proof:
    parameters = {"LENGTH": length, "STRIDE": stride, "ADDENDS": addends}
    plain = {"plain_multiplier": "lsfq_multiplier"}
    return Proof("chain_slots", CHAIN, parameters, length + 5, plain)


def _multiply_add(width: int, pre_add: int, one: int, other: int) -> Proof:
    parameters = {"A_W": width, "PRE_ADD": pre_add, "ONE": one, "OTHER": other}
    return Proof("multiply_add_forms", MULTIPLY_ADD, parameters, 8, {})


# a chain's first multiplier has one register in front and an addend, the others two and a cascade
ALL: Mapping[str, Proof] = {
    "multiplier, 27x18, first of a chain": _form(11, 1, 1),
    "multiplier, 27x18, behind another": _form(11, 2, 0),
    "multiplier, 25x18, first of a chain": _form(10, 1, 1),
    "multiplier, 25x18, behind another": _form(10, 2, 0),
    "chain of four, slots of 11 bits": _chain(4, 11, 0),
    "chain of four, with addends": _chain(4, 11, 1),
    "chain of two, slots of 10 bits": _chain(2, 10, 0),
    "chain of two, with addends": _chain(2, 10, 1),
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
    chosen = {name: proof for name, proof in ALL.items() if options.only in name}
    if not chosen:
        parser.error(f"no proof has {options.only!r} in its name; there are: {', '.join(ALL)}")
    proved = True
    for number, (name, proof) in enumerate(chosen.items()):
        begin = time.monotonic()
        try:
            holds = prove(
                proof.top, proof.files, proof.parameters, proof.depth,
                options.folder / f"{number}_{proof.top}", proof.renamed,
            )  # fmt: skip
        except ProofError as error:
            print(f"prove.py: {name}: {error}", file=sys.stderr)
            return 2
        proved = proved and holds
        print(
            f"{'proved' if holds else 'FAILS '}  {name}  ({time.monotonic() - begin:.0f} s)",
            flush=True,
        )
    return 0 if proved else 1
