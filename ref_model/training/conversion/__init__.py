# SPDX-License-Identifier: Apache-2.0
"""Ordinary PyTorch models become trainable LSFQ networks with the same float outputs.

``operations`` reads the model by torch.export, ``drafts`` folds what it read into layers, ``bits``
hands out their widths, and ``network`` builds them.
"""

from __future__ import annotations

from ref_model.training.conversion.bits import BitChoice, LayerBits
from ref_model.training.conversion.network import ConvertedNetwork, convert
from ref_model.training.conversion.report import ConversionReport, LayerReport

__all__ = [
    "BitChoice",
    "ConversionReport",
    "ConvertedNetwork",
    "LayerBits",
    "LayerReport",
    "convert",
]
