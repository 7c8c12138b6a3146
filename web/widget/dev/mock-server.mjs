/**
 * The server's side of the wire, made up: for working on the widget without Python. `npm run dev`, then
 * http://127.0.0.1:5099/. Not shipped. Words that do something special: 慢 (slow), 超时 (turn_timeout), 太快
 * (too_many_messages), 坏 (hostile Markdown), 怪卡 (malformed cards), 过期 (token_expired, once). After 转人工 the assistant
 * is silent until 返回机器人; 在吗 makes a person answer, 结束 closes the ticket. What the desk says: dev/mock-tasks.mjs.
 */

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import { BACK, CLOSED, deskAnswer, ODD_CARDS, reportFile, STAFF, TICKET } from "./mock-tasks.mjs";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", txt: "text/plain", svg: "image/svg+xml" };
const PAGES = { "/": "demo/index.html", "/seller": "demo/seller.html", "/public": "demo/public.html" };

/** As bot/channel/wire/static.py sends it. */
export const CSP = (host) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws://${host} wss://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const days = (ago) => new Date(Date.now() - ago * 86400e3).toISOString();
const ORDERS = [
  ["3948201775530017294", "女鞋 真皮乐福鞋", 12900, 6, "in_force", "保障中"],
  ["3571920044817365022", "休闲运动鞋", 29900, 15, "claimed", "理赔中"],
  ["3820117746520938471", "冬季马丁靴 加厚底", 32900, 34, "paid", "已赔付"],
  ["3662018844019273655", "毛呢大衣", 45900, 22, "refused", "已拒赔"],
  ["3119038475566201938", "女士短靴", 19900, 20, "lapsed", "已失效"],
].map(([order, title, amount_fen, ago, state, state_name]) => ({ order, title, amount_fen, date: days(ago), state, state_name, shop: "小鹿家鞋服旗舰店" }));

const orderCard = (row) => ({
  order_number: row.order, title: `11月3日 ${row.title} ${row.amount_fen / 100}元 尾号${row.order.slice(-4)}`, item: row.title, shop: row.shop, amount_fen: row.amount_fen,
});
const rule = { id: "freight.validity.90", text: "保障最长到卖家发货后 90 天", grade: "B", as_of: "2022" };
const policyCard = (row) => ({
  type: "policy", ...orderCard(row), product: "freight", product_name: "退货运费险", state: row.state, state_name: row.state_name,
  policy_number: "PD4820193775120048", payer: "seller", sum_insured_fen: 1200, since: days(5), until: days(row.state === "lapsed" ? 3 : -85), rule,
  next_step: "要退货请先别确认收货：在订单里申请「退货退款」，卖家同意后 7 天内寄回并填对单号",
});
const SOURCES = ["https://maijiaw.com/article/533964", "http://www.lvdouya.com.cn/ask/202106/100376.html", "天猫保险服务怎么操作?在哪设置?"];

const HOSTILE = [
  "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>",
  "[点我](javascript:window.hacked=1) [数据](data:text/html,x) [好](https://example.com/a?b=1) ![图](https://evil.example/x.png)",
  "<style>*{display:none}</style><iframe src=//evil.example></iframe><svg onload=window.hacked=1>",
].join("\n\n");

