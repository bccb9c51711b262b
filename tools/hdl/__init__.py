# SPDX-License-Identifier: Apache-2.0
"""What reads the Verilog, and how its synthesis and proofs are started."""
