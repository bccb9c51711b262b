# SPDX-License-Identifier: Apache-2.0
"""How synthesis and proofs of the Verilog are started."""
