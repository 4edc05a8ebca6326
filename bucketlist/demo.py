"""`demo`: the whole loop on a synthetic CRM, from its first row to a served list."""

from typing import Annotated

import typer

from bucketlist.session import Session


def demo(
    context: typer.Context,
    accounts: Annotated[int, typer.Option(min=30, help="Accounts in the synthetic CRM.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another CRM.")] = 7,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop when the list is published.")
    ] = False,
) -> None:
    """Make a CRM, check it, train, promote, score and serve; run again, it reuses what is there.

    Examples:
        bucketlist demo --no-serve

        bucketlist demo --accounts 200 --seed 3 --port 8080
    """
    from bucketlist.loop import World, run_loop  # noqa: PLC0415  keeps --help quick
    from bucketlist.serve import serve_links  # noqa: PLC0415

    session: Session = context.obj
    outcome = run_loop(session, World(accounts=accounts, seed=seed))
    session.say(f"peak memory {peak_memory_gb():.2f} GB in the largest process")
    session.result(outcome.fields())
    if no_serve:
        typer.echo("The list is published. To see it: bucketlist demo", err=True)
        return
    serve_links(session, host=host, port=port)


def peak_memory_gb() -> float:
    """Resident memory of the largest process so far, this one or one that it started."""
    import resource  # noqa: PLC0415  not on every platform

    kilobytes = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return kilobytes / 1024**2
