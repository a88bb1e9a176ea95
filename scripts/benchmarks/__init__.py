"""Drivers of scripts/bench: what is measured where, and how it is told.

SPDX-License-Identifier: BSD-3-Clause
"""
