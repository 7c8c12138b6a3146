"""Keyboard, screen reader, small screens, dark mode; and screenshots for people to look at."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.shop import Shop, Widget
from xiaoer.settings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOTS = ROOT / "var" / "shots"
HEIGHTS = {1280: 860, 375: 740}
WHO = ["buyer:demo", "seller:demo", "visitor"]
ASKED = {
    "buyer": ["我有哪些保单？", "运费险怎么理赔，多久到账？", "我的理赔到哪一步了？"],
    "seller": ["我的店开了哪些保险？", "运费险怎么开通？"],
    "visitor": ["退货宝和运费险有什么区别？", "我的理赔到哪一步了？"],
}


# ---------------------------------------------------------------- keyboard


async def test_keyboard_alone_does_it_all(shop: Shop) -> None:
    widget = await shop.visit("visitor")
    await widget.tab_to("launcher")
    outline = await widget.launcher.evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline != "none"
    await widget.page.keyboard.press("Enter")
    await widget.loaded()
    await expect(widget.field).to_be_focused()
    await widget.page.keyboard.type("运费险怎么理赔？")
    await widget.page.keyboard.press("Enter")
    answer = await widget.answer("运费险怎么理赔？")
    await expect(widget.field).to_be_focused()

    useful = answer.get_by_role("button", name="有用")
    for _ in range(30):
        await widget.page.keyboard.press("Shift+Tab")
        if await useful.evaluate("button => button.getRootNode().activeElement === button"):
            break
    await expect(useful).to_be_focused()
    await widget.page.keyboard.press("Space")
    await expect(useful).to_have_attribute("aria-pressed", "true")

    await widget.page.keyboard.press("Escape")
    await expect(widget.panel).to_be_hidden()
    assert await widget.focused() == "launcher"
    await widget.page.keyboard.press("Enter")
    await expect(widget.field).to_be_focused()


async def test_a_pressed_question_does_not_lose_the_keyboard(shop: Shop) -> None:
    """The greeting's button goes away when it is pressed; the focus stays in the panel."""
    widget = await (await shop.visit("visitor")).open()
    await widget.log.get_by_role("button", name="运费险怎么理赔？").focus()
    await widget.page.keyboard.press("Enter")
    await widget.answer("运费险怎么理赔？")
    assert await widget.focused() != ""
    await widget.page.keyboard.press("Escape")
    await expect(widget.panel).to_be_hidden()


async def test_over_the_whole_screen_the_keyboard_stays_inside(shop: Shop) -> None:
    widget = await (await shop.visit("visitor", width=375, height=740)).open()
    await expect(widget.panel).to_have_attribute("aria-modal", "true")
    for key in ("Tab", "Shift+Tab"):
        for _ in range(16):
            await widget.page.keyboard.press(key)
            inside = await widget.panel.evaluate("panel => panel.contains(panel.getRootNode().activeElement)")
            assert inside, await widget.focused()
    await widget.page.keyboard.press("Escape")
    assert await widget.focused() == "launcher"


async def test_focus_returns_to_what_opened_it(shop: Shop) -> None:
    widget = await shop.visit("buyer:demo")
    button = widget.page.get_by_role("button", name="问险小二：女鞋 真皮乐福鞋")
    await button.focus()
    await widget.page.keyboard.press("Enter")
    await widget.loaded()
    await expect(widget.field).to_be_focused()
    await widget.page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_the_reading_order_has_names_and_a_polite_log(shop: Shop) -> None:
    widget = await (await shop.visit("visitor")).open()
    await expect(widget.log).to_have_attribute("aria-live", "polite")
    await expect(widget.log).to_have_attribute("aria-label", "对话内容")
    answer = await widget.ask("运费险怎么理赔？")
    await expect(answer.locator(".unseen").first).to_have_text("险小二说：")
    for button in await widget.panel.get_by_role("button").all():
        name = await button.evaluate("button => button.getAttribute('aria-label') || button.textContent.trim()")
        assert any("\u4e00" <= char <= "\u9fff" for char in name), name


