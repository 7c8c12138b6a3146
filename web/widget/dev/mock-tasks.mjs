/** Made-up replies of the seller's desk, and of what goes wrong with them. Amounts in fen. */

const iso = (minutes) => new Date(Date.now() + minutes * 60e3).toISOString();
const rule = (id, text, grade = "B", as_of = "2023") => ({ id, text, grade, as_of });
const month = (ago) => {
  const first = new Date();
  first.setDate(1);
  first.setMonth(first.getMonth() - ago);
  return `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, "0")}`;
};
const shop = { shop: "小鹿家鞋服旗舰店", shop_code: "demo-shop" };
const risky = { shop: "潮流快闪女装店", shop_code: "risky-shop" };

const check = (id, name, state, figure, text, remedy) => ({ id, name, state, figure, ...(remedy ? { remedy } : {}), rule: rule(id, text) });
const PASSED = [
  check("consumer", "消费者保障", "pass", "已加入", "要先加入消费者保障服务"),
  check("seven", "七天无理由", "pass", "支持", "要支持七天无理由退货"),
  check("risk", "店铺风险率", "pass", "6.2%", "店铺风险率在 30% 以下"),
  check("category", "主营类目", "pass", "女鞋", "虚拟类目除外"),
  check("bulky", "大件商品", "pass", "没有", "大件类目走大件运费险"),
  check("deposit", "保证金", "pass", "¥1,000", "保证金要交足"),
  check("history", "开店时间", "pass", "412 天", "开店满 90 天"),
];
const FAILED = [
  ...PASSED.slice(0, 2),
  check("risk", "店铺风险率", "fail", "34.2%", "店铺风险率在 30% 以下", "先处理质量问题和描述不符的退货，风险率每天重算，降到 30% 以下就能开。"),
  PASSED[3],
  check("bulky", "大件商品", "unknown", "", "大件类目走大件运费险", "资料不足，请在千牛「商家保障」里看本店的大件类目。"),
  check("deposit", "保证金", "fail", "¥500", "保证金要交足", "在千牛「资金管理」补交 ¥500。"),
  check("history", "开店时间", "pass", "96 天", "开店满 90 天"),
];
const eligibility = (product, product_name, at, checks) => ({ type: "eligibility", product, product_name, ...at, eligible: !checks.some((each) => each.state === "fail"), checks });

const TABLES = [rule("freight.premium.old", "2021 年 5 月前的阶梯：风险率 6–7% 每单 0.80 元", "B", "2021"), rule("freight.premium.2021", "2021 年 5 月 24 日起全面下调，平均降 25%", "A", "2021")];
const quote = (product, product_name, low, high) => ({
  type: "quote", product, product_name, ...shop, per: "order", low_fen: low, high_fen: high, month_low_fen: low * 1240, month_high_fen: high * 1240, orders_30d: 1240, risk_rate_bp: 620,
  saving: { risk_rate_bp: 600, month_low_fen: 9300, month_high_fen: 12400 }, rules: TABLES,
});

const SERIES = [[61200, 48800], [65900, 57100], [72400, 69900], [58800, 40100], [75600, 66400], [81250, 91400]];
const figures = (premium_fen, payout_fen, policies, claims, orders, returned) => ({
  premium_fen, payout_fen, policies, claims, claim_rate_bp: Math.round((claims / policies) * 1e4), orders, returned, return_rate_bp: Math.round((returned / orders) * 1e4),
});
const report = (partial, at = shop) => ({
  type: "report", ...at, month: month(partial ? 0 : 1), previous: month(partial ? 1 : 2), partial,
  figures: figures(81250, 91400, 1195, 83, 1240, 97), before: figures(75600, 66400, 1112, 61, 1150, 78),
  reasons: [["size", "尺码不合适", 34], ["like", "不喜欢、效果不好", 22], ["described", "与描述不符", 14], ["quality", "质量问题", 9], ["late", "发货太慢", 4]].map(([reason, name, count]) => ({ reason, name, count })),
  series: SERIES.map(([premium_fen, payout_fen], place) => ({ month: month(SERIES.length - place - (partial ? 1 : 0)), premium_fen, payout_fen })),
  csv: `report.csv?month=${month(partial ? 0 : 1)}&shop=${at.shop_code}`,
});

