/**
 * The widget in a real browser against the made-up server: what unit tests cannot see. `npm run check:page`.
 * Needs a Chromium (CHROMIUM=/path, /usr/bin/chromium if left out).
 */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { open } from "./browser.mjs";
import { start } from "./mock-server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await open();
const checks = [];
const check = (name, options, run) => checks.push({ name, options, run });

const field = (page) => page.locator(".composer textarea");
const say = async (page, words) => {
  await field(page).fill(words);
  await field(page).press("Enter");
};
const questions = (page) => page.locator(".row.mine .plain").allTextContents();
const answers = (page) => page.locator(".row:not(.mine) .rich").count();
const begin = async (page) => {
  await page.locator("xiaoer-widget .launcher").click();
  await page.locator(".log[aria-live=polite]").waitFor();
};
const until = async (what, test, ms = 8000) => {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (await test()) return;
  }
  assert.fail(`never: ${what}`);
};
const violations = async (page) => {
  await page.evaluate((source) => (0, eval)(source), axe).catch(() => undefined);
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${JSON.stringify(node.target)} ${node.any.map((any) => any.message).join("; ")}`).join(" | ")}`));
  return found;
};

for (const width of [1280, 375, 320]) {
  for (const theme of ["light", "dark"]) {
    for (const [path, asks] of [["/", ["我有哪些保单？", "这单有运费险吗？", "我的理赔到哪一步了？", "运费险怎么理赔？", "我要申诉", "确认提交", "转人工", "在吗？", "结束", "怪卡"]], ["/seller", ["我的店开了哪些保险？", "我的店能开退货宝吗？", "都能开什么？", "分别多少钱？", "帮我开通退货宝", "确认开通", "所有店的月报"]], ["/seller?as=seller:risky", ["我的店能开退货宝吗？"]], ["/public?lang=en", ["超时了"]]]) {
      check(`axe finds nothing: ${path} ${width} ${theme}`, { path: `${path}${path.includes("?") ? "&" : "?"}theme=${theme}`, width, csp: false }, async (page) => {
        assert.deepEqual(await violations(page), []);
        await begin(page);
        assert.deepEqual(await violations(page), []);
        for (const words of asks) {
          await say(page, words);
          await page.waitForTimeout(250);
        }
        await page.evaluate(() => document.querySelector("xiaoer-widget").shadowRoot.querySelectorAll("details").forEach((each) => (each.open = true)));
        const useless = page.locator(".tool[aria-expanded]").last();
        if (await useless.count()) await useless.click();
        await page.waitForTimeout(300);
        assert.deepEqual(await violations(page), []);
        const cut = await page.locator(".card").evaluateAll((all) => all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent));
        assert.deepEqual(cut, [], "cards that are cut off");
        if (width < 500) {
          assert.ok(await page.evaluate(() => document.querySelector("xiaoer-widget").shadowRoot.querySelector(".log").scrollWidth <= window.innerWidth), "scrolls sideways");
        }
      });
    }
  }
}

check("one global, one element, nothing else in the page", {}, async (page) => {
  await begin(page);
  await say(page, "运费险怎么理赔？");
  await page.waitForTimeout(300);
  const left = await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const usual = new Set(Object.getOwnPropertyNames(frame.contentWindow));
    frame.remove();
    return Object.getOwnPropertyNames(window).filter((name) => !usual.has(name) && !/^(\d+|__playwright|__pw|playwright)/.test(name));
  });
  assert.deepEqual(left, ["Xiaoer"]);
  assert.equal(await page.locator("xiaoer-widget").count(), 1);
  await page.evaluate(() => window.Xiaoer.destroy());
  assert.equal(await page.locator("xiaoer-widget").count(), 0);
});

check("the panel is there within a second of the press", {}, async (page) => {
  const before = Date.now();
  await begin(page);
  assert.ok(Date.now() - before < 1000, `${Date.now() - before} ms`);
});

check("nothing of the panel is loaded before it is opened", {}, async (page) => {
  await page.waitForTimeout(300);
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map((each) => each.name).filter((name) => /panel|socket/.test(name)));
  assert.deepEqual(loaded, []);
});

