# SPDX-License-Identifier: Apache-2.0
"""Test benches: one folder a device under test."""
