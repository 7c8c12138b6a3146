"""What buyers, sellers and visitors come for, on the pages of `make chat`."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Running
from tests.browser.shop import PAGES, Shop, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_buyer_asks_about_the_order_of_the_page(shop: Shop) -> None:
    widget = await shop.visit("buyer:demo")
    order = widget.page.get_by_role("listitem").filter(has_text="女鞋 真皮乐福鞋")
    number = await order.get_by_role("button").get_attribute("data-order")
    assert number
    await order.get_by_role("button", name="问险小二").click()
    await widget.loaded()
    await expect(widget.panel.get_by_text(f"尾号 {number[-4:]}").first).to_be_visible()

    answer = await widget.ask("这单有运费险吗？")
    card = answer.get_by_role("group", name="退货运费险")
    await expect(card.locator(".chip")).to_have_text("保障中")
    await expect(card).to_contain_text("女鞋 真皮乐福鞋")
    await expect(card).to_contain_text("¥12")
    await card.get_by_text("依据的规则").click()
    await expect(card.locator("details p")).to_be_visible()
    assert len(await card.locator("details p").inner_text()) > 10


async def test_another_order_of_the_page_is_another_answer(shop: Shop) -> None:
    widget = await shop.visit("buyer:demo")
    order = widget.page.get_by_role("listitem").filter(has_text="女士短靴")
    await order.get_by_role("button", name="问险小二").click()
    await widget.loaded()
    answer = await widget.ask("这单有运费险吗？")
    await expect(answer.locator(".card .chip")).to_have_text("已失效")
    await expect(answer.locator(".card")).to_contain_text("女士短靴")


async def test_a_seller_gets_the_sellers_steps(shop: Shop) -> None:
    widget = await (await shop.visit("seller:demo")).open()
    answer = await widget.ask("运费险怎么开通？")
    await expect(answer.locator(".rich ol > li").first).to_contain_text("商家保障")
    await expect(answer.locator(".rich")).to_contain_text("立即加入")
    await expect(answer.locator(".rich")).not_to_contain_text("提交订单")  # that is the buyer's version
    await answer.get_by_text("资料来源").click()
    await expect(answer.locator(".sources li").first).to_be_visible()


async def test_a_visitor_is_told_to_sign_in_for_own_data(shop: Shop) -> None:
    widget = await (await shop.visit("visitor")).open()
    answer = await widget.ask("我有哪些保单？")
    await expect(answer.locator(".rich")).to_contain_text("登录")
    await expect(answer.locator(".card")).to_have_count(0)
    answer = await widget.ask("运费险是什么？")
    await expect(answer.locator(".rich")).to_contain_text("运费")


async def test_the_greetings_questions_are_answered(shop: Shop) -> None:
    widget = await (await shop.visit("visitor")).open()
    await expect(widget.log).to_contain_text("大家常问")
    answer = await widget.press("运费险怎么理赔？")
    await expect(answer.locator(".rich")).to_contain_text("理赔")
    await expect(widget.log).not_to_contain_text("大家常问")


async def test_a_suggestion_pressed_is_answered(shop: Shop) -> None:
    """The order list's buttons carry ids that the server made up."""
    widget = await (await shop.visit("buyer:demo")).open()
    answer = await widget.ask("我有哪些保单？")
    orders = answer.locator("button.order")
    assert await orders.count() > 1
    item = await orders.first.locator(".order-item").inner_text()
    before = await widget.questions.count()
    await orders.first.click()
    await expect(widget.questions).to_have_count(before + 1)
    answer = await widget.answer(await widget.questions.last.locator(".plain").inner_text())
    await expect(answer.locator(".card")).to_contain_text(item)
    await expect(answer.locator(".card .chip")).not_to_be_empty()
    # Answered: the list's buttons cannot be pressed any more.
    await expect(orders).to_have_count(0)


@pytest.mark.parametrize("who", ["buyer:demo", "seller:demo", "visitor"])
async def test_a_person_is_always_in_reach(shop: Shop, who: str) -> None:
    widget = await (await shop.visit(who, width=320, height=568)).open()
    await expect(widget.handoff).to_be_in_viewport(ratio=1)
    await widget.ask("运费险怎么理赔？")
    await expect(widget.handoff).to_be_in_viewport(ratio=1)
    before = await widget.questions.count()
    await widget.handoff.click()
    await expect(widget.questions).to_have_count(before + 1)
    answer = await widget.answer("转人工")
    await expect(answer.locator(".rich")).to_contain_text("已为您转人工")
    back = await widget.press("返回机器人")  # the conversation is the account's, in the other tests too
    await expect(back.locator(".rich")).to_contain_text("我回来了")


async def test_feedback_is_stored(shop: Shop, servers: Running) -> None:
    widget = await (await shop.visit("visitor")).open()
    good = await widget.ask("运费险怎么理赔？")
    await good.get_by_role("button", name="有用").click()
    await expect(good.get_by_role("button", name="有用")).to_have_attribute("aria-pressed", "true")
    await expect(good.locator(".told")).to_have_text("谢谢反馈")

    bad = await widget.ask("运费险多久到账？")
    await bad.get_by_role("button", name="没用").click()
    await expect(bad.locator(".told")).to_have_text("谢谢反馈")
    await bad.get_by_role("textbox", name="说说哪里不好").fill("没说清楚，打我电话 13812345678")
    await bad.get_by_role("button", name="提交").click()
    await expect(bad.locator(".reason")).to_have_count(0)
    stored = [await row.get_attribute("data-id") for row in (good, bad)]

    def judged(reply: str | None) -> list[tuple[int, str | None]]:
        with sqlite3.connect(servers.folder / "feedback.db") as database:
            return list(database.execute("SELECT useful, reason FROM feedback WHERE reply = ? ORDER BY id", (reply,)))

    assert judged(stored[0]) == [(1, None)]
    await until(lambda: len(judged(stored[1])) == 2, "the reason in feedback.db")
    useful, reason = judged(stored[1])[-1]
    assert useful == 0
    assert reason
    assert reason.startswith("没说清楚")
    assert "13812345678" not in reason


@pytest.mark.parametrize("path", PAGES.values())
async def test_the_pages_forbid_foreign_and_inline_scripts(shop: Shop, path: str) -> None:
    """That nothing on them breaks this policy, the fixture checks after every test."""
    page = await (await shop.context()).new_page()
    answer = await page.goto(shop.url + path)
    assert answer is not None
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