check("Enter while an input method composes does not send", {}, async (page, { client, server }) => {
  await begin(page);
  await field(page).focus();
  await client.send("Input.imeSetComposition", { text: "yunfei", selectionStart: 6, selectionEnd: 6 });
  await client.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
  await page.waitForTimeout(100);
  assert.equal(server.seen.length, 0);
  await client.send("Input.insertText", { text: "运费险" });
  await page.waitForTimeout(100);
  assert.equal(await field(page).inputValue(), "运费险");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("a");
  assert.equal(await field(page).inputValue(), "运费险\na");
  await page.keyboard.press("Enter");
  await until("sent", () => server.seen.length === 1);
  assert.equal(server.seen[0].text, "运费险\na");
});

check("offline: everything queued is sent once, in order, on return", {}, async (page, { context, server }) => {
  await begin(page);
  await say(page, "一");
  await until("answered", async () => (await answers(page)) === 1);
  await context.setOffline(true);
  await page.locator(".banner.offline").waitFor();
  await say(page, "二");
  await say(page, "三");
  assert.equal(server.seen.length, 1);
  await context.setOffline(false);
  await until("answered", async () => (await answers(page)) === 3, 20_000);
  await page.waitForTimeout(500);
  assert.deepEqual(server.seen.map((each) => each.text), ["一", "二", "三"]);
  assert.deepEqual(await questions(page), ["一", "二", "三"]);
  assert.equal(await page.locator(".banner").count(), 0);
});

check("a connection that breaks in the middle of a turn asks once", {}, async (page, { server }) => {
  await begin(page);
  await say(page, "一");
  server.io.disconnectSockets(true);
  await until("answered", async () => (await answers(page)) === 1, 15_000);
  await page.waitForTimeout(800);
  assert.deepEqual(server.seen.map((each) => each.text), ["一"]);
  assert.equal(await answers(page), 1);
});

check("a reload keeps the conversation and the open panel", {}, async (page) => {
  await begin(page);
  await say(page, "运费险怎么理赔？");
  await until("answered", async () => (await answers(page)) === 1);
  await page.reload();
  await until("there again", async () => (await answers(page)) === 1);
  assert.deepEqual(await questions(page), ["运费险怎么理赔？"]);
});

check("a visitor's reload keeps the conversation; another visitor does not see it", { path: "/public" }, async (page, { context }) => {
  await begin(page);
  await say(page, "运费险是什么？");
  await until("answered", async () => (await answers(page)) === 1);
  await page.reload();
  await until("there again", async () => (await answers(page)) === 1);
  const other = await context.newPage(); // a tab of its own has a session of its own
  await other.goto(page.url());
  await begin(other);
  assert.deepEqual(await questions(other), []);
});

check("another account in the same tab sees nothing of the first", {}, async (page) => {
  await begin(page);
  await say(page, "运费险怎么理赔？");
  await until("answered", async () => (await answers(page)) === 1);
  await page.goto(page.url().replace(/\/$/, "/?as=buyer:new"));
  await begin(page);
  assert.deepEqual(await questions(page), []);
});

check("two tabs show the same", {}, async (page, { context }) => {
  const other = await context.newPage();
  await other.goto(page.url());
  await begin(page);
  await begin(other);
  await say(page, "慢一点");
  await until("echo", async () => (await questions(other)).length === 1);
  await other.locator(".Typing").waitFor();
  await until("answer", async () => (await answers(other)) === 1, 10_000);
});

check("unread answers are counted while it is closed, and the name says so", {}, async (page) => {
  await begin(page);
  await say(page, "慢一点");
  await page.keyboard.press("Escape");
  await page.locator(".badge:not([hidden])").waitFor();
  assert.match(await page.locator(".launcher").getAttribute("aria-label"), /1 条未读/);
  await page.locator(".launcher").click();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".badge:not([hidden])").count(), 0);
});

check("keyboard only: open, ask, press a button, close, and the focus comes back", {}, async (page) => {
  await page.locator(".launcher").focus();
  await page.keyboard.press("Enter");
  await page.locator(".log[aria-live=polite]").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.className ?? document.activeElement.tagName);
  assert.equal(await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.tagName), "TEXTAREA");
  await page.keyboard.type("运费险怎么理赔？");
  await page.keyboard.press("Enter");
  await until("answered", async () => (await page.locator(".chips .quick").count()) === 3);
  for (let count = 0; count < 40 && (await focused()) !== "quick"; count++) await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "quick");
  await page.keyboard.press("Enter");
  await until("asked", async () => (await questions(page)).length === 2);
  assert.equal(await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.tagName), "TEXTAREA"); // its button is gone
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "launcher");
});

