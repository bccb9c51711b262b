# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a user's network, for programs that have no PyTorch yet."""

from __future__ import annotations


class UnsupportedLayerError(ValueError):
    """A network does something that has no integer form; the message says what to use instead."""
