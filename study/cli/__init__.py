"""The command line. Each command's module imports nothing but Typer at its top, so that `--help` answers at once."""

from __future__ import annotations

import errno
import sys
from importlib import import_module

import typer

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE)

app = typer.Typer(
    name="study",
    help="Fair, tuned comparisons of pre-training for skin-lesion diagnosis, on a laptop or a Ray cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line. Exit codes: 0 done; 1 a fault of ours or of the machine; 2 bad input, said in one error;
    75 processes or nodes were lost (run again to go on); 130 and 143 interrupted (run again to go on)."""
    from study.base.errors import RunAgain, StudyError
    from study.cluster.lifetime.own_ray import TERMINATED, restart_when_lost, start_another

    restart_when_lost()
    try:
        app()
    except StudyError as error:
        if isinstance(error, RunAgain):
            start_another(str(error).partition(". ")[0])
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror}. Mend this and run the same command again.", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        raise SystemExit(130) from None
    except SystemExit as ended:
        if ended.code == TERMINATED:
            print("terminated; run the same command again to go on", file=sys.stderr)
        raise


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
