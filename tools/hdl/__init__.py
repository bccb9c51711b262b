# SPDX-License-Identifier: Apache-2.0
"""What reads Verilog as text."""