check("on a phone the focus stays within the panel", { width: 375 }, async (page) => {
  await begin(page);
  for (let count = 0; count < 30; count++) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "XIAOER-WIDGET");
  }
});

check("an expired token is renewed, and nothing is lost", {}, async (page, { server }) => {
  await begin(page);
  await say(page, "过期了吗");
  await until("answered", async () => (await answers(page)) === 1);
  assert.equal(server.seen.length, 1);
});

check("a failed message can be sent again", {}, async (page) => {
  await begin(page);
  await say(page, "超时");
  await page.locator(".row .state.bad").waitFor();
  await page.locator(".row .state.bad .link").first().click();
  await page.locator(".row .state.bad").waitFor();
  await page.locator(".row .state.bad .link").last().click();
  assert.deepEqual(await questions(page), []);
});

check("hostile answers are inert", {}, async (page) => {
  await begin(page);
  await say(page, "坏");
  await until("answered", async () => (await answers(page)) === 1);
  await page.locator(".sources summary").click();
  const links = await page.locator(".row:not(.mine) a").evaluateAll((all) => all.map((each) => each.getAttribute("href")));
  assert.ok(links.length > 0 && links.every((href) => /^https?:/.test(href)), String(links));
  assert.equal(await page.locator(".row:not(.mine) :is(img, script, iframe, style, object)").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

check("odd cards leave the conversation standing", {}, async (page) => {
  await begin(page);
  await say(page, "怪卡");
  await until("all their texts", async () => (await answers(page)) === 10);
  await say(page, "运费险怎么理赔？");
  await until("the next answer", async () => (await answers(page)) === 11);
});

const report = async (page) => {
  await begin(page);
  await say(page, "上个月保费花了多少？");
  await page.locator(".file .quick").waitFor();
};
const saved = async (page) => {
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator(".file .quick").click()]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
};

check("a report is a picture that fits, and a file that is fetched with the token in a header", { path: "/seller", width: 360 }, async (page, { server }) => {
  await report(page);
  const chart = page.locator(".chart svg");
  const [picture, card] = [await chart.boundingBox(), await page.locator(".card.report").boundingBox()];
  assert.ok(picture.x >= card.x && picture.x + picture.width <= card.x + card.width, "the picture leaves its card");
  const bars = await page.locator(".chart .full").evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
  assert.ok(bars.length === 6 && Math.min(...bars) > 20, String(bars));
  assert.equal(await page.locator(".chart .hatched path").count(), 6);
  const file = await saved(page);
  assert.match(file.name, /^report-demo-shop-\d{4}-\d\d\.csv$/);
  assert.match(file.text, /^\ufeff月份,保费/);
  assert.equal(server.files.length, 1);
  assert.match(server.files[0].authorization, /^Bearer \S+\.\S+\.\S+$/);
  assert.doesNotMatch(server.files[0].address, /token|mock|eyJ/i);
  await page.locator(".file").getByText("已下载").waitFor();
});

check("the picture follows the size of the text", { path: "/seller" }, async (page) => {
  await report(page);
  const before = await page.locator(".chart svg").boundingBox();
  await page.locator(".head-button[aria-pressed]").click();
  await until("larger", async () => (await page.locator(".chart svg").boundingBox()).height > before.height * 1.2);
});

check("a report refused for its token is fetched again with a new one", { path: "/seller", expected: /401/ }, async (page, { server }) => {
  await report(page);
  server.refuse.push(401);
  const { text } = await saved(page);
  assert.match(text, /812\.50/);
  assert.equal(server.files.length, 2);
});

for (const [status, words] of [[403, /您的账号看不了/], [429, /太频繁/], [500, /服务器出了问题/]]) {
  check(`a report refused with ${status} says why`, { path: "/seller", expected: new RegExp(String(status)) }, async (page, { server }) => {
    await report(page);
    server.refuse.push(status);
    await page.locator(".file .quick").click();
    assert.match(await page.locator(".failure[role=alert]").textContent(), words);
    await saved(page);
    assert.equal(await page.locator(".failure").count(), 0);
  });
}

check("a report that the network does not bring says so", { path: "/seller", expected: /Failed to load/ }, async (page, { context }) => {
  await report(page);
  await context.setOffline(true);
  await page.locator(".file .quick").click();
  assert.match(await page.locator(".failure").textContent(), /检查网络/);
});

check("a visitor is offered no file", { path: "/public" }, async (page) => {
  await begin(page);
  await say(page, "上个月保费花了多少？");
  await page.locator(".card.report").waitFor();
  assert.equal(await page.locator(".file").count(), 0);
});

const ME = "buyer:demo";
const heading = (page) => page.locator(".head h2").textContent();
const handOver = async (page) => {
  await begin(page);
  await page.locator(".head .agent").click();
  await page.locator(".card.ticket").waitFor();
};

check("while a person answers nothing waits for the assistant", {}, async (page, { server }) => {
  await handOver(page);
  assert.equal(await heading(page), "人工客服");
  await say(page, "慢慢说");
  await until("taken", () => server.seen.length === 2);
  assert.equal(await page.locator(".Typing").count(), 0);
  await page.waitForTimeout(6500); // longer than that turn takes
  assert.equal(await page.locator(".row .state.bad, .banner, .Typing").count(), 0);
  assert.equal(await page.locator(".row.mine .state").textContent(), "已送达");
  server.tell(ME, "staff", "您好");
  await page.locator(".row.staff").waitFor();
  assert.equal(await page.locator(".row.mine .state").count(), 0);
});

check("a person's words come in order, once, over a reload and in another tab", {}, async (page, { server, context }) => {
  await handOver(page);
  await say(page, "一");
  await until("taken", () => server.seen.length === 2);
  server.tell(ME, "staff", "甲");
  server.tell(ME, "staff", "乙");
  await until("there", async () => (await page.locator(".row.staff").count()) === 2);
  const other = await context.newPage();
  await other.goto(page.url());
  await begin(other);
  await page.reload();
  for (const each of [page, other]) {
    await until("there again", async () => (await each.locator(".row.staff").count()) === 2);
    assert.deepEqual(await each.locator(".row.staff .rich").allTextContents().then((all) => all.map((words) => words.trim())), ["甲", "乙"]);
    assert.equal(await heading(each), "人工客服");
    assert.equal(await each.locator(".head .agent").textContent(), "返回机器人");
  }
  await say(other, "二");
  await until("in the first tab", async () => (await questions(page)).includes("二"));
  assert.equal(await page.locator(".Typing").count(), 0);
});

check("a person's words are counted while it is closed", {}, async (page, { server }) => {
  await handOver(page);
  await page.keyboard.press("Escape");
  server.tell(ME, "staff", "甲");
  server.tell(ME, "system", "已结束");
  await page.locator(".badge", { hasText: "2" }).waitFor();
  assert.equal(await page.locator(".said").textContent(), "险小二有 2 条未读消息");
  await page.locator(".launcher").click();
  assert.equal(await page.locator(".system").count(), 1);
  assert.equal(await heading(page), "险小二");
});

check("the latest of a person's many words is in sight", {}, async (page, { server }) => {
  await handOver(page);
  for (let count = 1; count <= 12; count++) {
    server.tell(ME, "staff", `第 ${count} 句。${"很长的一句话。".repeat(6)}`);
    await until("there", async () => (await page.locator(".row.staff").count()) === count);
  }
  await page.waitForTimeout(100);
  const [row, log] = [await page.locator(".row.staff").last().boundingBox(), await page.locator(".log").boundingBox()];
  assert.ok(row.y >= log.y && row.y + row.height <= log.y + log.height + 20, JSON.stringify({ row, log }));
});

check("one press leads back to the assistant", {}, async (page) => {
  await handOver(page);
  await say(page, "在吗？");
  await page.locator(".row.staff").waitFor();
  await page.locator(".head .agent").click();
  await until("back", async () => (await heading(page)) === "险小二");
  await say(page, "运费险怎么理赔？");
  await page.locator(".chips .quick").first().waitFor();
});

check("an order row opens the widget about that order", {}, async (page) => {
  await page.locator(".order .ask").nth(2).click();
  await page.locator(".order-bar").waitFor();
  assert.match(await page.locator(".order-bar").textContent(), /8471/);
});

check("a stranger's shop shows a report's picture and saves its file under the strict policy of docs/embed.md", {}, async (page, { server, context }) => {
  const bot = `127.0.0.1:${server.port}`;
  const policy = `default-src 'none'; script-src http://${bot}; style-src 'none'; connect-src http://${bot} ws://${bot}`;
  const { token } = await (await fetch(`http://${bot}/demo/token?as=seller:demo`)).json();
  const html = `<!doctype html><html lang="zh"><title>x</title><h1>x</h1><script src="http://${bot}/xiaoer.js" data-token="${token}"></script></html>`;
  const shop = createServer((_, response) => response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy }).end(html));
  await new Promise((resolve) => shop.listen(0, "127.0.0.1", resolve));
  const other = await context.newPage();
  const refused = [];
  other.on("console", (message) => message.type() === "error" && !/favicon/.test(message.text()) && refused.push(message.text()));
  await other.goto(`http://127.0.0.1:${shop.address().port}/`);
  await report(other);
  const look = await other.locator(".chart .full").first().evaluate((each) => getComputedStyle(each).fill);
  assert.equal(look, "rgb(11, 122, 99)");
  assert.match((await saved(other)).text, /812\.50/);
  assert.deepEqual(refused, []);
  shop.closeAllConnections();
  shop.close();
});

