# SPDX-License-Identifier: Apache-2.0
"""The reports of ``lsfq report``: pages and pictures, made of records and measurements."""
