# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training with PyTorch, down to the constants of the integer network."""
