# SPDX-License-Identifier: Apache-2.0
"""One processor thread, for networks too small to share among more; one seed for every test."""

from __future__ import annotations

import importlib.util

import pytest

if importlib.util.find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)

    @pytest.fixture(autouse=True)
    def seed() -> None:
        """A test gives the same result alone as behind others."""
        torch.manual_seed(1)
