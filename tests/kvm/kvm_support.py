"""A TestCase whose tests start appliances.

SPDX-License-Identifier: BSD-3-Clause
"""

import subprocess
import unittest

from tests.support.appliances import Appliances


class KvmTest(unittest.TestCase):
    """What it starts is ended with the test; see Appliances. A test that is a function has the fixture `appliances`."""

    def run(self, result=None):
        self.appliances = Appliances()
        self.addCleanup(self.appliances.close)
        return super().run(result)

    def command(self, app: str, *arguments: str, options=()) -> list[str]:
        return self.appliances.command(app, *arguments, options=options)

    def start(self, app: str, *arguments: str, options=(), **popen) -> subprocess.Popen:
        return self.appliances.start(app, *arguments, options=options, **popen)

    def run_app(self, app: str, *arguments: str, **more) -> subprocess.CompletedProcess:
        return self.appliances.run(app, *arguments, **more)
