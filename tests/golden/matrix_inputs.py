"""Sums of the squared inputs of every matrix by transformers in double.

For tests/unit/model/matrix_input_test.cpp.

Usage: matrix_inputs.py > data/matrix_inputs.txt

A block a checkpoint of forward.py: its name, the number of tokens, and how many matrices follow. A
line a matrix: its name, the largest sum of its columns, and the sums of every seventh column.
"""

from __future__ import annotations

import torch
from synthetic import Spec, reference, token_ids

SPECS = [
    (Spec("plain", 1, 64, 176, 3, 4, 2, 16, 96), 70),
    (Spec("tied", 2, 48, 100, 2, 6, 2, 8, 131, tied=True), 40),
    (Spec("odd", 3, 60, 77, 2, 3, 1, 20, 101), 45),
]


def sums_of_squares(spec: Spec, count: int) -> dict[str, torch.Tensor]:
    """A vector for each matrix, over `count` tokens."""
    model = reference(spec).double()
    sums: dict[str, torch.Tensor] = {}

    def watch(name: str, module: torch.nn.Linear) -> None:
        def add(_: object, inputs: tuple[torch.Tensor]) -> None:
            sums[name] = inputs[0][0].square().sum(dim=0)

        module.register_forward_pre_hook(add)

    for name, module in model.named_modules():
        # The output matrix of tied weights goes by the name of the embeddings.
        tied = spec.tied and name == "lm_head"
        if isinstance(module, torch.nn.Linear):
            watch(("model.embed_tokens" if tied else name) + ".weight", module)
    model(torch.tensor([token_ids(spec, count)]))
    return sums


def main() -> None:
    """Prints the golden file."""
    torch.set_grad_enabled(False)
    for spec, count in SPECS:
        sums = sums_of_squares(spec, count)
        print("checkpoint", spec.name, count, len(sums))
        for tensor, values in sums.items():
            numbers = [values.max(), *values[::7]]
            print(tensor, *(f"{number.item():.9g}" for number in numbers))


if __name__ == "__main__":
    main()
