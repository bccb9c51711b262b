# SPDX-License-Identifier: Apache-2.0
"""What synthesis is asked and how its answers are read."""
