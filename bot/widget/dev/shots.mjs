/** Screenshots into shots/, for looking at: `npm run shots`. */

import { mkdirSync } from "node:fs";
import { open } from "./browser.mjs";
import { start } from "./mock-server.mjs";

const browser = await open();
mkdirSync("shots", { recursive: true });
const errors = [];

async function shot(name, { path = "/", width = 1280, height = 860, says = [], large = false, dark = false, before, element } = {}) {
  const server = await start(0, { delay: 50 }); // a conversation of its own
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", locale: "zh-CN", hasTouch: width < 500 });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && errors.push(`${name}: ${message.text()}`));
  page.on("pageerror", (error) => errors.push(`${name}: ${error}`));
  await page.goto(`http://127.0.0.1:${server.port}${path}`);
  await page.waitForSelector("xiaoer-widget .launcher");
  if (says.length || large || before || element !== "page") {
    await page.locator("xiaoer-widget .launcher").click();
    await page.locator(".log[aria-live=polite]").waitFor();
  }
  if (large) await page.locator(".head-button[aria-pressed]").click();
  for (const words of says) {
    await page.locator(".composer textarea").fill(words);
    await page.keyboard.press("Enter");
    await page.waitForTimeout(350);
  }
  if (before) await before(page, context);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `shots/${name}.png` });
  await context.close();
  await server.close();
}

await shot("page-order", { element: "page" });
await shot("page-seller", { path: "/seller", element: "page" });
await shot("page-public", { path: "/public", element: "page" });
await shot("page-order-375", { element: "page", width: 375, height: 760 });
await shot("page-seller-375", { path: "/seller", element: "page", width: 375, height: 760 });
await shot("page-public-375", { path: "/public", element: "page", width: 375, height: 760 });
await shot("greeting", {});
await shot("greeting-seller", { path: "/seller" });
await shot("article", { says: ["运费险怎么理赔？"] });
await shot("policy", { says: ["这单有运费险吗？"] });
await shot("policy-dark", { says: ["这单有运费险吗？"], path: "/?theme=dark" });
await shot("claim", { says: ["我的理赔到哪一步了？"] });
await shot("orders", { says: ["我有哪些保单？"] });
await shot("services", { path: "/seller", says: ["我的店开了哪些保险？"] });
await shot("greeting-375", { width: 375, height: 700 });
await shot("policy-375", { width: 375, height: 700, says: ["我这单退货能赔多少？"] });
await shot("large-375", { width: 375, height: 700, large: true, says: ["运费险怎么理赔？"] });
await shot("article-320", { width: 320, height: 568, says: ["我有哪些保单？"] });
await shot("english", { path: "/?lang=en", says: ["我的理赔到哪一步了？"] });
await shot("traditional", { path: "/?lang=zh-TW" });
await shot("large", { large: true, says: ["这单有运费险吗？"] });
await shot("offline", {
  says: ["运费险怎么理赔？"],
  before: async (page, context) => {
    await context.setOffline(true);
    await page.locator(".composer textarea").fill("多久到账？");
    await page.keyboard.press("Enter");
  },
});
await shot("failed", { says: ["超时了"], before: (page) => page.locator(".composer textarea").fill("字".repeat(2010)) });
await shot("feedback", {
  says: ["运费险怎么理赔？"],
  before: async (page) => {
    await page.locator(".sources summary").click();
    await page.locator(".tool").nth(1).click();
    await page.locator(".reason").scrollIntoViewIfNeeded();
  },
});
await shot("order-button", {
  before: async (page) => {
    await page.keyboard.press("Escape");
    await page.locator(".order .ask").nth(2).click();
    await page.waitForTimeout(400);
  },
});
await shot("hostile", { says: ["坏"] });
console.log(errors.length ? errors.join("\n") : "no console errors");
await browser.close();