check("a stranger's shop embeds it with one line under the strict policy of docs/embed.md", {}, async (page, { server, context }) => {
  const bot = `127.0.0.1:${server.port}`;
  const policy = `default-src 'none'; script-src http://${bot}; style-src 'none'; connect-src http://${bot} ws://${bot}`;
  const html = `<!doctype html><html lang="zh"><title>x</title><h1>x</h1><script src="http://${bot}/xiaoer.js" data-lang="zh-TW"></script></html>`;
  const shop = createServer((_, response) => response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy }).end(html));
  await new Promise((resolve) => shop.listen(0, "127.0.0.1", resolve));
  const other = await context.newPage();
  const refused = [];
  other.on("console", (message) => /Content.Security/i.test(message.text()) && refused.push(message.text()));
  await other.goto(`http://127.0.0.1:${shop.address().port}/`);
  await begin(other);
  await say(other, "運費險怎麼理賠？");
  await until("answered", async () => (await answers(other)) === 1);
  assert.equal((await other.locator(".row.mine .Bubble").boundingBox()).width > 100, true);
  assert.equal(await other.locator(".row.mine .Bubble").evaluate((each) => getComputedStyle(each).color), "rgb(255, 255, 255)");
  assert.deepEqual(refused, []);
  shop.closeAllConnections();
  shop.close();
});

