"""The address map of an appliance: the same numbers as in rpc/abi.h, where each is explained.

SPDX-License-Identifier: BSD-3-Clause
"""

WINDOW = 0x1000000000  # of a compartment, and of a share
IMAGE_OFFSET = 0x100000
STACKS_OFFSET = 0x40000000
HEAP_OFFSET = 0x100000000


def compartment(index: int) -> int:
    return 0x110000000000 + WINDOW * index


def share(index: int) -> int:
    return 0x180000000000 + WINDOW * index


def edge(index: int) -> int:
    return 0x200000000000 + 0x10000000 * index
