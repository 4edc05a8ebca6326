"""Finding: something about a whole table that a person should know before trusting a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One numbered remark; the numbers never change their meaning.

    Attributes:
        code: BL001 and so on.
        title: the check's name.
        table: the table it speaks of.
        column: the column; empty where it speaks of whole rows.
        rows: how many rows it concerns, count.
        text: what was expected and what was found.
    """

    code: str
    title: str
    table: str
    column: str
    rows: int
    text: str

    def to_mapping(self) -> dict[str, object]:
        """The finding ready for JSON."""
        return {
            "code": self.code,
            "title": self.title,
            "table": self.table,
            "column": self.column,
            "rows": self.rows,
            "text": self.text,
        }
