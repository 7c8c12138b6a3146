import { open } from "/work/main/bot/widget/dev/browser.mjs";
const port = process.argv[2]; const b = await open(); const c = await b.newContext({viewport:{width:1280,height:860}, locale:"zh-CN"}); const p = await c.newPage();
p.on("console", m => console.log("console", m.type(), m.text())); p.on("pageerror", e => console.log("pageerror", e));
await p.goto(`http://127.0.0.1:${port}/`); await p.locator("xiaoer-widget .launcher").waitFor(); await p.waitForTimeout(800);
console.log("orders", await p.locator("#orders li").count());
await p.screenshot({path:"/tmp/w/widgetlab/real-page.png"});
await p.locator(".launcher").click(); await p.locator(".log[aria-live=polite]").waitFor();
const say = async w => { await p.locator(".composer textarea").fill(w); await p.keyboard.press("Enter"); await p.waitForTimeout(600); };
await say("按钮"); await p.locator(".chips .quick").first().click(); await p.waitForTimeout(600);
await say("卡片"); await say("两句"); await say("哑"); await say("/handoff"); await say("<b>x</b> 我的手机 13800138000");
await p.locator(".tool").first().click(); await p.waitForTimeout(500);
console.log("told", await p.locator(".told").allTextContents());
console.log("user", await p.locator(".row.mine .plain").allTextContents());
console.log("bot", await p.locator(".row:not(.mine) .rich").allTextContents());
await p.screenshot({path:"/tmp/w/widgetlab/real-talk.png"});
await p.reload(); await p.waitForTimeout(1500);
console.log("after reload user", await p.locator(".row.mine .plain").allTextContents());
console.log("bot", (await p.locator(".row:not(.mine) .rich").count()));
const ids = await p.locator(".row").evaluateAll(a => a.map(e => e.dataset.id)); console.log("dups", ids.length - new Set(ids).size);
// token expiry
await p.evaluate(async () => { window.n=0; const get = async s => (await (await fetch("/demo/token?as=buyer:demo&seconds="+s)).json()).token; Xiaoer.init({token: await get(2), onTokenExpired: async () => { window.n++; return get(600); }}); Xiaoer.open(); });
await p.waitForTimeout(3500); await say("过期之后"); await p.waitForTimeout(1000);
console.log("renewals", await p.evaluate(() => window.n), (await p.locator(".row:not(.mine) .rich").allTextContents()).at(-1));
// tampered
await p.evaluate(() => { Xiaoer.init({token: "a.b.c"}); Xiaoer.open(); }); await p.waitForTimeout(1500);
console.log("banner", await p.locator(".banner").allTextContents());
for (const path of ["/seller","/public"]) { await p.goto(`http://127.0.0.1:${port}${path}`); await p.waitForTimeout(600); await p.locator(".launcher").click(); await p.locator(".log[aria-live=polite]").waitFor(); await say("你好"); console.log(path, (await p.locator(".row:not(.mine) .rich").allTextContents()).at(-1)); await p.reload(); await p.waitForTimeout(1200); console.log(path, "reloaded", await p.locator(".row.mine .plain").allTextContents()); }
await b.close();
