# SPDX-License-Identifier: Apache-2.0
"""Measurements with bars: cycles, area, training steps."""
