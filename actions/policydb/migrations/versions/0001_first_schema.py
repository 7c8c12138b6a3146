"""first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('buyer', 'seller')", name=op.f("ck_account_role_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("role", "external_id", name=op.f("uq_account_role_external_id")),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", ROW_ID, nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_account_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_account_id_at", "audit", ["account_id", "at"], unique=False)
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)

    op.create_table(
        "shop",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner_id", ROW_ID, nullable=False),
        sa.Column("risk_rate_bp", sa.Integer(), nullable=False),
        sa.Column("consumer_protection", sa.Boolean(), nullable=False),
        sa.Column("seven_day_return", sa.Boolean(), nullable=False),
        sa.Column("return_region", sa.String(length=40), nullable=False),
        sa.CheckConstraint("risk_rate_bp BETWEEN 0 AND 10000", name=op.f("ck_shop_risk_rate_bp_range")),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_shop_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop")),
        sa.UniqueConstraint("code", name=op.f("uq_shop_code")),
    )
    op.create_index("ix_shop_owner_id", "shop", ["owner_id"], unique=False)

    op.create_table(
        "enrollment",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("shop_id", ROW_ID, nullable=False),
        sa.Column("product_id", sa.String(length=40), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= enrolled_at", name=op.f("ck_enrollment_ended_at_after_enrolled_at")
        ),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_enrollment_fee_fen_not_negative")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_enrollment_product_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_enrollment_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
    )
    op.create_index("ix_enrollment_shop_id", "enrollment", ["shop_id"], unique=False)
    op.create_index(
        "uq_enrollment_active",
        "enrollment",
        ["shop_id", "product_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "shop_order",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("buyer_id", ROW_ID, nullable=False),
        sa.Column("shop_id", ROW_ID, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(length=32), nullable=True),
        sa.Column("courier", sa.String(length=20), nullable=False),
        sa.Column("tracking_number", sa.String(length=32), nullable=False),
        sa.Column("ship_to_region", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "close_reason IN ('cancelled', 'refund_only', 'refused_delivery', 'returned')",
            name=op.f("ck_shop_order_close_reason_known"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (close_reason IS NULL)", name=op.f("ck_shop_order_closed_with_reason")
        ),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_shop_order_amount_fen_not_negative")),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR confirmed_at >= shipped_at",
            name=op.f("ck_shop_order_confirmed_at_after_shipped_at"),
        ),
        sa.CheckConstraint(
            "shipped_at IS NULL OR shipped_at >= paid_at", name=op.f("ck_shop_order_shipped_at_after_paid_at")
        ),
        sa.CheckConstraint(
            "signed_at IS NULL OR signed_at >= shipped_at", name=op.f("ck_shop_order_signed_at_after_shipped_at")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["account.id"], name=op.f("fk_shop_order_buyer_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_shop_order_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order")),
        sa.UniqueConstraint("number", name=op.f("uq_shop_order_number")),
    )
    op.create_index("ix_shop_order_buyer_id_paid_at", "shop_order", ["buyer_id", "paid_at"], unique=False)
    op.create_index("ix_shop_order_shop_id_paid_at", "shop_order", ["shop_id", "paid_at"], unique=False)

    op.create_table(
        "order_line",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("order_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_order_line_amount_fen_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_line_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_order_line_order_id_position")),
    )
    op.create_table(
        "policy",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("order_id", ROW_ID, nullable=False),
        sa.Column("product_id", sa.String(length=40), nullable=False),
        sa.Column("payer", sa.String(length=32), nullable=False),
        sa.Column("insurer", sa.String(length=40), nullable=False),
        sa.Column("premium_fen", sa.BigInteger(), nullable=False),
        sa.Column("sum_insured_fen", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("payer IN ('buyer', 'seller')", name=op.f("ck_policy_payer_known")),
        sa.CheckConstraint("premium_fen >= 0", name=op.f("ck_policy_premium_fen_not_negative")),
        sa.CheckConstraint("sum_insured_fen >= 0", name=op.f("ck_policy_sum_insured_fen_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["shop_order.id"], name=op.f("fk_policy_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_policy_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("number", name=op.f("uq_policy_number")),
        sa.UniqueConstraint("order_id", "product_id", name=op.f("uq_policy_order_id_product_id")),
    )
    op.create_table(
        "request",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.String(length=40), nullable=False),
        sa.Column("shop_id", ROW_ID, nullable=True),
        sa.Column("order_id", ROW_ID, nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('enable', 'disable', 'appeal')", name=op.f("ck_request_kind_known")),
        sa.CheckConstraint(
            "state IN ('pending', 'done', 'rejected', 'withdrawn')", name=op.f("ck_request_state_known")
        ),
        sa.CheckConstraint(
            "decided_at IS NULL OR decided_at >= created_at", name=op.f("ck_request_decided_at_after_created_at")
        ),
        sa.CheckConstraint("shop_id IS NOT NULL OR order_id IS NOT NULL", name=op.f("ck_request_about_something")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_request_account_id")),
        sa.ForeignKeyConstraint(["order_id"], ["shop_order.id"], name=op.f("fk_request_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_request_product_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_request_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint("account_id", "idempotency_key", name=op.f("uq_request_account_id_idempotency_key")),
    )
    op.create_index("ix_request_order_id", "request", ["order_id"], unique=False)
    op.create_index("ix_request_shop_id", "request", ["shop_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("policy_id", ROW_ID, nullable=False),
        sa.Column("line_id", ROW_ID, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("fault", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flash", sa.Boolean(), nullable=False),
        sa.Column("courier", sa.String(length=20), nullable=False),
        sa.Column("tracking_number", sa.String(length=32), nullable=False),
        sa.Column("freight_paid_fen", sa.BigInteger(), nullable=True),
        sa.Column("weight_g", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.String(length=32), nullable=True),
        sa.CheckConstraint("fault IN ('buyer', 'seller')", name=op.f("ck_claim_fault_known")),
        sa.CheckConstraint("kind IN ('return', 'exchange', 'refused_delivery')", name=op.f("ck_claim_kind_known")),
        sa.CheckConstraint("method IN ('self', 'pickup')", name=op.f("ck_claim_method_known")),
        sa.CheckConstraint(
            "refusal IN ('bad_tracking', 'shared_parcel', 'second_claim', 'abnormal_trade', 'account_risk', "
            "'expired', 'no_return', 'returned_before_receipt')",
            name=op.f("ck_claim_refusal_known"),
        ),
        sa.CheckConstraint("freight_paid_fen >= 0", name=op.f("ck_claim_freight_paid_fen_not_negative")),
        sa.CheckConstraint("weight_g IS NULL OR weight_g > 0", name=op.f("ck_claim_weight_g_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_claim_line_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_claim_policy_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index("ix_claim_line_id", "claim", ["line_id"], unique=False)
    op.create_index("ix_claim_policy_id", "claim", ["policy_id"], unique=False)

    op.create_table(
        "claim_event",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "kind IN ('requested', 'agreed', 'shipped_back', 'received', 'refunded', 'refused', 'appealed', 'paid', "
            "'withdrawn')",
            name=op.f("ck_claim_event_kind_known"),
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_event_claim_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_event")),
    )
    op.create_index("ix_claim_event_claim_id_at", "claim_event", ["claim_id", "at"], unique=False)

    op.create_table(
        "payout",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", ROW_ID, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payee", sa.String(length=32), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("payee IN ('alipay', 'courier')", name=op.f("ck_payout_payee_known")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_payout_amount_fen_not_negative")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_payout_claim_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_payout_claim_id")),
    )


def downgrade() -> None:
    for table in (
        "payout",
        "claim_event",
        "claim",
        "request",
        "policy",
        "order_line",
        "shop_order",
        "enrollment",
        "shop",
        "audit",
        "product",
        "account",
    ):
        op.drop_table(table)
