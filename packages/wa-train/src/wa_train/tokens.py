"""From text to token ids: prompt and completion are tokenised apart and joined.

Tokenising them together would merge characters across the border and shift the loss mask
(trl#5213), and would differ from generation, where the prompt stands alone. Labels are made from
lengths, never from the pad id, which is often the end-of-sequence id (transformers#23530).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wa_train.errors import DataError, ModelError
from wa_train.prompt import user_message
from wa_train.recipe import Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample as token ids: `ids[:prompt]` is what the model reads, the rest what it writes.

    The last id is always an end token. `lost` counts the tokens of the completion that were cut.
    """

    ids: list[int]
    prompt: int
    lost: int = 0


class Encoder:
    """Encodes rows for one tokenizer and one way to prompt; the same in training and prediction.

    Args:
        tokenizer: of the base model; it is never changed, and nothing is resized.
        prompt: `rows` reads the row's `prompt` field, `chat` makes one user message of the
            instruction and the input (or takes the row's `messages`) in the chat template.

    Attributes:
        start: ids that the tokenizer puts before a text (BOS, or nothing).
        end: the id that ends a completion.
        eos: ids that end generation; `end` is one of them.

    Raises:
        ModelError: the tokenizer has no end token, or no chat template where one is asked for.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> None:
        self.tokenizer = tokenizer
        self.prompt = prompt
        if prompt == "chat" and not tokenizer.chat_template:
            raise ModelError(
                f"{tokenizer.name_or_path}: the tokenizer has no chat template; expected one for "
                "base.prompt=chat; take --set base.prompt=rows or an instruct model"
            )
        if tokenizer.eos_token_id is None:
            raise ModelError(
                f"{tokenizer.name_or_path}: the tokenizer names no end-of-sequence token; expected "
                "eos_token in its tokenizer_config.json, or the model would never learn to stop"
            )
        # A chat template writes its own BOS.
        self.start = () if prompt == "chat" else self._start()
        self.end = self._turn_end() if prompt == "chat" else int(tokenizer.eos_token_id)
        self.eos = tuple(dict.fromkeys((self.end, int(tokenizer.eos_token_id))))

    def prompts(self, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        """Encode what the model reads of each row, in order."""
        texts = [self._prompt_text(row) for row in rows]
        return [[*self.start, *ids] for ids in self._encode(texts)]

    def completions(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode what the model is to write, in order; each ends in the end token."""
        return [[*ids, self.end] for ids in self._encode(texts)]

    def samples(self, rows: Sequence[Mapping[str, Any]], cutoff: int) -> list[Sample | None]:
        """Encode training rows into at most `cutoff` tokens each, in order.

        The prompt is never cut. Of a completion that is too long the end is cut off and counted;
        the end token stays. A row whose prompt leaves no room for one token and the end is None.
        """
        completions = [_completion(row) for row in rows]
        pairs = zip(self.prompts(rows), self.completions(completions), strict=True)
        return [_fit(prompt, completion, cutoff) for prompt, completion in pairs]

    def count(self, sample: Sample) -> tuple[int, int]:
        """Count a sample's tokens and, of these, its targets."""
        return len(sample.ids), len(sample.ids) - sample.prompt

    def special_tokens(self) -> dict[str, str]:
        """Give the table of special tokens for people to check: role -> token and id."""
        tokenizer = self.tokenizer
        names = {"start": self.start, "end": (self.end,), "eos": self.eos}
        table = {
            name: " ".join(f"{tokenizer.convert_ids_to_tokens(i)} ({i})" for i in ids) or "none"
            for name, ids in names.items()
        }
        pad = tokenizer.pad_token_id
        return table | {"pad": "none" if pad is None else f"{tokenizer.pad_token} ({pad})"}

    def _prompt_text(self, row: Mapping[str, Any]) -> str:
        if self.prompt == "rows":
            return str(row["prompt"])
        messages = row.get("messages")
        before = messages[:-1] if messages else [{"role": "user", "content": user_message(row)}]
        return self._template(before, add_generation_prompt=True)

    def _template(self, messages: Sequence[Mapping[str, str]], **options: Any) -> str:
        from jinja2 import TemplateError

        # enable_thinking is read by templates of hybrid models only: an editor need not think.
        try:
            text = self.tokenizer.apply_chat_template(
                [dict(message) for message in messages],
                tokenize=False,
                enable_thinking=False,
                **options,
            )
        except TemplateError as error:
            raise ModelError(f"the model's chat template fails: {error}") from error
        return str(text)

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        ids = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return list(ids)

    def _start(self) -> tuple[int, ...]:
        """Find what the tokenizer puts before a text by asking it."""
        bare = self.tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
        full = self.tokenizer(_PROBE)["input_ids"]
        for at in range(len(full) - len(bare) + 1):
            if full[at : at + len(bare)] == bare:
                return tuple(full[:at])
        return ()

    def _turn_end(self) -> int:
        """Find the token that the chat template puts behind an answer."""
        question, answer = {"role": "user", "content": "?"}, "<answer>"
        text = self._template([question, {"role": "assistant", "content": answer}])
        behind = self._encode([text[text.rfind(answer) + len(answer) :]])[0]
        special = set(self.tokenizer.all_special_ids)
        return next((token for token in behind if token in special), self.tokenizer.eos_token_id)


def count_common(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the ids that two texts both begin with.

    >>> count_common([1, 2, 3], [1, 2, 4, 5])
    2
    """
    same = [one == other for one, other in zip(left, right, strict=False)]
    return (*same, False).index(False)


def _completion(row: Mapping[str, Any]) -> str:
    if row.get("messages"):
        return str(row["messages"][-1]["content"])
    text = row.get("completion")
    if text is None:
        text = row.get("output")
    if text is None:
        raise DataError(f"row {row.get('id')}: no completion; expected `completion` or `output`")
    return str(text)


def _fit(prompt: list[int], completion: list[int], cutoff: int) -> Sample | None:
    room = cutoff - len(prompt)
    if room < 2:
        return None
    lost = max(len(completion) - room, 0)
    if lost:
        completion = [*completion[: room - 1], completion[-1]]
    return Sample([*prompt, *completion], len(prompt), lost)
