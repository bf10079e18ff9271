"""A command of a sandbox: `client.py SOCKET wa-x ARGUMENT...` has `warm.py` run it.

It imports little, so that it costs a fiftieth of a second.
"""

import json
import os
import socket
import sys


def ask(address: str, words: list[str]) -> int:
    """Hand over words, folder, environment and streams; return the exit code."""
    folder = os.getcwd()  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        request = {"words": words, "folder": folder, "environment": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        answer = connection.recv(1)
    return answer[0] if answer else 71


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
