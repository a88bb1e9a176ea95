"""The composer: from compartments.toml and interface files to images and a manifest.

SPDX-License-Identifier: BSD-3-Clause
"""
