# SPDX-License-Identifier: MIT
"""The parts of tools/bench-paper: the rows, their runs, the report, the plots."""
