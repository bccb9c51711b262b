# SPDX-License-Identifier: Apache-2.0
"""What developers of the core run: lint, synthesis, proofs, packages, measurements, documents.

Not part of the installed product: neither ``lsfq`` nor ``ref_model`` imports anything from here.
"""
