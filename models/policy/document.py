"""Policy: the label and the decision policy of one organisation, as one TOML document."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.policy.decision import DecisionPolicy
from models.policy.label import LabelPolicy
from models.policy.record import from_mapping, policy_hash, to_mapping


@dataclass(frozen=True, slots=True)
class Policy:
    """Both policies under one hash, which goes into every model."""

    label: LabelPolicy = field(default_factory=LabelPolicy)
    decision: DecisionPolicy = field(default_factory=DecisionPolicy)

    def to_mapping(self) -> Mapping[str, object]:
        """Every constant, nested as in the TOML file."""
        return to_mapping(self)

    def policy_hash(self) -> str:
        """SHA-256 of the constants as canonical JSON, in hex."""
        return policy_hash(self.to_mapping())


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy file: tables `[label]` and `[decision]`; what it leaves out keeps its default.

    Raises:
        ValueError: for a file that is no TOML, an unknown key (with the nearest names), a value of
            another type or outside its bounds; the message names file, table and key.
        FileNotFoundError: when there is no such file.
    """
    if path is None:
        return Policy()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: expected TOML, {error}") from error
    return from_mapping(Policy, document, where=path.name)