function answer(text, token) {
  if (text === "转人工") return [TICKET];
  if (/怪卡/.test(text)) return ODD_CARDS.map((card, place) => ({ text: `第 ${place + 1} 张`, custom: { outcome: "task", card } }));
  const done = deskAnswer(text, token);
  if (done) return done;
  const about = ORDERS.find((row) => row.order === token.order) ?? ORDERS[0];
  if (/坏/.test(text)) return [{ text: HOSTILE, custom: { outcome: "answered", sources: ["javascript:alert(1)", ...SOURCES], as_of: "2022", grade: "B" } }];
  if (/赔多少|能赔/.test(text)) return [{ text: `这单（尾号 ${about.order.slice(-4)}，11月17日 ${about.title}）退货能赔**最高 12元**：退货运费险保障中，卖家11月18日发货，最晚保到2月16日，按「每单赔付不超过保额」这条规则（多处资料，2022 年口径）。\n\n- 路线：浙江杭州 → 浙江嘉兴\n- 超重的部分由买家承担\n\n规则口径截至 2022 年，与您页面上显示的不同时，以页面为准。`, custom: { outcome: "task", topic: "estimate_payout", card: { ...policyCard(about), payout_fen: 1200, at_most: true }, sources: SOURCES, as_of: "2022", grade: "B" }, buttons: ["多久到账", "上门取件怎么抵"] }];
  if (/理赔到|进度/.test(text)) {
    const row = ORDERS[1];
    return [{ text: `这单（尾号 ${row.order.slice(-4)}，11月8日 ${row.title}）的退货运费险理赔**退款成功，理赔审核中**：11月22日退款成功，应在 11月25日 19:20 前审完，按「退款成功后 72 小时内审核」这条规则（多处资料，2022 年口径）。\n\n**下一步**：不用做什么，到时间再来看。`, custom: { outcome: "task", topic: "check_claim", card: { type: "claim", ...orderCard(row), product_name: "退货运费险", kind: "return", state: "reviewing", state_name: "退款成功，理赔审核中", since: days(1), expected_by: days(-2), overdue: false, sum_insured_fen: 1300, paid_fen: null, steps: [["requested", "申请退货", 6], ["agreed", "卖家同意", 6], ["shipped_back", "寄回商品", 5], ["received", "卖家签收", 2], ["refunded", "退款成功", 1]].map(([kind, name, ago]) => ({ kind, name, at: days(ago) })), rule, next_step: "不用做什么，到时间再来看" }, sources: SOURCES.slice(0, 1), as_of: "2022", grade: "B" }, buttons: ["这单能赔多少", "看别的订单"] }];
  }
  if (/保单|看别的订单|哪些/.test(text) && token.role !== "seller") return [{ text: `您最近有保障的订单（5 单）：\n\n${ORDERS.map((row, i) => `${i + 1}. ${orderCard(row).title}：退货运费险**${row.state_name}**`).join("\n")}\n\n**下一步**：想看哪一单，点下面的按钮，或说「第二单呢」。`, custom: { outcome: "task", topic: "list_policies", card: { type: "orders", orders: ORDERS.map(policyCard) }, sources: SOURCES, as_of: "2022", grade: "B" }, buttons: ORDERS.map((row) => orderCard(row).title) }];
  if (/我的店/.test(text)) return [{ text: "您的店铺「小鹿家鞋服旗舰店」现在开通了 **3 项**保障。\n\n**下一步**：开通或退出都在千牛的「店铺管理 → 商家保障」里操作，以那里显示的状态为准。", custom: { outcome: "task", topic: "check_shop_services", card: { type: "services", shops: [{ code: "demo-shop", name: "小鹿家鞋服旗舰店", risk_rate_bp: 620, services: [{ product_name: "退货运费险", state: "on", since: days(210), fee_fen: 68 }, { product_name: "天猫交易保障险", state: "on", since: days(180), fee_fen: 0 }, { product_name: "材质保真险", state: "on", since: days(95), fee_fen: 0 }, { product_name: "退货宝", state: "ended", since: days(60), until: days(25), fee_fen: 40 }] }] } }, buttons: ["怎么开通", "怎么退出"] }];
  if (/有运费险|有保障|尾号/.test(text)) return [{ text: `这单（尾号 ${about.order.slice(-4)}，11月17日 ${about.title}）的退货运费险**${about.state_name}**：卖家11月18日发货，最晚保到2月16日，按「保障最长到卖家发货后 90 天」这条规则（多处资料，2022 年口径）。\n\n- 保额：12元，卖家赠送\n- 承保：示例财产保险\n- 提前结束：确认收货后保障一般结束`, custom: { outcome: "task", topic: "check_policy", card: policyCard(about), sources: SOURCES, as_of: "2022", grade: "B" }, buttons: ["退货能赔多少", "看别的订单"] }];
  return [{ text: "正常退货就行，退款成功后系统自动理赔，不用另外申请。\n\n1. **先别确认收货**，在订单里申请「退货退款」。\n2. 等卖家同意，7 天内寄回。\n3. 选上门取件会自动填单号；自己寄的，把单号填对。\n4. 卖家收货并退款成功，系统自动审核赔付。\n\n- 理赔认的是退货单号和物流轨迹，单号别填错。\n\n退款成功后，在订单的「运费险」里看理赔进度。\n\n（资料截至 2021，多处资料；以您页面上显示的为准）", custom: { outcome: "answered", topic: "claim_steps", article: "freight/claim_steps", sources: SOURCES, as_of: "2021", grade: "B" }, buttons: ["多久到账？", "上门取件怎么抵扣？", "为什么会拒赔？"] }];
}

const b64 = (data) => Buffer.from(JSON.stringify(data)).toString("base64url");
const id = (kind) => `${kind}_${randomBytes(9).toString("base64url")}`;
const read = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

/**
 * Starts it; port 0: a free one. Returns {port, io, close, seen, files, refuse, tell}: `seen` are the messages that cost a
 * turn, `files` the requests for a report, `refuse` the statuses that the next ones get, `tell(account, author, text)` says
 * something as staff or system.
 */
