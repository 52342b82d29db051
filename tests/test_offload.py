"""CPU work leaves the hub where there is one."""

from __future__ import annotations

import subprocess
import sys
import threading

from app.offload import offload

PATCHED = """
from gevent import monkey
monkey.patch_all()
import time, gevent
from gevent.monkey import get_original
from app.offload import offload
ident, sleep = get_original("_thread", "get_ident"), get_original("time", "sleep")
beats = []
def beat():
    while True:
        beats.append(1)
        gevent.sleep(0.01)
gevent.spawn(beat)
print(offload(ident) != ident())
offload(sleep, 0.5)
print(len(beats) > 10)
try:
    offload(int, "x")
except ValueError:
    print("raised")
"""


def test_it_is_a_plain_call_in_workers_and_tests() -> None:
    assert offload(threading.get_ident) == threading.get_ident()
    assert offload(int, "12", base=8) == 10


def test_it_leaves_the_hub_free_in_the_web_process() -> None:
    done = subprocess.run([sys.executable, "-c", PATCHED], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["True", "True", "raised"], done.stderr
