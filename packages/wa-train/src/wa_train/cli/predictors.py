"""The options of `wa-train predict` that belong to what predicts, and what they make."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from wa_train.cli import options
from wa_train.errors import UsageError

if TYPE_CHECKING:
    from wa_train.cost import CostMeter
    from wa_train.model import Loaded
    from wa_train.predict.decoding import Decoding
    from wa_train.predict.predictor import Predictor
    from wa_train.predict.settings import Settings

    Ready = Callable[[float], tuple[Predictor, CostMeter]]

Command = TypeVar("Command", bound=Callable[..., Any])
SERVER = "server"

_LOCAL = (
    click.option(
        "--copy-draft", is_flag=True,
        help="Draft tokens copied from the input: greedy's output in fewer passes.",
    ),
    click.option(
        "--exact", is_flag=True,
        help="One row at a time in fp32: independent of the other rows, with latency percentiles.",
    ),
    click.option(
        "--batch-tokens", type=click.IntRange(min=1), metavar="N",
        help="Tokens held in memory at once, over all rows; default by the free memory.",
    ),
    click.option(
        "--precision", type=click.Choice(["fp32", "bf16", "fp16"]),
        help="Of the weights; default bf16 on a GPU, and for taggers on CPUs that compute in it; "
        "else fp32.",
    ),
    click.option(
        "--device", metavar="D", help="cpu, cuda, cuda:1; default the GPU, else the CPU."
    ),
    click.option(
        "--confidence", type=options.Finite(-1, 1), metavar="P",
        help="Of a tagger: added to the probability that a word stays; default as tuned.",
    ),
    click.option(
        "--error", type=options.Finite(0, 1), metavar="P",
        help="Of a tagger: least probability of an error to act on; default as tuned.",
    ),
    click.option(
        "--rounds", type=click.IntRange(min=1), metavar="N",
        help="Of a tagger: passes over a sentence, at most; default as tuned.",
    ),
    options.overrides,
)  # fmt: skip
_ONLY_TAGGER = ("confidence", "error", "rounds")
_ENDPOINT = (
    click.option(
        "--endpoint", metavar="URL",
        help="Ask a server that speaks OpenAI's protocol, such as http://127.0.0.1:8000/v1; its "
        "key is taken from WA_ENDPOINT_KEY or OPENAI_API_KEY.",
    ),
    click.option("--model", metavar="NAME", help="What the endpoint calls the model."),
    click.option(
        "--chat/--completions", default=True,
        help="Send one user message (default), or the row's own prompt as it stands.",
    ),
    click.option(
        "--temperature", type=options.Finite(min=0), metavar="T",
        help="Of the endpoint, over --decoding's.",
    ),
    click.option(
        "--concurrency", type=click.IntRange(min=1), default=8, show_default=True, metavar="N",
        help="Requests to the endpoint at once, at most.",
    ),
    click.option(
        "--timeout", type=options.Finite(min=0, min_open=True), default=120.0,
        show_default=True, metavar="S", help="Seconds that one request may take.",
    ),
    click.option(
        "--retries", type=click.IntRange(min=0), default=6, show_default=True, metavar="N",
        help="How often a row is asked again after a failure that may pass; waits that the "
        "server asks for are kept up to 600 s.",
    ),
    click.option(
        "--skip-failed", is_flag=True,
        help="Write null for a row that the endpoint fails for good, instead of stopping.",
    ),
    click.option(
        "--price-input", type=options.Finite(min=0), metavar="USD",
        help="USD for a million tokens read, for the record; with --price-output.",
    ),
    click.option(
        "--price-output", type=options.Finite(min=0), metavar="USD",
        help="USD for a million tokens written.",
    ),
)  # fmt: skip
_ONLY_LOCAL = (
    "copy_draft", "exact", "batch_tokens", "precision", "device", "overrides", *_ONLY_TAGGER,
)  # fmt: skip
_ONLY_ENDPOINT = (
    "model", "chat", "temperature", "concurrency", "timeout", "retries", "skip_failed",
    "price_input", "price_output",
)  # fmt: skip


def local_options(command: Command) -> Command:
    """Add the options of a model in this process."""
    return _add(_LOCAL, command)


def endpoint_options(command: Command) -> Command:
    """Add the options of a server elsewhere."""
    return _add(_ENDPOINT, command)


def _add(added: tuple[Callable[[Any], Any], ...], command: Command) -> Command:
    for option in reversed(added):
        command = option(command)
    return command


def check_source(source: str | None, context: click.Context) -> None:
    """Refuse what does not go together: a model and an endpoint, or options of the other one.

    Raises:
        UsageError: names the option.
    """
    endpoint = context.params["endpoint"]
    if (source is None) == (endpoint is None):
        got = "neither" if source is None else "both"
        raise UsageError(
            f"expected either RUN|MODEL or --endpoint URL --model NAME, got {got}; "
            "`wa-train predict --help`"
        )
    if endpoint is not None and not context.params["model"]:
        raise UsageError(
            "--endpoint: expected --model NAME, what the server calls the model; "
            "most servers list theirs at URL/models"
        )
    wrong, where = (_ONLY_LOCAL, "RUN|MODEL") if endpoint else (_ONLY_ENDPOINT, "--endpoint")
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) == ParameterSource.COMMANDLINE
        if parameter.name in wrong and given:
            raise UsageError(f"{parameter.opts[0]} goes with {where} only; leave it out")


def make_local(source: str | None, asked: Mapping[str, Any]) -> Ready:
    """Check the options of a model in this process; what is returned loads it.

    It takes the moment at which the command started.

    Raises:
        UsageError: they contradict each other.
    """
    from wa_train.predict.decoding import pick_decoding

    if asked["decoding"] == SERVER:
        raise UsageError("--decoding server goes with --endpoint only; expected another")
    chosen = pick_decoding(asked["decoding"], copy_draft=asked["copy_draft"])
    exact, precision = asked["exact"], asked["precision"]
    if exact and precision not in (None, "fp32"):
        raise UsageError(f"--exact computes in fp32, got --precision {precision}; leave one out")

    def load(started: float) -> tuple[Predictor, CostMeter]:
        from wa_train.cost import CostMeter
        from wa_train.hardware import check_device
        from wa_train.model import load_for_prediction, pick_device
        from wa_train.predict.settings import Settings

        device = check_device(asked["device"]) if asked["device"] else pick_device()
        wide = exact or not device.startswith("cuda")
        settings = Settings(
            decoding=chosen,
            precision=precision or ("fp32" if wide else "bf16"),
            exact=exact,
            batch_tokens=asked["batch_tokens"] or 0,
            max_new_tokens=asked["max_new_tokens"] or 0,
            seed=asked["seed"],
            run=asked["run_name"],
        )
        meter = CostMeter(device).start(since=time.monotonic() - started)
        loaded = load_for_prediction(
            str(source),
            precision=settings.precision,
            device=device,
            overrides=asked["overrides"],
        )
        return _choose(loaded, settings, asked), meter

    return load


def _choose(loaded: Loaded, settings: Settings, asked: Mapping[str, Any]) -> Predictor:
    """Choose what predicts with a loaded model: it writes text, or tags it."""
    from wa_train.predict.local import LocalPredictor
    from wa_train.tagger.encoder import TagEncoder

    tuned = {name: asked[name] for name in _ONLY_TAGGER if asked[name] is not None}
    if not isinstance(loaded.encoder, TagEncoder):
        for name in tuned:
            raise UsageError(
                f"--{name} goes with taggers only, and {loaded.name} is none; leave it out"
            )
        return LocalPredictor(loaded, settings)
    if asked["copy_draft"] or asked["decoding"] != "greedy":
        raise UsageError("a tagger writes no text: leave out --decoding and --copy-draft")
    from wa_train.tagger.predictor import TagPredictor, narrow
    from wa_train.tagger.thresholds import read_thresholds

    if not (settings.exact or asked["precision"]):
        settings = replace(settings, precision=narrow(loaded.model))
    thresholds = replace(read_thresholds(loaded.folder), **tuned)
    return TagPredictor(loaded, settings, thresholds)


def make_endpoint(source: str | None, asked: Mapping[str, Any]) -> Ready:
    """Check the options of an endpoint; what is returned makes its predictor.

    It takes the moment at which the command started.

    Raises:
        UsageError: they contradict each other, or no server can do that.
    """
    from wa_train.endpoint.settings import EndpointSettings, Price, check_endpoint

    prices = asked["price_input"], asked["price_output"]
    if (prices[0] is None) != (prices[1] is None):
        raise UsageError("--price-input and --price-output go together; give both, or none")
    settings = EndpointSettings(
        url=asked["endpoint"],
        model=asked["model"],
        decoding=_endpoint_decoding(asked["decoding"], asked["temperature"]),
        chat=asked["chat"],
        concurrency=asked["concurrency"],
        timeout=asked["timeout"],
        retries=asked["retries"],
        max_new_tokens=asked["max_new_tokens"] or 0,
        seed=asked["seed"],
        price=None
        if prices[0] is None
        else Price(per_million_input=prices[0], per_million_output=prices[1]),
        skip_failed=asked["skip_failed"],
        run=asked["run_name"],
    )
    check_endpoint(settings)

    def load(started: float) -> tuple[Predictor, CostMeter]:
        from wa_train.cost import CostMeter
        from wa_train.endpoint.predictor import EndpointPredictor

        meter = CostMeter("endpoint").start(since=time.monotonic() - started)
        return EndpointPredictor(settings), meter

    return load


def _endpoint_decoding(name: str, temperature: float | None) -> Decoding:
    """Give a preset, under a name of its own where its temperature is another."""
    from wa_train.predict.decoding import Decoding, pick_decoding

    if name == SERVER:
        if temperature is not None:
            raise UsageError("--temperature contradicts --decoding server; leave one out")
        return Decoding(name=SERVER)
    chosen = pick_decoding(name)
    if temperature is None or temperature == chosen.temperature:
        return chosen
    if temperature == 0:
        raise UsageError(f"--temperature 0 contradicts --decoding {name}; expected greedy")
    shown = f"temperature {temperature:g}"
    called = shown if name == "greedy" else f"{name}, {shown}"
    return replace(chosen, name=called, temperature=temperature)
