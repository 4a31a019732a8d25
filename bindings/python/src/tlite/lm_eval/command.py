"""tlite-lm-eval: the harness's command, which knows this package's model too."""

from __future__ import annotations

import argparse
import sys


def _default_model(arguments: argparse.Namespace) -> None:
    """tlite, where neither the call nor its configuration file names a model."""
    if arguments.command != "run" or arguments.model is not None:
        return
    from lm_eval.config.evaluate_config import EvaluatorConfig

    given = EvaluatorConfig.load_yaml_config(arguments.config) if arguments.config else {}
    arguments.model = given.get("model") or "tlite"


def main() -> None:
    """Runs `lm-eval` with the arguments of this process: every flag and subcommand of it.

    The harness finds models by name in a list that this package's import adds to; its own command
    has no way to be told of one. Without --model the model is tlite.
    """
    try:
        import tlite.lm_eval  # noqa: F401  (adds the model to the list)
    except ImportError as error:
        sys.exit(f"tlite-lm-eval: {error}")
    from lm_eval._cli import HarnessCLI
    from lm_eval.utils import setup_logging

    setup_logging()
    command = HarnessCLI()
    arguments = command.parse_args()
    _default_model(arguments)
    command.execute(arguments)


if __name__ == "__main__":
    main()
