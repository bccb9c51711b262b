# SPDX-License-Identifier: Apache-2.0
"""Parts of docs/ that are made from the code: option tables, the table of tests, drawings."""
