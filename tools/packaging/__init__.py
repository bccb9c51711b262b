# SPDX-License-Identifier: Apache-2.0
"""What surrounds the Verilog: registers from one source, the IP package for Vivado.

Developers' tools (the extra ``package``); nothing at run time imports them.
"""
