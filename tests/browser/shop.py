"""The demo shop and the widget in it, as a test sees them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, expect

PAGES = {"buyer": "/", "seller": "/seller", "visitor": "/public"}
OFFERED = ("buyer:demo", "buyer:new", "seller:demo", "seller:risky", "visitor")  # by the bar of the pages
_OFFLINE = re.compile("ERR_INTERNET_DISCONNECTED")

# An element's text is the question or the answer without what only screen readers get.
_TRANSCRIPT = """rows => rows.map(row => [
    row.dataset.id,
    row.classList.contains("mine") ? "user" : "bot",
    row.querySelector(".plain, .rich").textContent,
])"""
_FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at === document.body ? "" : at.className || at.localName;
}"""
_VIOLATIONS = """document.addEventListener("securitypolicyviolation", violation =>
    console.error(`CSP: ${violation.violatedDirective} ${violation.blockedURI}`))"""


async def until(test: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Waits for what no page shows."""
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        await asyncio.sleep(0.02)


class Shop:
    """Opens pages and notes what goes wrong in them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.url = url
        self.trouble: list[str] = []

    async def context(
        self,
        *,
        width: int = 1280,
        height: int = 860,
        dark: bool = False,
    ) -> BrowserContext:
        """A browser with an empty memory."""
        made = await self._browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            color_scheme="dark" if dark else "light",
            has_touch=width < 500,
            reduced_motion="reduce",
        )
        made.set_default_timeout(15_000)
        await made.add_init_script(_VIOLATIONS)
        made.on("console", lambda said: self._note(said.type == "error", f"console: {said.text}"))
        made.on("weberror", lambda error: self._note(True, f"script: {error.error}"))
        made.on("request", lambda request: self._note(not self._ours(request.url), f"asked for {request.url}"))
        self._contexts.append(made)
        return made

    async def visit(self, who: str = "buyer:demo", context: BrowserContext | None = None, **options: Any) -> Widget:
        """The page for an account of the demo database (also one the shop's bar does not offer), widget closed."""
        page = await (context or await self.context(**options)).new_page()
        page.on("dialog", self._dialog)
        role = who.partition(":")[0]
        if who not in OFFERED:
            await page.route(re.compile(r"/demo/(token|orders)\?"), lambda route: _as(route, role, who))
        await page.goto(f"{self.url}{PAGES[role]}?as={who}")
        widget = Widget(page)
        await widget.launcher.wait_for()
        if role == "buyer":
            await page.locator("#orders li, #no-orders").filter(visible=True).first.wait_for()
        return widget

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _ours(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.url).netloc or url.startswith("data:")

    def _note(self, wrong: bool, what: str) -> None:
        if wrong and not _OFFLINE.search(what):
            self.trouble.append(what)

    async def _dialog(self, dialog: Any) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


async def _as(route: Route, role: str, who: str) -> None:
    await route.continue_(url=route.request.url.replace(f"as={role}%3Ademo", f"as={who}"))


class Widget:
    """The widget of one page. Playwright's locators reach into open shadow roots."""

    def __init__(self, page: Page) -> None:
        self.page = page
        root = page.locator("xiaoer-widget")
        self.launcher = root.get_by_role("button", name="打开险小二")
        self.panel = root.get_by_role("dialog", name="险小二，保险问题对话")
        self.field = self.panel.get_by_role("textbox", name="输入问题")
        self.log = self.panel.get_by_role("log")
        self.handoff = self.panel.get_by_role("button", name="转人工", exact=True).first
        self.rows = self.log.locator(".row[data-id]")
        self.questions = self.log.locator(".row.mine")
        self.banner = self.panel.locator(".banner")

    async def open(self) -> Widget:
        await self.launcher.click()
        return await self.loaded()

    async def loaded_or_open(self) -> Widget:
        """A tab that remembers the panel open opens it itself."""
        if await self.launcher.is_visible() and not await self.panel.is_visible():
            return await self.open()
        return await self.loaded()

    async def loaded(self) -> Widget:
        """The panel is there and has the conversation so far."""
        await expect(self.log).to_have_attribute("aria-live", "polite")
        return self

    async def ask(self, text: str) -> Locator:
        """Types and sends; the (first) answer when the turn is over."""
        await self.send(text)
        return await self.answer(text)

    async def send(self, text: str) -> None:
        await self.field.fill(text)
        await self.field.press("Enter")

    async def answer(self, question: str) -> Locator:
        """The first answer to the last question, which is this one."""
        await expect(self.questions.last.locator(".plain")).to_have_text(question)
        asked = await self.questions.last.get_attribute("data-id")
        answer = self.log.locator(f'.row[data-id="{asked}"] ~ .row[data-id]:not(.mine)').first
        await answer.wait_for()
        await expect(self.log.locator(".row[aria-hidden]")).to_have_count(0)  # no more typing
        return answer

    async def press(self, title: str, within: Locator | None = None) -> Locator:
        """Presses a button of the conversation; its answer."""
        button = (within or self.log).get_by_role("button", name=title).last
        before = await self.questions.count()
        await button.click()
        await expect(self.questions).to_have_count(before + 1)
        return await self.answer(await self.questions.last.locator(".plain").inner_text())

    async def transcript(self) -> list[tuple[str, Literal["user", "bot"], str]]:
        """(id, who, text) of everything shown, in order."""
        return [tuple(row) for row in await self.rows.evaluate_all(_TRANSCRIPT)]

    async def said(self, text: str) -> list[tuple[str, str, str]]:
        """The question every time it is there, each followed by its answers."""
        found, inside = [], False
        for row in await self.transcript():
            inside = row[2] == text if row[1] == "user" else inside
            if inside:
                found.append(row)
        return found

    async def focused(self) -> str:
        """Class of the element that has the keyboard, wherever it is; the element's name where it has none."""
        return await self.page.evaluate(_FOCUSED)

    async def tab_to(self, name: str, *, most: int = 120) -> None:
        """Tab until an element of that class has the keyboard."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if name in (await self.focused()).split():
                return
        raise AssertionError(f"{most} tabs do not lead to {name}")
