# SPDX-License-Identifier: Apache-2.0
"""Developers' tools: nothing here is needed to train, to export or to run a network."""
