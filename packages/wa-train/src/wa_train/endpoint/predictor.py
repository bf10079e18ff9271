"""The predictor that is a server elsewhere: many requests at once, answers as they come."""

from __future__ import annotations

import asyncio
import platform
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from wa_train.endpoint.asking import Asker
from wa_train.endpoint.failures import RowFailedError
from wa_train.endpoint.settings import EndpointSettings, check_endpoint
from wa_train.errors import EndpointError
from wa_train.hardware import Hardware
from wa_train.predict.predictor import Prediction
from wa_train.predict.settings import Outcome
from wa_train.record import Energy

_FAILED = Prediction(text=None, seconds=0.0, tokens_in=None, tokens_out=None, mark="failed")
_Asked = asyncio.Task[Prediction]


class EndpointPredictor:
    """Predicts by asking a server that speaks OpenAI's protocol.

    Raises (from `answers`):
        EndpointError: the server refuses, cannot be reached, or a row fails for good.
    """

    device = "endpoint"
    passes = 0
    alone = True

    def __init__(self, settings: EndpointSettings) -> None:
        """Check the settings and take the key from the environment.

        Raises:
            UsageError: no server can do that; see `check_endpoint`.
        """
        self.settings = settings
        self._key = check_endpoint(settings)
        self._written = 0

    def identity(self) -> dict[str, Any]:
        """Give whom is asked what; the key is not in it."""
        return {
            "endpoint": self.settings.url.rstrip("/"),
            "model": self.settings.model,
            "prompt": self._prompt,
            "sampling": self.settings.sampling(),
            "longest answer": self.settings.max_new_tokens or "by input",
        }

    def stamp(self) -> dict[str, Any]:
        """Give what every row carries; the precision there is not known here."""
        decoding = self.settings.decoding
        return {
            "model": self.settings.model,
            "run": self.settings.run,
            "decoding": decoding.name,
            "seed": self.settings.seed if decoding.samples else None,
            "engine": "endpoint",
            "dtype": None,
        }

    def answers(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> Iterator[tuple[int, Prediction]]:
        """Ask for the rows, at most `concurrency` at once.

        After a failure nothing more is asked; what is on its way is waited for and given first.
        """
        waiting, pending = deque(todo), dict[_Asked, int]()
        failure: EndpointError | None = None
        there = len(rows) - len(todo)
        with asyncio.Runner() as runner:
            asker = runner.run(self._open())
            try:
                while pending or (waiting and failure is None):
                    done = runner.run(self._step(asker, rows, waiting, pending))
                    for task in done:
                        index = pending.pop(task)
                        try:
                            answer = self._result(task)
                        except EndpointError as error:
                            failure = failure or self._locate(error, index, rows[index])
                            waiting.clear()
                            asker.stop()
                            continue
                        there += 1
                        self._written += answer.tokens_out or 0
                        yield index, answer
            finally:
                runner.run(self._end(asker, pending))
        if failure is not None:
            raise EndpointError(f"{failure}; {self._left(failure, there, len(rows))}")

    async def _open(self) -> Asker:
        return Asker(self.settings, self._key)

    async def _step(
        self,
        asker: Asker,
        rows: Sequence[Mapping[str, Any]],
        waiting: deque[int],
        pending: dict[_Asked, int],
    ) -> list[_Asked]:
        """Ask for as many rows as may be on their way, and wait for the next answers."""
        while waiting and len(pending) < self.settings.concurrency:
            index = waiting.popleft()
            pending[asyncio.create_task(asker.ask(rows[index]))] = index
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        return sorted(done, key=lambda task: pending[task])

    async def _end(self, asker: Asker, pending: Mapping[_Asked, int]) -> None:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await asker.close()

    def _result(self, task: _Asked) -> Prediction:
        try:
            return task.result()
        except RowFailedError as error:
            if self.settings.skip_failed:
                return replace(_FAILED, usage=error.usage)
            raise

    def _locate(self, error: EndpointError, index: int, row: Mapping[str, Any]) -> EndpointError:
        where = f"{self.settings.url}: row {index + 1} ({row['id']})"
        return type(error)(f"{where}: model {self.settings.model!r}: {error}")

    def _left(self, failure: EndpointError, there: int, count: int) -> str:
        skip = ""
        if isinstance(failure, RowFailedError):
            skip = ", and with --skip-failed writes null for such a row"
        return f"{there} of {count} rows are done; the same command goes on from there{skip}"

    @property
    def _prompt(self) -> str:
        return "chat" if self.settings.chat else "rows"

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """Give what the record says: usage and price, but nothing of the server's machine."""
        settings, seconds = self.settings, outcome.loop_seconds
        asked = len(outcome.rows) - outcome.resumed
        names = ("prompt_tokens", "completion_tokens", "requests", "retries", "unreported")
        return {
            "run": settings.run or settings.model,
            "method": "endpoint",
            "base_model": settings.model,
            "prompt": self._prompt,
            "versions": {
                "python": platform.python_version(),
                "wa-train": version("wa-train"),
                "openai": version("openai"),
            },
            "seed": settings.seed if settings.decoding.samples else None,
            "batch": settings.concurrency,
            "dtype": "",
            "hardware": Hardware(),
            "kwh": Energy(note="a server elsewhere, not measured"),
            "tokens_per_second": self._written / seconds if asked and seconds else None,
            "instances_per_second": asked / seconds if asked and seconds else None,
            "usage": {name: outcome.usage.get(name, 0) for name in names},
            "price": self._charge(outcome),
            "decoding": settings.decoding.name,
        }

    def _charge(self, outcome: Outcome) -> dict[str, float | None] | None:
        price = self.settings.price
        if price is None:
            return None
        usage = outcome.usage
        spent = price.total(usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
        return {
            "usd": None if usage.get("unreported") else spent,
            "per_million_input": price.per_million_input,
            "per_million_output": price.per_million_output,
        }
