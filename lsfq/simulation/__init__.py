# SPDX-License-Identifier: Apache-2.0
"""The Verilog as a process that a driver talks to: build, start, command."""
