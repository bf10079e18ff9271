"""The predictor that is a causal model in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from wa_train.predict.decoding import length_limit
from wa_train.predict.identity import weights_digest
from wa_train.predict.predictor import Prediction
from wa_train.predict.request import Request, shared_prefixes
from wa_train.predict.settings import Outcome, Settings
from wa_train.predict.worker import Worker, default_budget
from wa_train.prompt import shown_input

if TYPE_CHECKING:
    from wa_train.model import Loaded


@dataclass(frozen=True, slots=True)
class _Plan:
    """Rows as requests; prompt tokens by row, those too long included."""

    requests: list[Request]
    tokens_in: dict[int, int]
    too_long: list[int]


@dataclass(slots=True)
class LocalPredictor:
    """Predicts with a loaded causal model.

    Raises (from `answers`):
        UsageError: the model cannot decode so.
        ResourceError: the memory is not enough for one row.
    """

    loaded: Loaded
    settings: Settings
    _worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        """Choose how much to hold at once."""
        loaded, settings = self.loaded, self.settings
        self._worker = Worker(
            model=loaded.model,
            decoding=settings.decoding,
            eos=loaded.encoder.eos,
            budget=settings.batch_tokens or default_budget(loaded.model, settings.decoding),
            exact=settings.exact,
            seed=settings.seed,
        )

    @property
    def device(self) -> str:
        """Name the model's device."""
        return str(self.loaded.model.device)

    @property
    def passes(self) -> int:
        """Give the forward passes so far."""
        return self._worker.passes

    @property
    def alone(self) -> bool:
        """Tell whether rows run one at a time."""
        return self.settings.exact

    def identity(self) -> dict[str, Any]:
        """Give the model by its weights, and the settings that its text depends on."""
        return {
            "model": self.loaded.name,
            "weights": weights_digest(self.loaded.model),
            "prompt": self.loaded.encoder.prompt,
            "precision": self.settings.precision,
            "one row at a time": self.settings.exact,
            "longest answer": self.settings.max_new_tokens or "by input",
        }

    def stamp(self) -> dict[str, Any]:
        """Give what every row carries."""
        return model_stamp(self.loaded, self.settings, self.settings.decoding.name)

    def answers(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> Iterator[tuple[int, Prediction]]:
        """Tokenise at once, then decode batch by batch."""
        return self._decoded(self._plan(rows, todo, keys))

    def _decoded(self, plan: _Plan) -> Iterator[tuple[int, Prediction]]:
        for index in plan.too_long:
            yield (
                index,
                Prediction(
                    text=None,
                    seconds=0.0,
                    tokens_in=plan.tokens_in[index],
                    tokens_out=0,
                    mark="too_long",
                ),
            )
        for answer in self._worker.decode(plan.requests):
            text = self.loaded.tokenizer.decode(list(answer.tokens), skip_special_tokens=True)
            yield (
                answer.index,
                Prediction(
                    text=str(text).strip(),
                    seconds=answer.seconds,
                    tokens_in=plan.tokens_in[answer.index],
                    tokens_out=len(answer.tokens),
                    mark="cut" if answer.cut else "",
                ),
            )

    def _plan(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> _Plan:
        loaded, settings = self.loaded, self.settings
        asked = [rows[index] for index in todo]
        prompts = loaded.encoder.prompts(asked)
        inputs = [shown_input(row) for row in asked]
        sources = loaded.encoder.completions(inputs)
        shared = shared_prefixes(prompts, [str(row["instruction"]) for row in asked])
        config: Any = loaded.model.config.get_text_config()
        positions = getattr(config, "max_position_embeddings", None)
        requests, too_long = [], []
        for place, (index, prompt) in enumerate(zip(todo, prompts, strict=True)):
            source = sources[place] if inputs[place] else []
            limit = settings.max_new_tokens or length_limit(len(source) - 1 if source else 0)
            if positions:
                # An encoder-decoder counts what it writes apart from what it reads.
                fits = config.is_encoder_decoder and len(prompt) <= positions
                limit = min(limit, positions - (0 if fits else len(prompt)))
            if limit < 1:
                too_long.append(index)
                continue
            requests.append(
                Request(
                    index=index,
                    key=keys[index],
                    prompt=tuple(prompt),
                    source=tuple(source),
                    limit=limit,
                    shared=0 if settings.exact else shared[place],
                )
            )
        sizes = {index: len(prompt) for index, prompt in zip(todo, prompts, strict=True)}
        return _Plan(requests, sizes, too_long)

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """Give what the record says of the model and its decoding."""
        settings = self.settings
        return model_facts(self.loaded, settings) | {
            "batch": self._worker.budget,
            "decoding": settings.decoding.name,
        }


def model_stamp(loaded: Loaded, settings: Settings, decoding: str) -> dict[str, Any]:
    """Give what every row of a model in this process carries, whatever the model does."""
    return {
        "model": loaded.name,
        "run": settings.run or loaded.run,
        "decoding": decoding,
        "seed": prediction_seed(loaded, settings),
        "engine": f"transformers {version('transformers')}",
        "dtype": settings.precision,
    }


def prediction_seed(loaded: Loaded, settings: Settings) -> int | None:
    """Give the seed that a text depends on: the decoding's, else that of the training, if any.

    So runs that were trained with several seeds can be told apart, and their scores be averaged.
    """
    if settings.decoding.samples:
        return settings.seed
    return loaded.record.seed if loaded.record else None


def model_facts(loaded: Loaded, settings: Settings) -> dict[str, Any]:
    """Give what the record says of a model in this process, whatever it does."""
    before = loaded.record
    recipe = loaded.recipe.name if loaded.recipe else None
    return {
        "run": settings.run or loaded.run or loaded.name,
        "seed": prediction_seed(loaded, settings),
        "method": loaded.method,
        "recipe": before.recipe if before else recipe,
        "recipe_sha256": before.recipe_sha256 if before else None,
        "base_model": before.base_model if before else loaded.name,
        "base_revision": before.base_revision if before else loaded.commit,
        "prompt": loaded.encoder.prompt,
        "parameters": loaded.model.num_parameters(),
        "dtype": settings.precision,
    }