const task = (text, card, buttons = [], topic = "") => ({ text, custom: { outcome: "task", topic, card }, buttons });

const ENABLE = [["保障", "退货宝"], ["店铺", "小鹿家鞋服旗舰店（全店）"], ["费用", "每单约 ¥0.60 – ¥0.80，按月结算（估算）"], ["生效", "确认后的下一笔订单起"], ["退出", "随时，提交即生效；已付款的订单仍有保障"], ["协议", "《消费者体验提升计划协议》，您已阅读并同意"]];
const APPEAL = [["订单", "毛呢大衣，尾号 3655"], ["拒赔原因", "物流单号没有轨迹"], ["运单号", "SF1382040917735"], ["凭证", "快递底单照片 1 张"], ["说明", "单号当时填错一位，已在底单上核对"]];
const rows = (pairs) => pairs.map(([name, value]) => ({ name, value }));

/** What is asked for and not yet confirmed, by account. */
const drafts = new Map();

/** Replies of the desk; nothing where the text is none of its business. */
export function deskAnswer(text, token) {
  const who = `${token.role}:${token.sub}`;
  if (/^确认/.test(text) && drafts.has(who)) {
    const kind = drafts.get(who);
    drafts.delete(who);
    if (kind === "appeal") return [task("申诉已提交，回执号 **XR-20261124-8F3K**。保险公司一般 1–3 个工作日答复，结果会显示在订单的「运费险」里。", { type: "receipt", kind, receipt: "XR-20261124-8F3K", title: "已提交拒赔申诉", state: "pending", at: iso(0), rows: rows(APPEAL.slice(0, 3)), next_step: "11月27日前看订单的「运费险」；没有答复就说「我的申诉到哪了」。" }, ["我的理赔到哪一步了？"])];
    return [task("已开通「退货宝」，回执号 **XR-20261124-5Q7M**。", { type: "receipt", kind, receipt: "XR-20261124-5Q7M", title: "已开通「退货宝」", state: "done", at: iso(0), rows: rows([ENABLE[1], ENABLE[3], ["今后的费用", "每单约 ¥0.60 – ¥0.80"]]), next_step: "详情页会自动显示退货宝标识，下个月可以问我「这个月保费花了多少」。" }, ["我的店开了哪些保险？"])];
  }
  if (/^取消|算了/.test(text) && drafts.delete(who)) return [{ text: "好的，没有办理，什么都没有改动。", custom: { outcome: "task" } }];
  if (/帮我开通/.test(text)) {
    drafts.set(who, "enable");
    return [task("请核对下面的内容，没有问题就点「确认开通」。", { type: "summary", kind: "enable", title: "开通「退货宝」", rows: rows(ENABLE), expires_at: iso(/过时/.test(text) ? -1 : 10) }, ["确认开通", "取消"], "request_enable")];
  }
  if (/申诉/.test(text) && token.role === "buyer") {
    drafts.set(who, "appeal");
    return [task("请核对下面的内容，没有问题就点「确认提交」。", { type: "summary", kind: "appeal", title: "提交拒赔申诉", rows: rows(APPEAL), expires_at: iso(10) }, ["确认提交", "取消"], "file_appeal")];
  }
  if (/能开退货宝|能开运费险/.test(text)) {
    const bad = token.sub === "risky";
    return [task(bad ? "「潮流快闪女装店」现在**还不能开通**退货宝：7 项条件里有 2 项不符合，1 项查不到。\n\n**下一步**：先补足保证金，再把店铺风险率降到 30% 以下。" : "「小鹿家鞋服旗舰店」**可以开通**退货宝：7 项条件都符合。\n\n**下一步**：想开就点「帮我开通退货宝」。", eligibility("return_care", "退货宝", bad ? risky : shop, bad ? FAILED : PASSED), bad ? ["风险率怎么降", "转人工"] : ["帮我开通退货宝", "一单多少钱"], "check_shop_eligibility")];
  }
  if (/都能开|能开哪些/.test(text)) return [task("三种保障里，退货宝和材质保真险可以开，大件运费险还不能开。", { type: "eligibilities", items: [eligibility("return_care", "退货宝", shop, PASSED), eligibility("bulky", "大件运费险", shop, FAILED.slice(2))] }, ["帮我开通退货宝"], "check_shop_eligibility")];
  if (/分别多少钱/.test(text)) return [task("两种保障的估算：", { type: "quotes", items: [quote("freight", "退货运费险", 60, 80), { ...quote("material", "材质保真险", 9900, 9900), per: "year", month_low_fen: null, month_high_fen: null, saving: null, rules: TABLES.slice(1) }] }, [], "estimate_premium")];
  if (/一单多少钱/.test(text)) return [task("按您店铺 6.2% 的风险率，退货运费险估算**每单 0.60–0.80 元**，每月约 744–992 元。两张费率表不一致，所以给的是区间。\n\n**下一步**：实际费率看千牛「商家保障 → 卖家运费险」里的预估。", quote("freight", "退货运费险", 60, 80), ["帮我开通退货宝", "怎么降风险率"], "estimate_premium")];
  if (/所有店/.test(text)) return [task("两家店的月报：", { type: "reports", items: [report(false), report(true, risky)] }, [], "shop_report")];
  if (/花了多少|月报/.test(text)) {
    const partial = !/上个?月/.test(text);
    return [task(partial ? "这个月到今天，保费 **812.50 元**，赔付 **914.00 元**，83 件理赔，出险率 7.0%。退货最多的原因是尺码不合适。" : "上个月保费 **812.50 元**，比前一个月多 7%；赔付 **914.00 元**，多 38%。退货最多的原因是尺码不合适。", report(partial), ["看上个月", "怎么降风险率"], "shop_report")];
  }
  return undefined;
}