export async function start(port = 5099, { delay = 350 } = {}) {
  const [seen, files, refuse] = [[], [], []];
  const attended = new Set(); // accounts that a person looks after
  const tells = new Map(); // conversation -> messages
  const turns = new Map(); // message id -> promise of replies
  const buttons = new Map();
  const expired = new Set();

  const http = createServer((request, response) => {
    const url = new URL(request.url, "http://x");
    const send = (status, type, body) => response.writeHead(status, { "content-type": type, "content-security-policy": CSP(request.headers.host), "x-content-type-options": "nosniff", "cache-control": "no-cache" }).end(body);
    if (url.pathname === "/demo/token") {
      const [role, sub] = url.searchParams.get("as").split(":");
      const payload = { sub, role, aud: "xiaoer", exp: Math.floor(Date.now() / 1000) + 900, order: url.searchParams.get("order") || undefined };
      return send(200, "application/json", JSON.stringify({ token: `${b64({ alg: "none" })}.${b64(payload)}.mock` }));
    }
    if (url.pathname === "/demo/orders") return send(200, "application/json", JSON.stringify(url.searchParams.get("as") === "buyer:demo" ? ORDERS.map((row) => ({ order: row.order, date: row.date.slice(0, 10), title: row.title, amount_fen: row.amount_fen, state: row.state_name })) : []));
    if (url.pathname === "/webhooks/widget/report.csv") return report(url, request, response);
    const file = PAGES[url.pathname] ?? (/^\/demo\/[a-z.-]+$/.test(url.pathname) ? url.pathname.slice(1) : /^\/xiaoer[a-z-]*\.js$/.test(url.pathname) ? `dist${url.pathname}` : undefined);
    try {
      send(200, TYPES[file.split(".").pop()], readFileSync(at(file)));
    } catch {
      send(404, "text/plain", "not found");
    }
  });

  /** As bot/channel: pages of other origins ask first. */
  function report(url, request, response) {
    const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization", "content-type": "text/csv; charset=utf-8" };
    if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
    const authorization = request.headers.authorization ?? "";
    files.push({ address: request.url, authorization });
    const [status, body] = refuse.length ? [refuse.shift(), "no"] : reportFile(url, read(authorization.replace("Bearer ", "")));
    setTimeout(() => response.writeHead(status, headers).end(body), delay);
  }

  const io = new Server(http, { maxHttpBufferSize: 20_000, cors: { origin: "*" } });
  function tell(name, author, text) {
    const uttered = { id: id("p"), text, custom: { outcome: "handoff", author }, at: new Date().toISOString() };
    if (author === "system") attended.delete(name);
    tells.get(name).push({ ...uttered, from: "bot" });
    io.to(name).emit("bot_uttered", uttered);
  }

  io.on("connection", (socket) => {
    let token = socket.handshake.auth.token ? read(socket.handshake.auth.token) : { role: "visitor", sub: socket.handshake.auth.session ?? id("v") };
    const name = `${token.role}:${token.sub}`;
    const said = tells.get(name) ?? tells.set(name, []).get(name);
    socket.join(name);
    socket.on("session_request", () => {
      socket.emit("session_confirm", token.role === "visitor" ? token.sub : "label");
      socket.emit("history", { messages: said.slice(-50) });
    });
    const turn = async (message, text, ack) => {
      if (/过期/.test(text) && !expired.has(name)) {
        expired.add(name);
        socket.emit("problem", { code: "token_expired", text: "登录已过期，请刷新页面。", id: message });
        return ack?.({ ok: false, id: message, code: "token_expired", text: "登录已过期，请刷新页面。" });
      }
      for (const [word, code, words] of [["超时", "turn_timeout", "这次想得太久了，没有办成，请再试一次。"], ["太快", "too_many_messages", "您发得太快了，请过一分钟再发。"]]) {
        if (text.includes(word)) return ack?.({ ok: false, id: message, code, text: words });
      }
      if (!turns.has(message)) {
        turns.set(message, (async () => {
          seen.push({ id: message, text });
          said.push({ id: message, from: "user", text, at: new Date().toISOString() });
          socket.to(name).emit("user_echo", said.at(-1));
          await new Promise((resolve) => setTimeout(resolve, /慢/.test(text) ? 6000 : delay));
          if (text === "转人工") attended.add(name);
          else if (attended.has(name) && text !== "返回机器人") {
            if (/在吗/.test(text)) setTimeout(() => tell(name, "staff", STAFF), 2 * delay);
            if (/结束/.test(text)) setTimeout(() => tell(name, "system", CLOSED), 2 * delay);
            return []; // silent: the acknowledgement is all
          }
          const back = text === "返回机器人" && attended.delete(name);
          return (back ? [BACK] : answer(text, token)).map(({ buttons: titles = [], ...reply }) => {
            const quick_replies = titles.map((title) => ({ title, payload: id("b"), content_type: "text" }));
            for (const each of quick_replies) buttons.set(each.payload, each.title);
            const uttered = { id: id("r"), ...reply, quick_replies, at: new Date().toISOString(), reply_to: message };
            said.push({ ...uttered, from: "bot" });
            io.to(name).emit("bot_uttered", uttered);
            return uttered;
          });
        })());
      } else {
        for (const each of await turns.get(message)) socket.emit("bot_uttered", each);
      }
      await turns.get(message);
      ack?.({ ok: true, id: message });
    };
    socket.on("user_uttered", (data, ack) => turn(data.id, data.message, ack));
    socket.on("button", (data, ack) => turn(data.client_id, buttons.get(data.id) ?? "按钮过期", ack));
    socket.on("feedback", (data, ack) => ack?.({ ok: true }));
    socket.on("token", (data, ack) => ((token = read(data.token)), ack?.({ ok: true })));
  });
  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  return { port: http.address().port, io, seen, files, refuse, tell, close: () => new Promise((resolve) => io.close(resolve)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await start(Number(process.env.PORT ?? 5099));
  console.log(`http://127.0.0.1:${port}/`);
}
