# SPDX-License-Identifier: Apache-2.0
"""Formal proofs about the Verilog; `python scripts/prove.py` runs them.

A module ``*_rule`` joins a module of the core to a plain reference, assumes what its users promise
and asserts what its header promises. A wire marked ``hierconn`` is, for Yosys, the register of that
name inside the instance: induction has to know how registers and reference belong together.
"""
