"""First tables: snapshots and their pointer, keys, links, sessions, audit.

The columns are written out here and not taken from `tables.py`: a revision stays as it was when
stores were made with it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _scores()
    _access()
    _audit()


def downgrade() -> None:
    for table in (
        "audit",
        "sessions",
        "sign_in_links",
        "api_keys",
        "current_snapshot",
        "snapshots",
    ):
        op.drop_table(table)


def _scores() -> None:
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("scored_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("bundle_hash", sa.String(64), nullable=False),
        sa.Column("contract_hash", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_published_at", "snapshots", ["published_at"])
    pointer = op.create_table(
        "current_snapshot",
        sa.Column("only_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("only_row", name="pk_current_snapshot"),
        sa.CheckConstraint("only_row = 1", name=op.f("ck_current_snapshot_only_row")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.snapshot_id"], name="fk_current_snapshot_snapshot_id"
        ),
    )
    op.bulk_insert(pointer, [{"only_row": 1, "snapshot_id": None}])


def _access() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("rep_id", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("sha256", name="uq_api_keys_sha256"),
    )
    op.create_index("ix_api_keys_prefix", "api_keys", ["prefix"])
    _tokens("sign_in_links", ends="used_at")
    _tokens("sessions", ends="ended_at")


def _tokens(table: str, *, ends: str) -> None:
    op.create_table(
        table,
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column(ends, MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.key_id"], name=f"fk_{table}_key_id"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("former_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.UniqueConstraint("sha256", name="uq_audit_sha256"),
    )
