"""Cuts Python off from all hosts but this machine.

Python imports this at start-up where the folder is on `PYTHONPATH`, so that it also
reaches notebook kernels and other child processes.
"""

import sys


def _is_local(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host in (None, "", "localhost", "::1") or host.startswith("127.")


def _refuse_other_hosts(event, arguments):
    if event == "socket.getaddrinfo" and not _is_local(arguments[0]):
        import socket

        raise socket.gaierror(f"tests run offline: no look-up of {arguments[0]}")
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]  # a pair or more for a host, a text for a local socket
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise ConnectionRefusedError(f"tests run offline: no way to {address[0]}")


if not hasattr(sys, "_tests_run_offline"):
    sys._tests_run_offline = True
    sys.addaudithook(_refuse_other_hosts)
