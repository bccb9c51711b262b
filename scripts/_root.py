# SPDX-License-Identifier: Apache-2.0
"""Imported first by the scripts: puts the repository in front of where Python looks for modules."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