# ---------------------------------------------------------------- axe


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("who", WHO)
async def test_axe_finds_nothing(shop: Shop, who: str, dark: bool) -> None:
    widget = await shop.visit(who, dark=dark)
    assert await _violations(widget.page) == []
    await widget.open()
    await _converse(widget, who)
    for folded in await widget.log.locator("summary").all():
        await folded.click()
    useless = widget.log.get_by_role("button", name="没用").last
    await useless.click()
    await expect(widget.log.locator(".reason")).to_have_count(1)
    results = await _axe(widget.page)
    assert _told(results) == []
    reached = [target for each in results["passes"] for node in each["nodes"] for target in node["target"]]
    assert any(isinstance(target, list) and target[0] == "xiaoer-widget" for target in reached), (
        "not in the shadow root"
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_in_the_greeting(shop: Shop, dark: bool) -> None:
    widget = await (await shop.visit("visitor", dark=dark)).open()
    await expect(widget.log).to_contain_text("大家常问")
    assert await _violations(widget.page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_on_a_phone_with_large_type_and_no_network(shop: Shop, dark: bool) -> None:
    widget = await (await shop.visit("visitor", dark=dark, width=375, height=740)).open()
    await widget.panel.get_by_role("button", name="切换到大字").click()
    await expect(widget.panel).to_have_class("panel large")
    await widget.ask("运费险怎么理赔？")
    await widget.page.context.set_offline(True)
    await expect(widget.banner).to_be_visible()
    await widget.send("运费险多久到账？")
    await expect(widget.questions.last).to_contain_text("等待发送")
    assert await _violations(widget.page) == []


async def _axe(page: Page) -> dict[str, Any]:
    return (await Axe().run(page, options=None)).response


async def _violations(page: Page) -> list[str]:
    return _told(await _axe(page))


def _told(results: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


# ---------------------------------------------------------------- layout


_TOO_WIDE = """() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"""
_STICKS_OUT = """panel => {
    const edge = panel.getBoundingClientRect();
    const scrolls = node => node.closest(".table, pre");
    return [...panel.querySelectorAll("*")].filter(node => {
        const box = node.getBoundingClientRect();
        return box.width > 0 && !node.matches(".unseen, .unseen *") && !scrolls(node)
            && (box.right > edge.right + 1 || box.left < edge.left - 1);
    }).map(node => node.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("width", [320, 375])
@pytest.mark.parametrize("who", WHO)
async def test_nothing_scrolls_sideways(shop: Shop, who: str, width: int) -> None:
    widget = await shop.visit(who, width=width, height=640)
    assert await widget.page.evaluate(_TOO_WIDE) <= 0
    await widget.open()
    await _fits(widget, width)
    await _converse(widget, who)
    await _fits(widget, width)
    await widget.panel.get_by_role("button", name="切换到大字").click()
    await _fits(widget, width)


async def _fits(widget: Widget, width: int) -> None:
    assert await widget.page.evaluate(_TOO_WIDE) <= 0
    assert await widget.panel.evaluate(_STICKS_OUT) == []
    assert await widget.log.evaluate("log => log.scrollWidth - log.clientWidth") <= 0
    box = await widget.panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, width, 640)  # the whole screen
    for part in (widget.handoff, widget.field, widget.panel.get_by_role("button", name="关闭对话")):
        await expect(part).to_be_in_viewport(ratio=1)


# ---------------------------------------------------------------- screenshots


@pytest.mark.parametrize(
    ("who", "width"),  # accounts that say nothing elsewhere, so that their first picture shows the greeting
    [
        ("buyer:amy", 1280),
        ("seller:other", 1280),
        ("visitor", 1280),
        ("buyer:bob", 375),
        ("seller:risky", 375),
        ("visitor", 375),
    ],
)
async def test_screenshots(shop: Shop, who: str, width: int) -> None:
    """`var/shots`, for people to look at after a change."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    role = who.partition(":")[0]
    widget = await shop.visit(who, width=width, height=HEIGHTS[width])
    await widget.page.screenshot(path=SHOTS / f"{role}-{width}-page.png", animations="disabled")
    await widget.open()
    await widget.page.screenshot(path=SHOTS / f"{role}-{width}-opened.png", animations="disabled")
    for number, question in enumerate(ASKED[role], 1):
        await widget.ask(question)
        await widget.page.screenshot(path=SHOTS / f"{role}-{width}-{number}.png", animations="disabled")


@pytest.mark.parametrize("width", HEIGHTS)
async def test_screenshots_of_an_order_in_the_dark(shop: Shop, width: int) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    widget = await shop.visit("buyer:demo", width=width, height=HEIGHTS[width], dark=True)
    await widget.page.get_by_role("button", name="问险小二：女鞋 真皮乐福鞋").click()
    await widget.loaded()
    await widget.ask("这单有运费险吗？")
    await widget.page.screenshot(path=SHOTS / f"order-{width}-dark.png", animations="disabled")


async def _converse(widget: Widget, who: str) -> None:
    for question in ASKED[who.partition(":")[0]]:
        await widget.ask(question)
