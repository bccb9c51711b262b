# SPDX-License-Identifier: Apache-2.0
"""Formal proofs about the Verilog; `python scripts/prove.py` runs them."""
