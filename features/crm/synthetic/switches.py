"""Switches: each kind of mess of a world, and the same world without it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from features.crm.synthetic.params import WorldParams

Change = Callable[[WorldParams], WorldParams]


class UnknownMessError(ValueError):
    """A name that no kind of mess has."""


def without(params: WorldParams, kinds: Iterable[str]) -> WorldParams:
    """The same world without some kinds of mess.

    Raises:
        UnknownMessError: for a name that is not in MESS.
    """
    for kind in kinds:
        if kind not in MESS:
            raise UnknownMessError(f"expected mess out of {', '.join(MESS)}, got {kind!r}")
        params = MESS[kind](params)
    return params


def _duplicates(params: WorldParams) -> WorldParams:
    part = replace(params.mess.duplicates, share=0.0)
    return replace(params, mess=replace(params.mess, duplicates=part))


def _currencies(params: WorldParams) -> WorldParams:
    part = replace(params.mess.currencies, share=0.0)
    return replace(params, mess=replace(params.mess, currencies=part))


def _missing_contacts(params: WorldParams) -> WorldParams:
    part = replace(params.mess.gaps, no_contacts=0.0)
    return replace(params, mess=replace(params.mess, gaps=part))


def _missing_facts(params: WorldParams) -> WorldParams:
    part = replace(params.mess.gaps, employees=0.0, annual_revenue=0.0, industry=0.0)
    return replace(params, mess=replace(params.mess, gaps=part))


def _owner_changes(params: WorldParams) -> WorldParams:
    return replace(params, reps=replace(params.reps, leaves=0.0, account_moves=0.0))


def _credit_notes(params: WorldParams) -> WorldParams:
    return replace(params, billing=replace(params.billing, credit=0.0))


def _back_dating(params: WorldParams) -> WorldParams:
    return replace(
        params,
        reps=replace(params.reps, lateness=(0.0, 0.0)),
        billing=replace(params.billing, backdated=0.0),
    )


def _sandbagging(params: WorldParams) -> WorldParams:
    return replace(params, reps=replace(params.reps, sandbaggers=0.0))


def _happy_ears(params: WorldParams) -> WorldParams:
    return replace(params, reps=replace(params.reps, happy_ears=0.0))


def _zombies(params: WorldParams) -> WorldParams:
    return replace(params, pursuit=replace(params.pursuit, abandon=0.0))


MESS: Final[Mapping[str, Change]] = MappingProxyType(
    {
        "duplicates": _duplicates,
        "currencies": _currencies,
        "missing_contacts": _missing_contacts,
        "missing_facts": _missing_facts,
        "owner_changes": _owner_changes,
        "credit_notes": _credit_notes,
        "back_dating": _back_dating,
        "sandbagging": _sandbagging,
        "happy_ears": _happy_ears,
        "zombies": _zombies,
    }
)
"""Kind → the change that takes it out; nothing else of the world's rules changes."""
