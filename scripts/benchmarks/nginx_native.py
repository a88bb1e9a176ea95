"""nginx for this machine itself: the sources and modules of the appliance, built by nginx's own configure and Makefile.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import shutil
import subprocess

from . import common

SOURCES = common.ROOT / "subprojects/nginx-1.22.1"
HOW = "its own configure and Makefile: -O2, the modules of the appliance, one process"
WITHOUT = ("rewrite", "auth_basic", "userid", "mirror", "proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "ssi",
           "upstream_hash", "upstream_ip_hash", "upstream_least_conn", "upstream_random", "upstream_keepalive",
           "upstream_zone")
OPTIONS = ["--without-pcre", "--without-http-cache", "--with-http_stub_status_module", "--with-http_gzip_static_module",
           "--with-cc-opt=-O2 -g", *(f"--without-http_{name}_module" for name in WITHOUT)]


def folder(args):
    return args.build_dir / "bench/nginx-native"


def program(args):
    return folder(args) / "objs/nginx"


def build(args):
    """Builds it once, in a copy: the sources stay as they were verified."""
    if program(args).exists():
        return
    print("bench: building nginx natively (once)", flush=True)
    shutil.rmtree(folder(args), ignore_errors=True)
    shutil.copytree(SOURCES, folder(args))
    for command in (["./configure", *OPTIONS], ["make", f"-j{os.cpu_count()}"]):
        done = subprocess.run(command, cwd=folder(args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=900, check=False)
        if done.returncode:
            raise common.BenchError(f"nginx's {command[0]} failed: {done.stdout.strip()[-300:]}")
