# SPDX-License-Identifier: Apache-2.0
"""Integer networks to and from ONNX files. Needs the package onnx, the extra ``onnx``."""
