"""`synth`: write a synthetic CRM as contract tables, and what could have been known of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import day_of
from bucketlist.session import Session
from bucketlist.world_files import Format, write_world

if TYPE_CHECKING:
    from features.crm.synthetic import WorldParams

__all__ = ["Format", "synth", "write_world"]

ORACLE_FILE = "oracle.parquet"
REGIME_NAMES = (
    "baseline", "sparse", "tiny", "long_cycle", "transactional", "gaming", "shock", "boom",
)  # fmt: skip
"""As in features.crm.synthetic.REGIMES, which takes longer to import than help may take."""
MESS_NAMES = (
    "duplicates", "currencies", "missing_contacts", "missing_facts", "owner_changes",
    "credit_notes", "back_dating", "sandbagging", "happy_ears", "zombies",
)  # fmt: skip
"""As in features.crm.synthetic.MESS."""


def synth(  # noqa: PLR0913  one parameter per option
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; must be empty or absent.")],
    regime: Annotated[
        str, typer.Option(help=f"What kind of company: {', '.join(REGIME_NAMES)}.")
    ] = "baseline",
    accounts: Annotated[
        int | None,
        typer.Option(min=1, help="Number of accounts; 500 unless given, 60 in regime tiny."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same CRM.")] = 7,
    years: Annotated[
        float | None, typer.Option(help="Years of history; 4 unless given, 2 in regime tiny.")
    ] = None,
    until: Annotated[
        str, typer.Option(help="The data end before this day, YYYY-MM-DD; today unless given.")
    ] = "",
    without: Annotated[
        str, typer.Option(help=f"Mess to leave out, by comma: {', '.join(MESS_NAMES)}; or all.")
    ] = "",
    format: Annotated[Format, typer.Option(help="File format.")] = Format.PARQUET,  # noqa: A002  the option's name
    oracle: Annotated[
        bool, typer.Option("--oracle", help=f"Also write {ORACLE_FILE}; takes minutes.")
    ] = False,
    draws: Annotated[
        int, typer.Option(min=1, help="Forward worlds for each moment of the oracle.")
    ] = 400,
    per_origin: Annotated[
        int, typer.Option(min=0, help="Oracle moments for each origin of a backtest; 0 for all.")
    ] = 0,
) -> None:
    """Write the contract tables of a CRM that does not exist but looks like one.

    With --oracle, oracle.parquet holds the probabilities of every account's bucket and of every
    open deal's end, at the moments that a backtest with the default experiment tests: by running
    the world on from there, again and again.

    Examples:
        bucketlist synth --out crm --accounts 500 --seed 7

        bucketlist synth --out crm --regime long_cycle --years 6 --format csv

        bucketlist synth --out crm --accounts 200 --oracle --per-origin 1
    """
    session: Session = context.obj
    params = _params(session, regime, accounts=accounts, seed=seed, years=years, until=until)
    params = _cleaned(params, without)
    session.say(
        f"making {params.accounts:,} accounts of regime {regime} from seed {seed}, "
        f"{params.years:g} years until {params.until}"
    )
    rows = write_world(params, out, file_format=format, progress=session.say)
    session.say(f"{sum(rows.values()):,} rows in {len(rows)} tables in {out}")
    found: dict[str, object] = {"out": str(out), "format": str(format), "rows": rows}
    if oracle:
        from bucketlist.oracle_plan import Asking, write_oracle  # noqa: PLC0415

        asking = Asking(draws=draws, per_origin=per_origin)
        try:
            found["oracle_rows"] = write_oracle(session, params, asking, out / ORACLE_FILE)
        except BaseException:
            session.say(f"the tables in {out} are whole; only {ORACLE_FILE} is missing")
            raise
    session.result(found)


def _params(
    session: Session,
    regime: str,
    *,
    accounts: int | None,
    seed: int,
    years: float | None,
    until: str,
) -> "WorldParams":
    from features.crm.synthetic import UnknownRegimeError  # noqa: PLC0415  keeps --help quick
    from features.crm.synthetic import regime as params_of  # noqa: PLC0415

    calendar = session.calendar
    try:
        return params_of(
            regime,
            accounts=accounts,
            seed=seed,
            years=years,
            until=day_of(until, option="--until") if until else calendar.day_of(session.now()),
            fiscal_year_start_month=calendar.fiscal_year_start_month,
        )
    except UnknownRegimeError as error:
        raise typer.BadParameter(str(error), param_hint="--regime") from error
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--years") from error


def _cleaned(params: "WorldParams", kinds: str) -> "WorldParams":
    from features.crm.synthetic import MESS, UnknownMessError, without  # noqa: PLC0415

    given = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    try:
        return without(params, MESS if given == ["all"] else given)
    except UnknownMessError as error:
        raise typer.BadParameter(str(error), param_hint="--without") from error
