"""The command `bucketlist`: options that all commands share, and one small file per group."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bucketlist import (
    check,
    db,
    demo,
    frames,
    keys,
    leaks,
    model,
    policy,
    score,
    serve,
    synth,
    train,
)
from bucketlist.session import Session

app = typer.Typer(
    name="bucketlist",
    help="Sort a rep's accounts into A-list, pain and walk-away, and tell which deals will slip.",
    epilog="Start with: bucketlist demo · then: bucketlist check --crm files:DIR",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(help="API keys: add, list, revoke.", no_args_is_help=True)
policy_app = typer.Typer(help="Policies: who would move under another.", no_args_is_help=True)
db_app = typer.Typer(help="The score store's schema.", no_args_is_help=True)

REFUSALS = (
    ("features.quarantine", "DataRefusedError", 3),
    ("training.folds", "NotEnoughDataError", 3),
    ("serving.lease", "LeaseHeldError", 75),
)
"""Errors with an exit code of their own: module, class, code."""

DOMAIN_ERRORS = ("BundleError", "RegistryError")
"""Errors of the rooms that are plain exceptions."""


@app.callback()
def common(
    context: typer.Context,
    home: Annotated[
        Path,
        typer.Option(help="Databases, bundles, snapshots, reports.", envvar="BUCKETLIST_HOME"),
    ] = Path(".bucketlist"),
    as_json: Annotated[
        bool, typer.Option("--json", help="The result as JSON on stdout; progress on stderr.")
    ] = False,
) -> None:
    """Options before the command are shared by all commands."""
    context.obj = Session(home=home.absolute(), is_json=as_json)


app.command("demo")(demo.demo)
app.command("synth")(synth.synth)
app.command("check")(check.check)
app.command("features")(frames.features)
app.command("labels")(frames.labels)
app.command("backtest")(train.backtest)
app.command("train")(train.train)
app.command("compare")(train.compare)
app.command("leaks")(leaks.leaks)
app.command("promote")(model.promote)
app.command("rollback")(model.rollback)
app.command("versions")(model.versions)
app.command("score")(score.score)
app.command("serve")(serve.serve)
keys_app.command("add")(keys.add)
keys_app.command("list")(keys.list_keys)
keys_app.command("revoke")(keys.revoke)
db_app.command("upgrade")(db.upgrade)
policy_app.command("diff")(policy.diff)
app.add_typer(keys_app, name="keys")
app.add_typer(policy_app, name="policy")
app.add_typer(db_app, name="db")


def main(arguments: list[str] | None = None) -> None:
    """Run one command; an expected error is one line on stderr and its exit code."""
    words = shared_first(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=words)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise SystemExit(130) from None
    except Exception as error:
        if not is_expected(error):
            raise
        typer.echo(f"error: {_words(error)}", err=True)
        raise SystemExit(exit_code(error)) from error


def shared_first(arguments: list[str]) -> list[str]:
    """The same words with `--json` and `--home DIR` in front, so that they may stand anywhere.

    >>> shared_first(["check", "--crm", "files:x", "--json"])
    ['--json', 'check', '--crm', 'files:x']
    """
    shared: list[str] = []
    own: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--json" or word.startswith("--home="):
            shared.append(word)
        elif word == "--home":
            shared += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            own.append(word)
    return shared + own


def is_expected(error: Exception) -> bool:
    """Whether the message says it all; anything else is a fault of ours and shows its trace."""
    if isinstance(error, ValueError | OSError | LookupError | RuntimeError):
        return True
    return type(error).__name__ in DOMAIN_ERRORS


def exit_code(error: Exception) -> int:
    """3 when data were refused, 75 when another run holds the lease, else 1."""
    for module, name, code in REFUSALS:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            return code
    return 1


def _words(error: Exception) -> str:
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__
