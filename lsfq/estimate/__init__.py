# SPDX-License-Identifier: Apache-2.0
"""What a network on a core costs, before anything is built: cycles, bandwidth, area."""