check("host page styles stay outside", {}, async (page) => {
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("body * { display: none !important; color: red !important } xiaoer-widget { opacity: 0; transform: scale(2) }");
    document.adoptedStyleSheets = [sheet];
  });
  const box = await page.locator(".launcher").boundingBox();
  assert.ok(box && box.width === 60, JSON.stringify(box));
});

let failed = 0;
const only = process.argv[2];
for (const { name, options, run } of checks.filter((each) => !only || each.name.includes(only))) {
  const server = await start(0, { delay: 60 });
  const width = options.width ?? 1280;
  const context = await browser.newContext({ viewport: { width, height: 800 }, bypassCSP: options.csp === false, reducedMotion: "reduce", locale: "zh-CN" });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && !/net::ERR_|WebSocket/.test(message.text()) && !options.expected?.test(message.text()) && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  try {
    await page.goto(`http://127.0.0.1:${server.port}${options.path ?? "/"}`);
    await page.locator("xiaoer-widget .launcher").waitFor();
    await run(page, { context, server, client: await context.newCDPSession(page) });
    assert.deepEqual(problems, [], "errors in the console");
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n     ${String(error.message).replace(/\n/g, "\n     ").slice(0, 2500)}`);
  }
  await context.close();
  await server.close();
}
await browser.close();
console.log(failed ? `${failed} of ${checks.length} failed` : "all well");
process.exitCode = failed ? 1 : 0;
