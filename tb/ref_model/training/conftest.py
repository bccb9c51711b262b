# SPDX-License-Identifier: Apache-2.0
"""One processor thread for the tests: these networks are too small to share among more."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
