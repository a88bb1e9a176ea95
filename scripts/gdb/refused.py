"""GDB's commands that would end the appliance, or that cannot work: refused in words, before anything happens.

SPDX-License-Identifier: BSD-3-Clause

bulkhead.py sources it, behind its command `bulkhead`.
"""
import gdb

REFUSED = {
    "run": "the appliance runs already, and a restart would end it: continue, or end GDB and start it again with "
           "bulkhead run --gdb",
}
REFUSED["start"] = REFUSED["starti"] = REFUSED["run"]
REFUSED["generate-core-file"] = (
    "Bulkhead writes the cores, when a compartment crashes (docs/debugging.md). To end this one so: set $rip = 0, then "
    "continue, twice")


class Refuse(gdb.Command):
    """bulkhead refuse COMMAND: says why COMMAND is not run. An error in a command's hook keeps it from being run."""

    def __init__(self):
        super().__init__("bulkhead refuse", gdb.COMMAND_OBSCURE)
        for command in REFUSED:
            gdb.execute(f"define hook-{command}\nbulkhead refuse {command}\nend\n")

    def invoke(self, argument, from_tty):
        raise gdb.GdbError(f"{argument}: {REFUSED[argument]}")


Refuse()
