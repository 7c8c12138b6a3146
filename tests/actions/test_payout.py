"""Payouts: exact to the fen, never above the sum insured."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.desk import payout
from actions.desk.payout import Cause
from actions.policydb.facts import (
    ClaimFacts,
    ClaimKind,
    Fault,
    Payee,
    Payer,
    PayoutFacts,
    PolicyFacts,
    RefusalReason,
    ReturnMethod,
)

DAY = datetime(2026, 10, 1, tzinfo=timezone.utc)
fen = st.integers(0, 200_000)


def policy(product: str, sum_fen: int, *claims: ClaimFacts) -> PolicyFacts:
    return PolicyFacts("PD1", product, Payer.SELLER, "", 50, sum_fen, DAY, claims)


def paid(amount: int, freight: int | None, *, weight: int | None = 800, **kwargs: object) -> ClaimFacts:
    payee = kwargs.pop("payee", Payee.ALIPAY)
    usual = {"kind": ClaimKind.RETURN, "method": ReturnMethod.SELF, "fault": Fault.BUYER, "opened_at": DAY}
    return ClaimFacts(
        payout=PayoutFacts(amount, payee, DAY), freight_paid_fen=freight, weight_g=weight, **{**usual, **kwargs}
    )


@pytest.mark.parametrize(
    ("product", "sum_fen", "freight", "method", "fault", "expected"),
    [
        # (payout, buyer's share, seller's share)
        ("freight", 1200, 1500, ReturnMethod.SELF, Fault.BUYER, (1200, 300, 0)),
        ("freight", 1200, 1500, ReturnMethod.SELF, Fault.SELLER, (1200, 0, 300)),
        ("freight", 1200, 800, ReturnMethod.SELF, Fault.BUYER, (1200, 0, 0)),
        ("freight", 1200, 800, ReturnMethod.PICKUP, Fault.BUYER, (800, 0, 0)),
        ("return_care", 2600, 3001, ReturnMethod.PICKUP, Fault.BUYER, (2600, 401, 0)),
        ("return_care", 9900, 5000, ReturnMethod.SELF, Fault.BUYER, (2600, 2400, 0)),
        ("bulky_freight", 42000, 26000, ReturnMethod.SELF, Fault.BUYER, (26000, 0, 0)),
        ("bulky_freight", 99900, 90000, ReturnMethod.SELF, Fault.BUYER, (80000, 10000, 0)),
    ],
)
def test_estimates(
    product: str, sum_fen: int, freight: int, method: ReturnMethod, fault: Fault, expected: tuple[int, int, int]
) -> None:
    found = payout.estimate(policy(product, sum_fen), freight_fen=freight, method=method, fault=fault)
    assert (found.payout_fen, found.buyer_fen, found.seller_fen) == expected


@given(
    st.sampled_from(["freight", "return_care", "bulky_freight"]),
    fen,
    fen,
    st.sampled_from(list(ReturnMethod)),
    st.sampled_from(list(Fault)),
)
@settings(max_examples=300, deadline=None)
def test_never_above_the_sum_insured_and_no_fen_is_lost(
    product: str, sum_fen: int, freight: int, method: ReturnMethod, fault: Fault
) -> None:
    found = payout.estimate(policy(product, sum_fen), freight_fen=freight, method=method, fault=fault)
    assert 0 <= found.payout_fen <= sum_fen
    assert found.buyer_fen is not None
    assert found.seller_fen is not None
    assert found.buyer_fen + found.seller_fen == max(0, freight - found.payout_fen)
    assert 0 in (found.buyer_fen, found.seller_fen)


def test_without_a_freight_only_a_fixed_sum_is_exact() -> None:
    assert not payout.estimate(policy("freight", 1200)).at_most
    assert payout.estimate(policy("freight", 1200), method=ReturnMethod.PICKUP).at_most
    assert payout.estimate(policy("bulky_freight", 42000)).at_most


def test_negative_freight_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        payout.estimate(policy("freight", 1200), freight_fen=-1)


@pytest.mark.parametrize(
    ("product", "sum_fen", "claim", "causes", "short"),
    [
        ("freight", 1200, paid(1200, 1200), [Cause.FULL], 0),
        ("freight", 1200, paid(1200, 1500), [Cause.SUM_INSURED], 300),
        ("freight", 1400, paid(1400, 2200, weight=1850), [Cause.SUM_INSURED, Cause.OVERWEIGHT], 800),
        ("freight", 1200, paid(1200, None), [Cause.SUM_INSURED], None),
        ("freight", 1200, paid(800, 1500), [Cause.UNEXPLAINED], 700),
        ("freight", 1200, paid(1200, 1500, payee=Payee.COURIER), [Cause.SUM_INSURED, Cause.OFFSET], 300),
        ("return_care", 2600, paid(1800, 2400, weight=2600), [Cause.OVERWEIGHT], 600),
    ],
)
def test_explanations(product: str, sum_fen: int, claim: ClaimFacts, causes: list[Cause], short: int | None) -> None:
    found = payout.explain(policy(product, sum_fen, claim), claim)
    assert [reason.cause for reason in found.reasons] == causes
    assert found.short_fen == short


def test_the_second_time_on_one_order_is_explained() -> None:
    first = paid(1200, 1200)
    second = ClaimFacts(ClaimKind.RETURN, ReturnMethod.SELF, Fault.BUYER, DAY, refusal=RefusalReason.SECOND_CLAIM)
    causes = [reason.cause for reason in payout.explain(policy("freight", 1200, first, second), first).reasons]
    assert causes == [Cause.FULL, Cause.ONCE]


def test_the_rest_is_the_sellers_where_the_seller_is_at_fault() -> None:
    claim = paid(1200, 1500, fault=Fault.SELLER)
    found = payout.explain(policy("freight", 1200, claim), claim)
    assert (found.buyer_fen, found.seller_fen) == (0, 300)


def test_a_claim_without_payout_cannot_be_explained() -> None:
    claim = ClaimFacts(ClaimKind.RETURN, ReturnMethod.SELF, Fault.BUYER, DAY)
    with pytest.raises(ValueError, match="payout"):
        payout.explain(policy("freight", 1200, claim), claim)
