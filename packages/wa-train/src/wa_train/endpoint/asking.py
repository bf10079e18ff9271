"""Ask a server for one row, and ask again where that may help."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import openai

from wa_train.endpoint.failures import (
    EXPECTED,
    LONGEST_WAIT,
    Failure,
    RowFailedError,
    explain,
    pause,
)
from wa_train.endpoint.reply import read_reply, read_usage, say
from wa_train.endpoint.settings import EndpointSettings, is_here
from wa_train.errors import EndpointError
from wa_train.predict.decoding import length_limit
from wa_train.predict.predictor import Prediction
from wa_train.prompt import shown_input, user_message

_BYTES_A_TOKEN = 3  # of UTF-8: fewer than a tokenizer's 4 or so, so that the limit is never tight


class Asker:
    """Asks one server, through the openai client.

    Its own retries are off: they forget long waits that a server asks for, do not see a reply
    that is no answer, and do not tell how often they asked.
    """

    def __init__(self, settings: EndpointSettings, key: str) -> None:
        """Make the client; it connects when it is asked."""
        self.settings, self._key = settings, key
        # A proxy of the environment is for other machines; it would see the key in the clear. A
        # redirect is not followed: the rows are meant for the address that was given.
        client = openai.DefaultAsyncHttpxClient(
            trust_env=not is_here(settings.url), follow_redirects=False
        )
        self._client = openai.AsyncOpenAI(
            base_url=settings.url,
            api_key=key,
            max_retries=0,
            timeout=settings.timeout,
            http_client=client,
        )
        self._limit_field = "max_tokens"
        self._closed_until = 0.0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask for nothing again; what is on its way may arrive."""
        self._stopping.set()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, row: Mapping[str, Any]) -> Prediction:
        """Ask for one row until there is an answer or no hope.

        Raises:
            RowFailedError: this row will not be answered.
            EndpointError: no row will be.
        """
        used: Counter[str] = Counter(requests=0, retries=0, prompt_tokens=0, completion_tokens=0)
        while True:
            await self._wait(self._closed_until - time.monotonic())
            if self._stopping.is_set():
                raise EndpointError("stopped by the failure of another row")
            used["requests"] += 1
            limit_field = self._limit_field
            try:
                answer = await self._try(row, used)
            except EXPECTED as error:
                if self._adapts(error, limit_field):
                    continue
                failure = explain(error, self._key, self.settings.timeout)
            else:
                return answer
            if not await self._try_again(failure, used["retries"]):
                raise await self._give_up(failure, used)
            used["retries"] += 1

    async def _try(self, row: Mapping[str, Any], used: Counter[str]) -> Prediction:
        begun = time.perf_counter()
        async with asyncio.timeout(self.settings.timeout):
            reply = await self._send(row)
        seconds = time.perf_counter() - begun
        counts = read_usage(reply)
        if counts:  # of a reply that is no answer, too: it is charged
            used["prompt_tokens"] += counts[0]
            used["completion_tokens"] += counts[1]
        answer = read_reply(reply, self._key)
        used["unreported"] = 0 if counts else 1
        return Prediction(
            text=answer.text,
            seconds=seconds,
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            mark=answer.mark,
            usage=dict(used),
        )

    async def _send(self, row: Mapping[str, Any]) -> Any:
        fields: dict[str, Any] = {"model": self.settings.model, **self.settings.sampling()}
        limit = self.settings.max_new_tokens or limit_by_length(shown_input(row))
        if not self.settings.chat:
            completions: Any = self._client.completions
            return await completions.create(prompt=row["prompt"], max_tokens=limit, **fields)
        said = user_message(row) or row["prompt"]
        fields[self._limit_field] = limit
        chat: Any = self._client.chat.completions
        return await chat.create(messages=[{"role": "user", "content": said}], **fields)

    def _adapts(self, error: Exception, limit_field: str) -> bool:
        """Take the newer name of the limit where a server wants it, and ask again at once."""
        newer = "max_completion_tokens"
        if not isinstance(error, openai.BadRequestError) or newer not in str(error):
            return False
        self._limit_field = newer if self.settings.chat else limit_field
        return limit_field != self._limit_field

    async def _try_again(self, failure: Failure, retries: int) -> bool:
        if not failure.again or retries >= self.settings.retries or self._stopping.is_set():
            return False
        if failure.wait is not None:
            if failure.wait > LONGEST_WAIT:
                return False
            self._closed_until = max(self._closed_until, time.monotonic() + failure.wait)
        await self._wait(pause(retries + 1, failure.wait))
        return not self._stopping.is_set()

    async def _wait(self, seconds: float) -> None:
        """Sleep, but not after `stop`."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _give_up(self, failure: Failure, used: Mapping[str, int]) -> EndpointError:
        requests = used["requests"]
        words = failure.words + (f" ({requests} requests)" if requests > 1 else "")
        if failure.wait is not None and failure.wait > LONGEST_WAIT:
            return EndpointError(
                f"{words}: it asks to wait {failure.wait:.0f} s, more than {LONGEST_WAIT:.0f} s; "
                "run the same command again then"
            )
        if self._stopping.is_set():
            return EndpointError(words)  # asked less often than it might have been
        if not failure.fatal:
            return RowFailedError(words, usage=dict(used))
        there = await self._models() if words.startswith("HTTP 404") else ""
        return EndpointError(f"{words}; {failure.hint}{there}")

    async def _models(self) -> str:
        """Name the models that the server has; nothing where it does not tell."""
        try:
            async with asyncio.timeout(min(10.0, self.settings.timeout)):
                found = await self._client.models.list()
            names = [say(str(model.id), self._key) for model in found.data[:10]]
        except (*EXPECTED, AttributeError, TypeError):
            return f"; `curl {self.settings.url}/models` lists its models, if it has any"
        return f"; models there: {', '.join(names) or 'none'}"


def limit_by_length(text: str) -> int:
    """Give the tokens that a row may take by the UTF-8 bytes of its input, 3 a token.

    >>> limit_by_length("x" * 60), limit_by_length("")
    (46, 256)
    """
    return length_limit(math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN))
