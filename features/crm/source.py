"""Source: where a CRM is read from, opened by its address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from features.calendar import Calendar
from features.crm.accounting import Rulebook
from features.crm.files import FilesSource
from features.crm.given import from_frame
from features.crm.reading import Reading, read_tables

if TYPE_CHECKING:
    from features.crm.synthetic import WorldParams

__all__ = ["Reading", "Source", "SourceError", "SyntheticSource", "open_source"]

WORLD_SETTINGS = ("regime", "accounts", "seed", "years", "until", "block")
"""What may stand after `synthetic:`; accounts and years are the regime's own unless given."""


class SourceError(ValueError):
    """An address that names no source, or one whose settings make no sense."""


class Source(Protocol):
    """Anything that can be read into a Book."""

    def read(self) -> Reading:
        """Read everything once; every input row is accounted for in the report."""
        ...


@dataclass(frozen=True, slots=True)
class SyntheticSource:
    """A made-up CRM, the same for the same parameters."""

    params: "WorldParams"
    name: str
    rulebook: Rulebook

    def read(self) -> Reading:
        """Make the world and pass its tables through the same rules as any other source's."""
        from features.crm.synthetic import make_world  # noqa: PLC0415  large, and rarely wanted

        tables = make_world(self.params)
        given = [from_frame(table, f"synthetic {table}", tables[table]) for table in tables]
        return read_tables(given, self.rulebook, source=self.name)


def open_source(
    url: str, *, calendar: Calendar, now: datetime, base_currency: str | None = None
) -> Source:
    """Open a CRM by its address; nothing is read yet.

    Args:
        url: `files:DIR` or `synthetic:[regime=baseline,accounts=500,seed=7,years=4,
            until=2026-11-21,block=2000]`.
        calendar: the organisation's zone and days.
        now: the run's clock; later stamps are refused, and a synthetic world ends on its day
            unless `until` says otherwise.
        base_currency: the currency of money that needs no exchange rate.

    Raises:
        SourceError: for an unknown scheme or setting; the known ones are named.
    """
    scheme, colon, rest = url.partition(":")
    opener = _OPENERS.get(scheme)
    if not colon or opener is None:
        known = ", ".join(f"{name}:" for name in _OPENERS)
        raise SourceError(f"expected an address that begins with one of {known} got {url!r}")
    return opener(rest, Rulebook(calendar, now, base_currency))


def _open_files(folder: str, rulebook: Rulebook) -> Source:
    if not folder:
        raise SourceError("expected a folder after files:, got nothing")
    return FilesSource(Path(folder), rulebook)


def _open_synthetic(settings: str, rulebook: Rulebook) -> Source:
    from features.crm.synthetic import UnknownRegimeError, regime  # noqa: PLC0415  rarely wanted

    until = rulebook.calendar.day_of(rulebook.now).isoformat()
    chosen = {"regime": "baseline", "seed": "7", "until": until, **_given(settings)}
    try:
        params = regime(
            chosen["regime"],
            accounts=_whole(chosen, "accounts") if "accounts" in chosen else None,
            seed=_whole(chosen, "seed"),
            years=_years(chosen["years"]) if "years" in chosen else None,
            until=_day(chosen["until"]),
            fiscal_year_start_month=rulebook.calendar.fiscal_year_start_month,
        )
    except UnknownRegimeError as error:
        raise SourceError(f"synthetic setting regime: {error}") from error
    if "block" in chosen:
        params = replace(params, block=_whole(chosen, "block"))
    told = chosen | {"accounts": str(params.accounts), "years": f"{params.years:g}"}
    name = ",".join(f"{key}={told[key]}" for key in WORLD_SETTINGS if key in told)
    return SyntheticSource(params, f"synthetic:{name}", rulebook)


def _given(settings: str) -> dict[str, str]:
    given = {}
    for part in filter(None, settings.split(",")):
        name, _, word = part.partition("=")
        if name not in WORLD_SETTINGS:
            raise SourceError(
                f"expected settings {', '.join(WORLD_SETTINGS)} after synthetic:, got {name!r}"
            )
        given[name] = word
    return given


def _whole(chosen: Mapping[str, str], name: str) -> int:
    try:
        return int(chosen[name])
    except ValueError as error:
        raise SourceError(
            f"synthetic setting {name}: expected a whole number, got {chosen[name]!r}"
        ) from error


def _years(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SourceError(f"synthetic setting years: expected a number, got {text!r}") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SourceError(
            f"synthetic setting until: expected a date YYYY-MM-DD, got {text!r}"
        ) from error


_OPENERS: Mapping[str, Callable[[str, Rulebook], Source]] = MappingProxyType(
    {"files": _open_files, "synthetic": _open_synthetic}
)
