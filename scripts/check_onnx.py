#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Integer networks against their ONNX models in onnxruntime: tools/reports/check_onnx.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.reports.check_onnx import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
