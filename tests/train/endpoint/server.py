"""A small server that speaks OpenAI's protocol, with faults on demand: a process of its own.

    python server.py      # prints its address; ends with its standard input, or after 15 minutes

It corrects "go" to "goes" as the model `writing`, copies as the model `base`, and knows no other,
as vLLM serves an adapter beside its base. `GET /log` gives the requests so far and how many were
there at once; `POST /plan` sets faults, the key that is needed, and the seconds of an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODELS = ("base", "writing")


class AtOnce:
    """Requests that are there now, and the most that were."""

    def __init__(self) -> None:
        self.now = self.most = 0


class State:
    """What was asked, and what is to go wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.plan: dict[str, Any] = {}
        self.log: list[dict[str, Any]] = []
        self.at_once = AtOnce()

    def fault(self, prompt: str) -> dict[str, Any]:
        """Take the first fault whose `match` is in the prompt, as often as its `times`."""
        with self.lock:
            for fault in self.plan.get("faults", ()):
                if fault.get("match", "") in prompt and fault.setdefault("times", 1) > 0:
                    fault["times"] -= 1
                    return dict(fault)
        return {}


STATE = State()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/log":
            with STATE.lock:
                self.answer(200, {"requests": STATE.log, "most": STATE.at_once.most})
        elif self.path == "/v1/models":
            self.answer(200, {"object": "list", "data": [{"id": name} for name in MODELS]})
        else:
            self.answer(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        sent = self.rfile.read(length)
        if len(sent) < length:  # a client that was killed
            self.close_connection = True
            return
        body = json.loads(sent)
        if self.path == "/plan":
            with STATE.lock:
                STATE.plan, STATE.log, STATE.at_once = body, [], AtOnce()
            self.answer(200, {})
            return
        with STATE.lock:
            count = STATE.at_once
            count.now += 1
            count.most = max(count.most, count.now)
            headers = {name.lower(): value for name, value in self.headers.items()}
            STATE.log.append(
                {"path": self.path, "time": time.time(), "headers": headers, "body": body}
            )
        try:
            time.sleep(STATE.plan.get("delay", 0.0))
            self.complete(body)
        finally:
            with STATE.lock:
                count.now -= 1

    def complete(self, body: dict[str, Any]) -> None:
        chat = self.path == "/v1/chat/completions"
        if not chat and self.path != "/v1/completions":
            self.answer(404, {"detail": "Not Found"})
            return
        key = STATE.plan.get("key")
        given = self.headers.get("Authorization", "")
        if key and given != f"Bearer {key}":
            self.answer(401, {"error": {"message": f"Incorrect API key provided: {given}"}})
            return
        prompt = body["messages"][-1]["content"] if chat else body["prompt"]
        fault = STATE.fault(prompt)
        time.sleep(fault.get("delay", 0.0))
        if "status" in fault:
            said = fault.get("body", {"error": {"message": f"made to fail, given {given}"}})
            self.answer(fault["status"], said, fault.get("headers"))
        elif body["model"] not in MODELS:
            said = f"The model `{body['model']}` does not exist."
            self.answer(404, {"error": {"message": said, "type": "NotFoundError", "code": 404}})
        else:
            reply = make_reply(body, prompt, chat=chat) | fault.get("reply", {})
            for name in fault.get("leave_out", ()):
                del reply[name]
            if fault.get("choice"):
                reply["choices"][0] |= fault["choice"]
            raw, headers = fault.get("raw", reply), fault.get("headers")
            self.answer(200, raw, headers, cut=fault.get("cut"), drip=fault.get("drip", 0.0))

    def answer(
        self,
        status: int,
        body: Any,
        headers: dict[str, str] | None = None,
        cut: Any = None,
        drip: float = 0.0,
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if cut:
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        step = len(data) // 10 if drip else len(data) or 1
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            time.sleep(drip)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that was killed
            super().handle()

    def log_message(self, *words: object) -> None:
        pass


def make_reply(body: dict[str, Any], prompt: str, *, chat: bool) -> dict[str, Any]:
    """Answer as the model does; a token is a word, and the limit of tokens is kept."""
    shown = prompt if chat else prompt.partition("### Input:\n")[2].partition("\n\n")[0]
    text = shown.rpartition("\n\n")[2]
    words = (text.replace("go", "goes") if body["model"] == "writing" else text).split()
    limit = body.get("max_tokens") or body.get("max_completion_tokens") or 16
    kept = " ".join(words[:limit])
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": "length" if len(words) > limit else "stop",
        **({"message": {"role": "assistant", "content": kept}} if chat else {"text": f" {kept}\n"}),
    }
    written = min(len(words), limit)
    return {
        "id": "one",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": len(prompt.split()),
            "completion_tokens": written,
            "total_tokens": len(prompt.split()) + written,
        },
    }


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    end = threading.Timer(900, os._exit, [3])
    end.daemon = True
    end.start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
