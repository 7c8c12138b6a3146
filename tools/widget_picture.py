"""Takes docs/widget.png, the picture of the README, from the demo shop as it runs: `make chat`, then

    python tools/widget_picture.py http://127.0.0.1:5005

Needs Chromium and a Chinese font. Look at what it has taken.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from playwright.async_api import async_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "widget.png"


async def main(url: str) -> None:
    sys.path.insert(0, str(ROOT))
    from tests.browser.shop import Shop

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        shop = Shop(browser, url)
        widget = await shop.visit("buyer:demo", width=1120, height=820)
        await widget.page.locator("#orders li").nth(1).get_by_role("button").click()
        await widget.loaded()
        await widget.ask("这单有运费险吗")
        await widget.page.wait_for_timeout(500)
        await widget.page.screenshot(path=PICTURE)
        await shop.close()
        await browser.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1024} KB; {shop.trouble or 'nothing went wrong'}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
