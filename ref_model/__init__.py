# SPDX-License-Identifier: Apache-2.0
"""Training and integer reference model of LSFQ-accel."""
