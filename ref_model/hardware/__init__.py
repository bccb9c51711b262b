# SPDX-License-Identifier: Apache-2.0
"""Integer networks as streams for the core, and streams back into tensors; numpy only."""
