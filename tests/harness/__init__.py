# SPDX-License-Identifier: MIT
"""The test harness: machines, the agent in them, verdicts, and the runner. Start reading at runner.py."""
