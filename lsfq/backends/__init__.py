# SPDX-License-Identifier: Apache-2.0
"""Where a core can be: in the reference model, in a simulator, on a board."""
