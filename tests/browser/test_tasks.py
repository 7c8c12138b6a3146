"""Getting something done in the widget: read back, confirmed, with its cards; the report's picture and file; a person."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import subprocess
import sys

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Running
from tests.browser.shop import Shop, Widget
from xiaoer.settings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def staff(servers: Running, *arguments: str) -> str:
    """`xiaoer …` in a terminal beside the running servers."""
    env = {**os.environ, "POLICY_DATABASE_URL": f"sqlite:///{servers.folder}/policy.db", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", "bot.command.cli", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


async def test_a_seller_enables_and_disables_with_read_back_and_receipt(shop: Shop, servers: Running) -> None:
    widget = await (await shop.visit("seller:demo")).open()
    read_back = await widget.ask("帮我开通退货宝")
    await expect(read_back.locator(".card")).to_contain_text("小鹿家鞋服旗舰店")
    done = await widget.press("确认")
    await expect(done.locator(".rich")).to_contain_text("已开通")
    receipt = re.search(r"XR-[0-9A-Z]{10}", await done.inner_text())
    assert receipt
    assert "开通 退货宝" in await asyncio.to_thread(staff, servers, "audit", receipt.group())
    again = await widget.ask("确认")
    await expect(again.locator(".rich")).to_contain_text(receipt.group())
    await widget.ask("帮我关闭退货宝")
    off = await widget.press("确认")
    await expect(off.locator(".rich")).to_contain_text("已关闭")


async def test_two_tabs_confirm_once(shop: Shop, servers: Running) -> None:
    """Both tabs show the same read-back; the second press finds its button used, or gone."""
    context = await shop.context()
    one = await (await shop.visit("seller:demo", context)).open()
    await one.ask("帮我关闭材质保真险")
    other = await (await shop.visit("seller:demo", context)).loaded_or_open()
    buttons = [widget.log.get_by_role("button", name="确认").last for widget in (one, other)]
    pressed = await asyncio.gather(*(button.click(timeout=3_000) for button in buttons), return_exceptions=True)
    assert None in pressed, "at least one tab was in time; in the other the button may have gone meanwhile"
    await expect(one.log.get_by_text("已关闭「材质保真险」").first).to_be_visible()
    journal = await asyncio.to_thread(staff, servers, "audit", "--as", "seller:demo", "--last", "100", "--json")
    assert (
        len([line for line in journal.splitlines() if "request_disable" in line and "material_fidelity" in line]) == 1
    )


async def test_the_report_has_a_picture_and_a_file(shop: Shop) -> None:
    widget = await (await shop.visit("seller:demo")).open()
    answer = await widget.ask("我的店上个月的报表")
    card = answer.locator(".card").first
    await expect(card.locator("svg").first).to_be_visible()
    async with widget.page.expect_download() as saving:
        await card.get_by_role("button", name=re.compile("CSV|下载")).click()
    download = await saving.value
    assert download.suggested_filename.endswith(".csv")
    text = (await asyncio.to_thread((await download.path()).read_bytes)).decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert len(rows) > 28


async def test_what_staff_say_reaches_the_widget_and_the_bot_is_silent(shop: Shop, servers: Running) -> None:
    widget: Widget = await (await shop.visit("buyer:new")).open()
    opened = await widget.ask("转人工")
    number = re.search(r"T-[0-9A-Z]{6}", await opened.inner_text())
    assert number
    await widget.send("我的钱一直没到")
    await expect(widget.questions.last.locator(".plain")).to_have_text("我的钱一直没到")
    assert "我的钱一直没到" in await asyncio.to_thread(staff, servers, "tickets", "show", number.group())
    await asyncio.to_thread(staff, servers, "tickets", "reply", number.group(), "您好，我查一下")
    await expect(widget.log.get_by_text("您好，我查一下")).to_be_visible()
    await asyncio.to_thread(staff, servers, "tickets", "close", number.group())
    await expect(widget.log.get_by_text("客服已结束这张工单")).to_be_visible()
    answer = await widget.ask("运费险多久到账？")
    await expect(answer.locator(".rich")).to_contain_text("72 小时")