export const TICKET = { text: "已经为您转人工，工单号 **T-7KQM2X**，前面还有 2 位。客服 9:00–21:00 在线，会在这个对话里回复您。", custom: { outcome: "handoff", card: { type: "ticket", number: "T-7KQM2X", position: 3, hours: "9:00–21:00", in_hours: true, opened_at: iso(0) } }, buttons: ["返回机器人"] };
export const BACK = { text: "好的，险小二回来了。刚才的工单已关闭，您接着问就行。", custom: { outcome: "task" } };
export const STAFF = "您好，我是客服小周。您这单我查到了，拒赔是因为**运单号填错一位**。\n\n1. 在订单里改正单号\n2. 改好告诉我，我帮您提交复核";
export const CLOSED = "客服已结束本次服务，工单 T-7KQM2X 已关闭。接下来由险小二回答您。";

/** Cards that no server should send: the widget shows their text and goes on. */
export const ODD_CARDS = [
  { type: "eligibility", product_name: 5, eligible: "yes", checks: [null, 1, "x", [], { name: {}, state: "great", figure: [], remedy: {}, rule: "x" }] },
  { type: "eligibilities", items: "x" }, { type: "quotes", items: [null, {}, { low_fen: "1", rules: {}, saving: 3 }] },
  { type: "summary", rows: [null, { name: {}, value: [] }], expires_at: 5 }, { type: "receipt", receipt: {}, state: [], rows: 7, at: "x" },
  { type: "report", month: 10, figures: [], before: "x", series: [{ month: {}, premium_fen: "x" }, null], reasons: [{ count: "3" }], csv: "https://evil.example/report.csv?x" },
  { type: "ticket", number: null, position: "3", hours: 9 }, { type: "constructor" }, { type: ["report"] }, "report",
];

/** The file of a report: [status, text]. */
export function reportFile(url, token) {
  if (token.role !== "seller" || url.searchParams.get("shop") !== "demo-shop") return [403, "forbidden"];
  return [200, `\ufeff月份,保费（元）,赔付（元）\r\n${url.searchParams.get("month")},812.50,914.00\r\n`];
}
