"""What tests of several folders share: appliances, servers, processes, and what a computer must have.

SPDX-License-Identifier: BSD-3-Clause
"""
