"""The oracle's section of the page of worlds: does it keep its word, regime by regime."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

INTRO = """\
## Does the oracle keep its word?

The oracle runs each world forward many times from one moment and says how often each outcome \
came. If it knows the world's rules, outcomes happen as often as it says. For every target the \
predictions of fresh worlds are cut into ten groups of equal size; a 95 % band, joint over the \
groups of all targets of a regime, says how far the realised shares may stray by chance. \
`python -m benchmarks.oracle_check`.
"""


def oracle_section(checks: Sequence[Json], known: Sequence[str]) -> str:
    """The section, or that there is no check yet; regimes without one are named."""
    missing = [name for name in known if name not in {check["regime"] for check in checks}]
    lines = [INTRO]
    if checks:
        lines += [
            "| regime | target | rows | mean said | share realised | joint band | worst group |"
        ]
        lines += ["|" + "---|" * 7]
        lines += [_row(check["regime"], *item) for check in checks for item in _targets(check)]
        lines += ["", _verdict(checks), ""]
        lines += [_settings(check) for check in checks]
        lines += [""]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        lines += [f"Not checked: {named}.", ""]
    return "\n".join(lines)


def _targets(check: Json) -> list[tuple[str, Json]]:
    return [(name, found) for name, found in check["targets"].items() if found is not None]


def _row(regime: str, target: str, found: Json) -> str:
    inside = "kept" if found["is_inside"] else "**left**"
    cells = (
        regime.replace("_", " "),
        target.replace("_", " "),
        f"{found['rows']:,}",
        f"{found['predicted']:.3f}",
        f"{found['happened']:.3f}",
        inside,
        _worst(found["worst"]),
    )
    return f"| {' | '.join(cells)} |"


def _worst(group: Json) -> str:
    band = f"{group['band_low']:.2f} to {group['band_high']:.2f}"
    return f"{group['predicted']:.2f} said, {group['happened']:.2f} realised ({band})"


def _verdict(checks: Sequence[Json]) -> str:
    found = [inner for check in checks for _, inner in _targets(check)]
    left = sum(not inner["is_inside"] for inner in found)
    by_chance = sum(1 - inner["level"] for inner in found)
    return (
        f"**{left} of {len(found)} bands are left, in {len(checks)} regimes; with a right oracle "
        f"{by_chance:.2f} would be by chance.**"
    )


def _settings(check: Json) -> str:
    auc = check["slip_auc"]
    slip = "no deals in this regime" if auc is None else f"AUC of slip {_figure(auc)}"
    seeds = ", ".join(str(seed) for seed in check["seeds"])
    return (
        f"- {check['regime'].replace('_', ' ')}: {check['accounts']:,} accounts, seeds {seeds}, "
        f"{check['draws']:,} draws; {slip}."
    )


def _figure(figure: Json) -> str:
    if figure["value"] is None:
        return "not defined"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
