/** Screenshots into shots/, for looking at: `npm run shots`. */

import { mkdirSync } from "node:fs";
import { open } from "./browser.mjs";
import { start } from "./mock-server.mjs";

const browser = await open();
mkdirSync("shots", { recursive: true });
const errors = [];
const only = process.argv[2]; // a part of a name

async function shot(name, { path = "/", width = 1280, height = 860, says = [], large = false, dark = false, before, element } = {}) {
  if (only && !name.includes(only)) return;
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
for (const [size, width, height] of [["", 1280, 860], ["-360", 360, 740]]) {
  for (const dark of [false, true]) {
    const name = (kind) => `${kind}${dark ? "-dark" : ""}${size}`;
    const at = (path, more) => ({ path: `${path}${path.includes("?") ? "&" : "?"}theme=${dark ? "dark" : "light"}`, width, height, ...more });
    await shot(name("eligible"), at("/seller", { says: ["我的店能开退货宝吗？"] }));
    await shot(name("not-eligible"), at("/seller?as=seller:risky", { says: ["我的店能开退货宝吗？"], before: async (page) => page.locator(".check summary").first().click() }));
    await shot(name("quote"), at("/seller", { says: ["我的店运费险一单多少钱？"], before: async (page) => page.locator(".rule summary").click() }));
    await shot(name("summary"), at("/seller", { says: ["帮我开通退货宝"] }));
    await shot(name("receipt"), at("/seller", { says: ["帮我开通退货宝", "确认开通"] }));
    await shot(name("report"), at("/seller", { says: ["上个月保费花了多少？"], before: (page) => page.locator(".card.report").evaluate((card) => card.scrollIntoView({ block: "start" })) }));
    await shot(name("report-end"), at("/seller", { says: ["上个月保费花了多少？"], before: (page) => page.locator(".file").evaluate((part) => part.scrollIntoView({ block: "end" })) }));
    await shot(name("ticket"), at("/", { says: ["转人工"] }));
    await shot(name("staff"), at("/", { says: ["转人工", "在吗？", "结束"] }));
  }
}
await shot("report-partial", { path: "/seller", says: ["这个月保费花了多少？"], before: (page) => page.locator(".months").evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("report-partial-320", { path: "/seller", width: 320, height: 640, says: ["这个月保费花了多少？"], before: (page) => page.locator(".card.report").evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("report-partial-end-320", { path: "/seller?lang=en", width: 320, height: 640, says: ["这个月保费花了多少？"], before: (page) => page.locator(".file").evaluate((part) => part.scrollIntoView({ block: "end" })) });
await shot("report-numbers", { path: "/seller", says: ["上个月保费花了多少？"], before: async (page) => { await page.locator(".numbers summary").click(); await page.locator(".months").evaluate((card) => card.scrollIntoView({ block: "start" })); } });
await shot("report-large-360", { path: "/seller", width: 360, height: 740, large: true, says: ["上个月保费花了多少？"], before: (page) => page.locator(".card.report").evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("report-english", { path: "/seller?lang=en", says: ["上个月保费花了多少？"], before: (page) => page.locator(".card.report").evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("report-traditional", { path: "/seller?lang=zh-TW", says: ["上个月保费花了多少？"], before: (page) => page.locator(".card.report").evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("conditions-of-two", { path: "/seller", says: ["我的店都能开什么？"], before: (page) => page.locator(".card").first().evaluate((card) => card.scrollIntoView({ block: "start" })) });
await shot("quotes", { path: "/seller", says: ["两种分别多少钱"] });
await shot("appeal", { says: ["我要申诉"] });
await shot("appeal-receipt", { says: ["我要申诉", "确认提交"] });
await shot("staff-320", { width: 320, height: 568, says: ["转人工", "在吗？"] });
await shot("staff-english", { path: "/?lang=en", says: ["转人工", "在吗？"] });
await shot("report-csv-failed", { path: "/seller", says: ["上个月保费花了多少？"], before: async (page, context) => { await context.setOffline(true); await page.locator(".file .quick").click(); await page.locator(".failure").waitFor(); await page.locator(".file").evaluate((part) => part.scrollIntoView({ block: "end" })); } });
await shot("odd-cards", { says: ["怪卡"] });
console.log(errors.length ? errors.join("\n") : "no console errors");
await browser.close();
