"""A command of a sandbox: `client.py SOCKET wa-x ARGUMENT...` has the server of `warm.py` run it.

It imports little, so that it costs a fiftieth of a second. What a document has changed is not what
the server has loaded: a fresh process runs that.
"""

import json
import os
import socket
import sys


def ask(address: str, words: list[str]) -> int:
    """Hand over words, folder, environment and streams; return the exit code."""
    request = {"words": words, "cwd": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(5, socket.MSG_WAITALL)  # the process id, and at the end the code
    return answer[4] if len(answer) == 5 else 71


if __name__ == "__main__":
    address, name, *rest = sys.argv[1:]
    if any(name in path for path in os.environ["PYTHONPATH"].split(":")):
        call = f"from {name.replace('-', '_')}.cli import main; main()"
        os.execv(sys.executable, [sys.executable, "-c", call, *rest])
    sys.exit(ask(address, [name, *rest]))
