/** The demo shop: whose page it is, its orders, and the widget as a real shop page would start it. */

import { picture } from "./pictures.js";

const ACCOUNTS = [
  { as: "buyer:demo", name: "买家 小鹿", note: "各种订单都有", page: "/" },
  { as: "buyer:new", name: "新买家", note: "还没有订单", page: "/" },
  { as: "seller:demo", name: "卖家 小鹿家", note: "符合条件", page: "/seller" },
  { as: "seller:risky", name: "卖家 快闪店", note: "风险率偏高", page: "/seller" },
  { as: "visitor", name: "访客", note: "没有登录", page: "/public" },
];
const TONES = { 保障中: "good", 已赔付: "good", 理赔中: "warn", "已出单，未生效": "warn", 已拒赔: "bad" };

const kind = document.body.dataset.page;
const query = new URLSearchParams(location.search);
const usual = { order: "buyer:demo", seller: "seller:demo", public: "visitor" }[kind];
const fits = (as) => ACCOUNTS.some((account) => account.as === as && account.page === { order: "/", seller: "/seller", public: "/public" }[kind]);
const as = fits(query.get("as")) ? query.get("as") : usual;
const account = ACCOUNTS.find((each) => each.as === as);
const lang = query.get("lang") || "zh-CN";
const theme = query.get("theme") || "auto";

function make(name, className, ...inside) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...inside);
  return node;
}

/** Our own back end signs the token; a shop's own does the same (docs/embed.md). */
async function token(order) {
  if (as === "visitor") return undefined;
  const more = order ? `&order=${encodeURIComponent(order)}` : "";
  const answer = await fetch(`/demo/token?as=${encodeURIComponent(as)}${more}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`/demo/token: ${answer.status}`);
  const text = await answer.text();
  try {
    const data = JSON.parse(text);
    return typeof data === "string" ? data : data.token;
  } catch {
    return text.trim();
  }
}

let about;
async function widget(order) {
  about = order;
  window.Xiaoer.init({ token: await token(order), onTokenExpired: () => token(about), order, theme, lang });
}

async function ask(order) {
  if (order && order !== about) await widget(order);
  window.Xiaoer.open();
}

// ---------------------------------------------------------------- the bar of the demo

function bar() {
  const links = ACCOUNTS.map((each) => {
    const link = make("a", each.as === as ? "demo-account current" : "demo-account", make("b", "", each.name), make("small", "", each.note));
    const to = new URLSearchParams({ as: each.as });
    if (lang !== "zh-CN") to.set("lang", lang);
    if (theme !== "auto") to.set("theme", theme);
    link.href = `${each.page}?${to}`;
    if (each.as === as) link.setAttribute("aria-current", "page");
    return link;
  });
  const choice = (name, label, value, options) => {
    const select = make("select", "", ...options.map(([key, text]) => new Option(text, key, false, key === value)));
    select.setAttribute("aria-label", label);
    select.addEventListener("change", () => {
      const to = new URLSearchParams(location.search);
      to.set(name, select.value);
      location.search = to;
    });
    return select;
  };
  document.querySelector("#demo-bar").append(
    make("span", "demo-title", "演示身份"),
    make("nav", "demo-accounts", ...links),
    make(
      "span",
      "demo-choices",
      choice("lang", "险小二的语言", lang, [["zh-CN", "简体"], ["zh-TW", "繁體"], ["en", "English"]]),
      choice("theme", "险小二的配色", theme, [["auto", "跟随系统"], ["light", "浅色"], ["dark", "深色"]]),
    ),
  );
}

// ---------------------------------------------------------------- the order page

const yuan = (fen) => (Number.isFinite(fen) ? `¥${(fen / 100).toFixed(2)}` : "");

function orderCard(order) {
  const number = String(order.order ?? "");
  const button = make("button", "ask", "问险小二");
  button.type = "button";
  button.dataset.order = number;
  button.setAttribute("aria-label", `问险小二：${order.title ?? "订单"}，尾号 ${number.slice(-4)}`);
  button.addEventListener("click", () => void ask(number));
  const state = make("span", `state ${TONES[order.state] ?? ""}`, order.state ? `${order.state}` : "");
  state.hidden = !order.state;
  return make(
    "li",
    "order",
    make("div", "order-head", make("span", "order-day", String(order.date ?? "")), make("span", "order-number", `订单号 ${number}`)),
    make(
      "div",
      "order-body",
      picture(order.title ?? ""),
      make("div", "order-what", make("p", "order-title", order.title ?? "商品"), make("p", "order-kind", "7天无理由退换"), button),
      make("p", "order-price", yuan(order.amount_fen)),
      make("p", "order-state", state),
    ),
  );
}

async function orders() {
  const list = document.querySelector("#orders");
  const answer = await fetch(`/demo/orders?as=${encodeURIComponent(as)}`, { cache: "no-store" });
  const data = answer.ok ? await answer.json() : [];
  const all = Array.isArray(data) ? data : (data.orders ?? []);
  list.replaceChildren(...all.map(orderCard));
  document.querySelector("#no-orders").hidden = all.length > 0;
  document.querySelector("#order-count").textContent = String(all.length);
}

// ---------------------------------------------------------------- start

bar();
for (const node of document.querySelectorAll("[data-picture]")) node.append(picture(node.dataset.picture));
for (const node of document.querySelectorAll("[data-account-name]")) node.textContent = account.name;
for (const node of document.querySelectorAll("[data-only]")) node.hidden = node.dataset.only !== as;
for (const node of document.querySelectorAll("[data-ask]")) node.addEventListener("click", () => void ask());
document.querySelector(".search")?.addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign("/public");
});
if (kind === "order") void orders();
void widget();
