"""How pytest is made to run what is not written in Python, and to report in one line for each test.

SPDX-License-Identifier: BSD-3-Clause
"""
