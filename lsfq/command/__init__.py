# SPDX-License-Identifier: Apache-2.0
"""The `lsfq` command: one module a subcommand; ``scripts/`` call the same ones."""
