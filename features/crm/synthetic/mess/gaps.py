"""Gaps: accounts without contacts, and facts about accounts that nobody entered."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.params import GapParams
from features.schema import ACCOUNT_ID, conform

FACTS: Final = ("employees", "annual_revenue", "industry")


def gaps(
    rng: np.random.Generator, tables: Mapping[str, pl.DataFrame], params: GapParams
) -> dict[str, pl.DataFrame]:
    """Take out the contacts of some accounts and some facts of others.

    Contacts go with everything that names them: their part in deals, and their name on
    activities, which stay. A fact that the history of accounts holds is taken out there too.

    Args:
        rng: four numbers per account, in the order of the table.
        tables: contract tables by name.
        params: the share of each gap.
    """
    shares = (params.no_contacts, params.employees, params.annual_revenue, params.industry)
    accounts = tables["accounts"]
    struck = rng.random((accounts.height, len(shares))) < np.array(shares)
    ids = accounts[ACCOUNT_ID]
    done = _without_contacts(tables, ids.filter(pl.Series(struck[:, 0])))
    if struck[:, 1:].any():
        gone = {fact: struck[:, place] for place, fact in enumerate(FACTS, start=1)}
        done = _without_facts(done, gone)
    return done


def _without_contacts(
    tables: Mapping[str, pl.DataFrame], alone: pl.Series
) -> dict[str, pl.DataFrame]:
    """The tables after the contacts of the accounts `alone` are gone."""
    done = dict(tables)
    if len(alone) == 0 or "contacts" not in tables:
        return done
    contacts = tables["contacts"]
    is_alone = pl.col(ACCOUNT_ID).is_in(alone.implode())
    gone = contacts.filter(is_alone)["contact_id"].implode()
    is_gone = pl.col("contact_id").is_in(gone)
    done["contacts"] = _checked("contacts", contacts.filter(~is_alone))
    if "opportunity_contacts" in tables:
        kept = tables["opportunity_contacts"].filter(~is_gone)
        done["opportunity_contacts"] = _checked("opportunity_contacts", kept)
    if "activities" in tables:
        named = pl.when(~is_gone).then(pl.col("contact_id")).alias("contact_id")
        done["activities"] = _checked("activities", tables["activities"].with_columns(named))
    return done


def _without_facts(
    tables: Mapping[str, pl.DataFrame], gone: Mapping[str, np.ndarray]
) -> dict[str, pl.DataFrame]:
    """The tables after `gone` facts (by account, in the order of the table) are not known."""
    accounts = tables["accounts"]
    emptied = [
        pl.when(~pl.Series(mask)).then(pl.col(fact)).alias(fact) for fact, mask in gone.items()
    ]
    done = {**tables, "accounts": _checked("accounts", accounts.with_columns(emptied))}
    if "account_changes" in tables:
        lost = pl.concat(
            accounts.filter(pl.Series(mask)).select(ACCOUNT_ID, pl.lit(fact).alias("field"))
            for fact, mask in gone.items()
        )
        kept = tables["account_changes"].join(
            lost, on=[ACCOUNT_ID, "field"], how="anti", maintain_order="left"
        )
        done["account_changes"] = _checked("account_changes", kept)
    return done


def _checked(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return conform(name, frame.lazy()).collect()
