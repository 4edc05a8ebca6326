"""Access: who is calling and whose rows that caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from serving.rows import RepRow

Role = Literal["rep", "manager", "crm", "data_scientist", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLES_WITH_A_REP: tuple[Role, ...] = ("rep", "manager")


class Owned(Protocol):
    """Anything that belongs to a rep: an account row, a deal row."""

    @property
    def owner_rep_id(self) -> str | None:
        """The owner, or None where the CRM names none."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as proven by a key or a session.

    Attributes:
        key_id: the key behind the call, for the audit trail.
        role: decides which routes are open.
        rep_id: the rep who is calling; None for the other roles.
        visible_rep_ids: owners whose rows may be seen; None stands for every row, also those
            without an owner. An empty set sees nothing.
    """

    key_id: str
    role: Role
    rep_id: str | None
    visible_rep_ids: frozenset[str] | None


def may_see(caller: Caller, row: Owned) -> bool:
    """Whether the row is inside the caller's own rows, tree or CRM; deny by default."""
    if caller.visible_rep_ids is None:
        return caller.role == "crm"
    return row.owner_rep_id is not None and row.owner_rep_id in caller.visible_rep_ids


def identify(key_id: str, role: Role, *, rep_id: str | None, reps: Iterable[RepRow]) -> Caller:
    """Work out whose rows the holder of a key may see, from the reps of one snapshot.

    A rep sees the own rows; a manager those of everyone below, at any depth, and the own; a CRM
    service every row; a data scientist and an admin none.
    """
    visible: frozenset[str] | None = frozenset()
    if role == "crm":
        visible = None
    elif role == "rep" and rep_id is not None:
        visible = frozenset({rep_id})
    elif role == "manager" and rep_id is not None:
        visible = tree_below(rep_id, reps)
    return Caller(key_id, role, rep_id, visible)


def tree_below(rep_id: str, reps: Iterable[RepRow]) -> frozenset[str]:
    """The rep and everyone who reports to them, directly or not; a circle of managers ends."""
    reports: dict[str, list[str]] = {}
    for rep in reps:
        if rep.manager_id is not None:
            reports.setdefault(rep.manager_id, []).append(rep.rep_id)
    seen = {rep_id}
    waiting = [rep_id]
    while waiting:
        for report in reports.get(waiting.pop(), []):
            if report not in seen:
                seen.add(report)
                waiting.append(report)
    return frozenset(seen)
