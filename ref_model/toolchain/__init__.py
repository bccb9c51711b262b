# SPDX-License-Identifier: Apache-2.0
"""Where the simulators live, and how the command-line tools are started with them.

Numpy and torch are not needed here: the benches, the scripts and FuseSoC all start through this
package.
"""
