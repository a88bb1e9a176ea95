"""The address map of an appliance: the same numbers as in rpc/map.h, where each is explained.

SPDX-License-Identifier: BSD-3-Clause
"""

WINDOW = 0x1000000000  # of a compartment
IMAGE_OFFSET = 0x100000
STACKS_OFFSET = 0x40000000
HEAP_OFFSET = 0xC0000000


def compartment(index: int) -> int:
    return 0x110000000000 + WINDOW * index


def share(index: int) -> int:
    return 0x180090000000 + 0x1000C00000 * index


def edge(index: int) -> int:
    return 0x200050000000 + 0x100200000 * index
