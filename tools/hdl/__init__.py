# SPDX-License-Identifier: Apache-2.0
"""Verilog as text, and how its synthesis and proofs are started."""
