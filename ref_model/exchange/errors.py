# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between ONNX files and integer networks."""

from __future__ import annotations


class ExchangeError(Exception):
    """A model cannot be read, imported or written; the message names the place and what to do."""


class ModelFileError(ExchangeError):
    """A file is no ONNX model, or a damaged one."""


class UnsupportedModelError(ExchangeError):
    """A model holds what has no integer form here; the message names the node."""


class InexactImportError(ExchangeError):
    """No integers reproduce the model exactly; the message names layer, channel and accumulator."""
