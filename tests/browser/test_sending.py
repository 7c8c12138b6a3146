"""Nothing typed is sent by accident, lost, or answered twice."""

from __future__ import annotations

import re
import time

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.browser.shop import Shop, Widget, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_KEY = """(field, [type, init]) => field.dispatchEvent(type.startsWith("composition")
    ? new CompositionEvent(type, {bubbles: true, composed: true, ...init})
    : new KeyboardEvent(type, {bubbles: true, composed: true, cancelable: true, key: "Enter", code: "Enter", ...init}))"""


# ---------------------------------------------------------------- input methods


async def test_enter_while_composing_never_sends(shop: Shop) -> None:
    """Every way browsers tell of it: between the events, by isComposing, by key code 229, and Safari's keydown that
    comes after the compositionend of the same key."""
    widget = await (await shop.visit("visitor")).open()
    await widget.field.fill("yunfei")
    for events in (
        [("compositionstart", {}), ("keydown", {}), ("keydown", {"isComposing": True}), ("compositionend", {})],
        [("keydown", {"isComposing": True})],
        [("keydown", {"keyCode": 229})],
        [("compositionstart", {}), ("compositionend", {"data": "运费"}), ("keydown", {})],
    ):
        await widget.field.evaluate(f"(field, events) => events.forEach(event => ({_KEY})(field, event))", events)
        await expect(widget.field).to_have_value("yunfei")
    await widget.field.page.wait_for_timeout(60)  # Enter is not heard for 50 ms after a composition (Safari)
    await widget.ask("运费险是什么？")
    assert [row[2] for row in await widget.transcript() if row[1] == "user"] == ["运费险是什么？"]


