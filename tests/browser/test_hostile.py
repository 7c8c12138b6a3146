"""Markdown and HTML that means harm stays text, whoever writes it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, WebSocketRoute, expect

from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CORPUS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<svg onload="alert(1)"><circle/></svg>',
    "<svg><script>alert(1)</script></svg>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    '<a href="javascript:alert(1)">点我领赔款</a>',
    "[点我领赔款](javascript:alert(1))",
    "[点我领赔款](JaVaScRiPt&colon;alert(1))",
    "[点我领赔款](&#106;avascript:alert(1))",
    "[点我领赔款](java\tscript:alert(1))",
    "[点我领赔款](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[点我领赔款](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "[ref]: javascript:alert(1)\n\n[点我][ref]",
    "![图](https://evil.example/pixel.png)",
    '![图](x" onerror="alert(1))',
    '[链接](https://evil.example/ "x\\" onmouseover=\\"alert(1)")',
    "[内部](//evil.example/)",
    "[相对](/demo/token?as=buyer:demo)",
    "[像淘宝](https://www.taobao.com@evil.example/)",
    '<form action="https://evil.example"><input name=pw><button>登录</button></form>',
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example/x.css>",
    '<div style="position:fixed;inset:0;background:url(//evil.example/x)">盖住</div>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template>",
    '<video><source onerror="alert(1)"></video><audio src=x onerror=alert(1)>',
    '<details open ontoggle="alert(1)"><summary>x</summary></details>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/"><object data="x"></object><embed src="x">',
    "```html\n<script>alert(1)</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    "| <img src=x onerror=alert(1)> | [a](javascript:alert(1)) |\n|---|---|\n| <b onclick=alert(1)>b</b> | c |",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= 7*7 %>",
    '"><img src=x onerror=alert(1)>\u202egpj.exe',
    "> " * 40 + "<img src=x onerror=alert(1)>",
)

# What is in a message's own content; the icons and buttons around it are ours.
_CONTENT = ".rich, .plain"
_FORBIDDEN = (
    "script, img, svg, math, iframe, frame, object, embed, form, input, button, textarea, style, link, meta, base, "
    "video, audio, source, template, noscript, details, picture, [style], [class]:not(.unseen):not(.table), [id], [name]"
)
_INSPECT = """(box, forbidden) => [
    ...[...box.querySelectorAll(forbidden)].map(node => node.outerHTML),
    ...[...box.querySelectorAll("*")].flatMap(node => [...node.attributes]
        .filter(attribute => /^on/i.test(attribute.name) || (/^(src|srcset|action|formaction|data|xlink:href)$/i.test(attribute.name)))
        .map(attribute => `${attribute.name}=${attribute.value}`)),
    ...[...box.querySelectorAll("a")].filter(link => !/^https?:$/.test(link.protocol) || !link.href
            || link.target !== "_blank" || !/noopener/.test(link.rel) || link.username)
        .map(link => link.outerHTML),
]"""


async def _harm(content: Locator) -> list[str]:
    """What should not be in the content of a message."""
    return await content.evaluate(_INSPECT, _FORBIDDEN)


async def _use(content: Locator) -> None:
    """The pointer goes over everything, for what waits for it. Links are looked at, never followed."""
    for node in await content.locator("*").all():
        await node.dispatch_event("mouseover")
        await node.dispatch_event("focus")


async def test_hostile_questions_are_shown_as_typed(shop: Shop) -> None:
    """To the server and back, and once more from the history. (Dialogs, foreign requests: the fixture.)"""
    widget = await (await shop.visit("visitor")).open()
    some = CORPUS[::2]
    for text in some:
        await widget.send(text)
        typed = widget.questions.last.locator(".plain")
        await expect(typed).to_have_text(text)
        assert await typed.locator("*").count() == 0
    await expect(widget.log.locator(".state, .row[aria-hidden]")).to_have_count(0, timeout=60_000)
    for reloaded in (False, True):
        if reloaded:
            await widget.page.reload()
            await widget.loaded()
        contents = await widget.log.locator(_CONTENT).all()
        assert len(contents) >= 2 * len(some)  # each question and its answer
        for content in contents:
            assert await _harm(content) == []
    assert await widget.page.title() == "女鞋 真皮乐福鞋 · 小满市集（演示）"


async def test_what_looks_for_harm_finds_it(shop: Shop) -> None:
    page = await (await shop.context()).new_page()
    for html in (
        "<b onclick=x></b>",
        "<img>",
        "<a href='javascript:x'>x</a>",
        "<a href='https://x.example/'>x</a>",
        "<p style=x>",
    ):
        await page.set_content(f"<div class=rich>{html}</div>")
        assert await _harm(page.locator(".rich")), html


async def test_hostile_answers_are_cleaned(shop: Shop) -> None:
    """A server that was fooled: its answers, buttons and cards carry the corpus."""
    widget = await shop.visit("visitor")

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def to_page(data: str | bytes) -> None:
            found = re.fullmatch(r'42\["bot_uttered",(\{.*\})\]', str(data), re.S)
            if not found:
                return page.send(data)
            for place, text in enumerate(CORPUS):
                page.send(f"42{json.dumps(['bot_uttered', _fooled(json.loads(found[1]), place, text)])}")
            return None

        server.on_message(to_page)

    await widget.page.route_web_socket(re.compile(r"/socket\.io/"), between)
    await widget.open()
    await widget.send("运费险是什么？")
    answers = widget.log.locator(".row[data-id]:not(.mine)")
    await expect(answers).to_have_count(len(CORPUS))
    for place in range(len(CORPUS)):
        rich = answers.nth(place).locator(".rich")
        assert await _harm(rich) == [], CORPUS[place]
        await _use(rich)
    # Around the content: sources, cards and buttons.
    links = await widget.log.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(links) <= {"http:", "https:"}
    assert await widget.panel.locator("script, img, iframe, object, embed, link, style, form, video").count() == 0
    assert await widget.page.locator("script[src*=evil], img[src*=evil], iframe").count() == 0
    await expect(widget.handoff).to_be_visible()


def _fooled(reply: dict[str, Any], place: int, text: str) -> dict[str, Any]:
    order = {"order_number": text, "title": text, "item": text, "shop": text, "amount_fen": "<img src=x>"}
    rule = {"text": text, "grade": text, "as_of": text}
    cards = (
        {
            "type": "policy",
            "product_name": text,
            "state": text,
            "state_name": text,
            "rule": rule,
            "until": text,
            **order,
        },
        {"type": "claim", "product_name": text, "steps": [{"kind": text, "name": text, "at": text}], **order},
        {"type": "orders", "orders": [order, order]},
        {"type": "services", "shops": [{"name": text, "services": [{"product_name": text, "state": text}]}]},
        {"type": text},
    )
    custom = {**reply.get("custom", {}), "sources": [text, "javascript:alert(1)"], "card": cards[place % len(cards)]}
    buttons = [{"title": text, "payload": "x", "content_type": "text"}]
    return {**reply, "id": f"fooled-{place}", "text": text, "custom": custom, "quick_replies": buttons}
