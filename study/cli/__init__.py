"""The command line. Each command's module imports nothing but Typer at its top, so that `--help` answers at once."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

app = typer.Typer(
    name="study",
    help="Fair, tuned comparisons of pre-training for skin-lesion diagnosis, on a laptop or a Ray cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line. Exit codes: 0 done; 1 a fault of ours or of the cluster; 2 bad input, said in one error;
    130 interrupted (run again to go on)."""
    from study.base.errors import StudyError

    try:
        app()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        raise SystemExit(130) from None


# Modules register their commands on `app` when imported: the order of `study --help`.
for _module in (
    "init",
    "run",
    "curves",
    "spec",
    "compare",
    "predict",
    "verify",
    "watch",
    "tracking",
    "data",
    "encoders",
    "pretrain",
    "cluster",
):
    import_module(f"study.cli.{_module}")