async def test_a_real_composition_ends_without_sending(shop: Shop) -> None:
    """The browser's own composition: Enter picks the candidate; the next Enter sends it."""
    widget = await (await shop.visit("visitor")).open()
    await widget.field.focus()
    keyboard = await widget.page.context.new_cdp_session(widget.page)
    await keyboard.send("Input.imeSetComposition", {"text": "yunfei", "selectionStart": 6, "selectionEnd": 6})
    enter = {"key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    await keyboard.send("Input.insertText", {"text": "运费险是什么"})
    await keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    await expect(widget.field).to_have_value("运费险是什么")
    await expect(widget.questions).to_have_count(0)
    await widget.page.evaluate("() => new Promise(done => setTimeout(done, 60))")  # nobody presses twice within 50 ms
    await widget.field.press("Enter")
    await widget.answer("运费险是什么")
    await expect(widget.questions).to_have_count(1)


async def test_shift_and_enter_is_a_new_line(shop: Shop) -> None:
    widget = await (await shop.visit("visitor")).open()
    await widget.field.fill("运费险")
    await widget.field.press("Shift+Enter")
    await widget.page.keyboard.type("x")
    await expect(widget.field).to_have_value("运费险\nx")
    await expect(widget.questions).to_have_count(0)


# ---------------------------------------------------------------- connections


async def test_what_was_typed_offline_is_sent_once_on_return(shop: Shop) -> None:
    away = await (await shop.visit("buyer:new")).open()
    other = await (await shop.visit("buyer:new")).open()  # another device of the account, online all the time
    await away.page.context.set_offline(True)
    await expect(away.banner).to_contain_text("网络断开了")
    await expect(away.handoff).to_be_in_viewport(ratio=1)
    texts = ["运费险是什么？离线一", "运费险怎么理赔？离线二"]
    for text in texts:
        await away.send(text)
    await expect(away.questions.last).to_contain_text("等待发送")
    await expect(away.banner).to_contain_text("2 条")
    assert [await other.said(text) for text in texts] == [[], []]

    before = await other.transcript()
    await away.page.context.set_offline(False)
    await expect(other.rows).to_have_count(len(before) + 4)
    await other.answer(texts[1])
    await expect(away.banner).to_have_count(0)
    await expect(away.rows).to_have_count(len(before) + 4)
    assert sorted(await away.transcript()) == sorted(await other.transcript())
    for widget in (other, await _reloaded(away)):
        for text in texts:
            assert [row[1] for row in await widget.said(text)] == ["user", "bot"]


async def test_what_was_queued_stands_beside_its_answer(shop: Shop) -> None:
    """The tab that sent it shows the conversation in the order of every other tab, and of its own reload."""
    away = await (await shop.visit("buyer:new")).open()
    await away.page.context.set_offline(True)
    await expect(away.banner).to_be_visible()
    before = len(await away.transcript())
    for text in ("运费险是什么？顺序一", "运费险怎么理赔？顺序二"):
        await away.send(text)
    await away.page.context.set_offline(False)
    await expect(away.rows).to_have_count(before + 4)
    shown = await away.transcript()
    await _reloaded(away)
    await expect(away.rows).to_have_count(before + 4)
    assert shown == await away.transcript()


async def test_what_waits_outlives_a_reload(shop: Shop) -> None:
    widget = await (await shop.visit("buyer:new")).open()
    await widget.page.context.set_offline(True)
    await widget.send("运费险多久到账？重载")
    await expect(widget.questions.last).to_contain_text("等待发送")
    await widget.page.context.set_offline(False)
    # Either it has gone out by now, or it goes out after the reload; never twice.
    await _reloaded(widget)
    await widget.answer("运费险多久到账？重载")
    assert [row[1] for row in await widget.said("运费险多久到账？重载")] == ["user", "bot"]


async def test_a_message_sent_again_after_a_break_is_answered_once(shop: Shop) -> None:
    """The connection breaks when the server has the message and the tab has no answer yet."""
    widget = await shop.visit("buyer:new")
    sent: list[str] = []

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        async def to_server(data: str | bytes) -> None:
            server.send(data)
            if "user_uttered" in str(data):
                sent.append(str(data))
                if len(sent) == 1:
                    await page.close()
                    await server.close()

        page.on_message(to_server)

    await widget.page.route_web_socket(re.compile(r"/socket\.io/"), between)
    await widget.open()
    await widget.ask("运费险保到什么时候？断线")
    assert len(sent) == 2
    ids = {re.search(r'"id":"([^"]+)"', data)[1] for data in sent}  # type: ignore[index]
    assert len(ids) == 1
    for each in (widget, await _reloaded(widget)):
        assert [row[1] for row in await each.said("运费险保到什么时候？断线")] == ["user", "bot"]


async def test_a_token_that_expires_costs_nothing(shop: Shop) -> None:
    """Renewed through the page's callback; the message that met the expiry is answered once."""
    widget = await shop.visit("buyer:new")
    expires = await widget.page.evaluate(
        """async () => {
            const token = async seconds => (await (await fetch(`/demo/token?as=buyer:new&seconds=${seconds}`)).json()).token;
            window.renewals = 0;
            const first = await token(2);
            Xiaoer.init({token: first, onTokenExpired: () => { window.renewals += 1; return token(600); }});
            return JSON.parse(atob(first.split(".")[1])).exp;
        }"""
    )
    await widget.open()
    await until(lambda: time.time() > expires + 0.5, "the end of the token")
    await widget.ask("运费险怎么理赔？过期")
    assert await widget.page.evaluate("window.renewals") == 1
    assert [row[1] for row in await widget.said("运费险怎么理赔？过期")] == ["user", "bot"]


# ---------------------------------------------------------------- reloads and tabs


# One who says little elsewhere: the history brings the last fifty messages, and buyer:demo has said more by now.
@pytest.mark.parametrize("who", ["buyer:bob", "visitor"])
async def test_a_reload_keeps_the_conversation(shop: Shop, who: str) -> None:
    widget = await (await shop.visit(who)).open()
    await widget.ask("运费险怎么理赔？")
    await widget.ask("多久到账？")
    before = await widget.transcript()
    assert len(before) >= 4
    await _reloaded(widget)
    await expect(widget.rows).to_have_count(len(before))
    assert await widget.transcript() == before


async def test_two_tabs_of_an_account_show_the_same(shop: Shop) -> None:
    context = await shop.context()
    one = await (await shop.visit("seller:risky", context)).open()
    two = await (await shop.visit("seller:risky", context)).open()
    answer = await one.ask("我的店开了哪些保险？")
    await expect(answer).to_contain_text("潮流快闪女装店")
    await two.answer("我的店开了哪些保险？")
    await two.ask("运费险一单多少钱？")
    await one.answer("运费险一单多少钱？")
    assert await one.transcript() == await two.transcript()
    # What the first tab saw live is what a third finds in the history.
    three = await (await shop.visit("seller:risky", context)).open()
    await expect(three.rows.first).to_be_visible()
    assert await three.transcript() == await one.transcript()


async def test_tabs_of_others_show_nothing_of_it(shop: Shop) -> None:
    mine = await (await shop.visit("buyer:amy")).open()
    others = [await (await shop.visit(who)).open() for who in ("buyer:bob", "visitor", "visitor")]
    await mine.ask("运费险怎么理赔？只有我")
    for other in others:
        await other.ask("谢谢")
        assert await other.said("运费险怎么理赔？只有我") == []


async def _reloaded(widget: Widget) -> Widget:
    """After a reload the panel comes back by itself."""
    await widget.page.reload()
    return await widget.loaded()
