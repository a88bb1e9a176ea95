"""Bulkhead's tests; docs/testing.md describes them.

SPDX-License-Identifier: BSD-3-Clause
"""
