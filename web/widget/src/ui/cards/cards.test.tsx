import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LANGS } from "../../options";
import { panelTexts } from "../../texts/panel";
import { drawCard, type Drawn } from "../testing";
import { KINDS } from ".";

const rule = { id: "r1", text: "风险率在 30% 以下", grade: "B", as_of: "2023" };
const check = (name: string, state: string, more: object = {}): object => ({ id: name, name, state, figure: "6.2%", rule, ...more });
const at = { shop: "小鹿家", shop_code: "demo-shop" };

const eligibility = {
  type: "eligibility", product: "return_care", product_name: "退货宝", ...at, eligible: false,
  checks: [check("七天无理由", "pass"), check("店铺风险率", "fail", { figure: "34.2%", remedy: "先降风险率" }), check("大件商品", "unknown", { figure: "", remedy: "看千牛" })],
};
const quote = {
  type: "quote", product: "freight", product_name: "退货运费险", ...at, per: "order", low_fen: 60, high_fen: 80, month_low_fen: 74400, month_high_fen: 99200,
  orders_30d: 1240, risk_rate_bp: 620, saving: { risk_rate_bp: 520, month_low_fen: 6200, month_high_fen: 8600 }, rules: [rule],
};
const summary = { type: "summary", kind: "enable", title: "开通「退货宝」", rows: [{ name: "费用", value: "每单约 ¥0.60" }], expires_at: "2026-10-20T18:10:00+08:00" };
const receipt = { type: "receipt", kind: "enable", receipt: "XR-20261020-5Q7M", title: "已开通「退货宝」", state: "done", at: "2026-10-20T18:00:00+08:00", rows: [{ name: "店铺", value: "小鹿家" }], next_step: "看月报" };
const figures = { premium_fen: 81250, payout_fen: 91400, policies: 1195, claims: 83, claim_rate_bp: 695, orders: 1240, returned: 97, return_rate_bp: 782 };
const before = { premium_fen: 75600, payout_fen: 91400, policies: 1300, claims: 0, claim_rate_bp: 549, orders: 1150, returned: 78, return_rate_bp: 775 };
const report = {
  type: "report", ...at, month: "2026-10", previous: "2026-09", partial: false, figures, before,
  reasons: [{ reason: "size", name: "尺码不合适", count: 30 }, { reason: "quality", name: "质量问题", count: 10 }],
  series: [["2026-08", 58800, 40100], ["2026-09", 75600, 91400], ["2026-10", 81250, 91400]].map(([month, premium_fen, payout_fen]) => ({ month, premium_fen, payout_fen })),
  csv: "report.csv?month=2026-10&shop=demo-shop",
};
const ticket = { type: "ticket", number: "T-7KQM2X", position: 3, hours: "9:00-21:00", in_hours: true, opened_at: "2026-10-20T18:00:00+08:00" };

const SAMPLES: Record<string, object> = {
  policy: { type: "policy", order_number: "3948201775530017294", item: "女鞋", shop: "小鹿家", amount_fen: 12900, product_name: "退货运费险", state: "in_force", state_name: "保障中", policy_number: "PD1", payer: "seller", sum_insured_fen: 1200, since: "2026-10-01T00:00:00Z", until: "2026-12-01T00:00:00Z", rule, next_step: "先别确认收货", payout_fen: 1200, at_most: true },
  claim: { type: "claim", order_number: "3948201775530017294", item: "女鞋", state: "reviewing", steps: [{ kind: "requested", name: "申请退货", at: "2026-10-01T00:00:00Z" }], expected_by: "2026-10-05T00:00:00Z", overdue: true, paid_fen: 900, freight_paid_fen: 1200, short_fen: 300, rule },
  orders: { type: "orders", orders: [{ order_number: "3948201775530017294", title: "女鞋", state: "paid", amount_fen: 1 }] },
  services: { type: "services", shops: [{ code: "demo-shop", name: "小鹿家", risk_rate_bp: 620, services: [{ product_name: "退货宝", state: "on", since: "2026-10-01T00:00:00Z", fee_fen: 40 }] }] },
  eligibility, quote, summary, receipt, report, ticket,
  eligibilities: { type: "eligibilities", items: [eligibility, { eligible: true }] },
  quotes: { type: "quotes", items: [quote, {}] },
  reports: { type: "reports", items: [report, {}] },
};

beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-10-20T10:00:00Z"), toFake: ["Date", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Every place in a value: ["checks", 0, "rule", "text"]. */
function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.keys(value).flatMap((key) => places((value as Record<string, unknown>)[key], [...path, key]))];
}

function changed(value: unknown, [key, ...rest]: (string | number)[], to: unknown): unknown {
  if (key === undefined) return to;
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) };
  copy[key] = changed(copy[key], rest, to);
  return copy;
}

describe("every kind of card", () => {
  it("has a sample here", () => expect(KINDS.sort()).toEqual(Object.keys(SAMPLES).sort()));

  it.each(Object.entries(SAMPLES))("%s is drawn in three languages", (_, card) => {
    for (const lang of LANGS) expect(drawCard(card, { lang }).box.querySelector(".card")).not.toBeNull();
  });

  it.each(Object.entries(SAMPLES))("%s survives any field that is missing or of another type", (_, card) => {
    const wrong = [undefined, null, "x", -1, 1e300, Number.NaN, [null, "x", []], { text: {}, name: [] }];
    // What is within several is within one.
    for (const place of places(card).filter((path) => path.length && path[0] !== "type" && !(path[0] === "items" && path.length > 3))) {
      for (const value of wrong) {
        expect(drawCard(changed(card, place, value)).box.innerHTML, `${place.join(".")} = ${JSON.stringify(value)}`).not.toMatch(/\[object|undefined|NaN|Infinity|null/);
      }
    }
  }, 30_000);

  it.each([{ type: "constructor" }, { type: "lottery" }, { type: ["report"] }, { type: null }, {}, "report", 5, null, []])("%j is left out", (card) =>
    expect(drawCard(card).box.innerHTML).toBe(""),
  );
});

describe("conditions", () => {
  it("say pass, fail and unknown in words and with a mark each, and how to mend", () => {
    const { box, text } = drawCard(eligibility);
    const lines = [...box.querySelectorAll(".check")];
    expect(lines.map((line) => line.querySelector(".check-word")!.textContent)).toEqual(["符合", "不符合", "查不到"]);
    expect(new Set(lines.map((line) => line.querySelector(".mark path")!.getAttribute("d"))).size).toBe(3);
    expect(lines.map((line) => line.querySelector(".check-figure")!.textContent)).toEqual(["6.2%", "34.2%", ""]);
    expect(lines.map((line) => line.querySelector(".remedy")?.textContent)).toEqual([undefined, "怎么办先降风险率", "怎么办看千牛"]);
    expect(text()).toContain("1 项符合1 项不符合1 项查不到");
    expect(box.querySelector(".check details")).toHaveProperty("open", false);
    expect(box.querySelector(".check details")!.textContent).toContain("风险率在 30% 以下多处资料 · 截至 2023");
  });

  it.each([[true, "可以开通"], [false, "暂不符合"], [null, "还不能确定"], ["true", "还不能确定"]])("eligible %j: %s", (eligible, words) =>
    expect(drawCard({ ...eligibility, eligible }).box.querySelector(".card-head .chip")!.textContent).toBe(words),
  );

  it("a state that is not known is no pass", () => {
    const { box } = drawCard({ ...eligibility, checks: [check("a", "passed"), check("b", "")] });
    expect([...box.querySelectorAll(".check-word")].map((each) => each.textContent)).toEqual(["查不到", "查不到"]);
  });

  it("of several products fold away what is met", () => {
    const { box } = drawCard(SAMPLES["eligibilities"]);
    const first = box.querySelector(".card")!;
    expect([...first.querySelectorAll(":scope > .CardContent > .checks .check-name")].map((each) => each.textContent)).toEqual(["店铺风险率", "大件商品"]);
    expect(first.querySelector(".passed summary")!.textContent).toBe("看符合的 1 项");
  });
});

describe("a quote", () => {
  it("gives the range an order, the month at the shop's volume, what a lower rate would cost, and the tables", () => {
    const { text } = drawCard(quote);
    for (const words of ["每单约 ¥0.60 – ¥0.80", "每月约¥744 – ¥992", "近 30 天订单1,240 单", "风险率降到 5.2% 以内，每月约省 ¥62 – ¥86", "估算", "风险率在 30% 以下"]) expect(text()).toContain(words);
  });

  it("of a year has no month", () => {
    const { text } = drawCard({ ...quote, per: "year", low_fen: 9900, high_fen: 9900, month_low_fen: null, month_high_fen: null, saving: null });
    expect(text()).toContain("每年约 ¥99");
    expect(text()).not.toContain("每月");
  });

  it("that is not known says so", () => expect(drawCard({ type: "quote", product_name: "退货宝" }).text()).toContain("资料不足"));
});

describe("a read-back and a receipt", () => {
  it("differ in more than words", () => {
    expect(drawCard(summary).box.querySelector(".card")!.className).toContain("summary");
    expect(drawCard(receipt).box.querySelector(".card")!.className).toContain("receipt");
    expect(drawCard(summary).box.querySelector(".stamp")).toBeNull();
  });

  it("the read-back says that nothing is done yet and until when it counts, and expires by itself", () => {
    const { box, text } = drawCard(summary);
    expect(text()).toContain("待您确认");
    expect(text()).toMatch(/请在 .*:10 前确认，过时作废。现在还没有办理。/);
    void act(() => void vi.advanceTimersByTime(10 * 60_000 + 10));
    expect(text()).toContain("已过期");
    expect(text()).toContain("没有办理");
    expect(box.querySelector(".card")!.className).toContain("over");
  });

  it("one that something was said after asks for nothing, and claims nothing", () => {
    const { text, box } = drawCard(summary, { live: false });
    expect(text()).toBe("开通「退货宝」费用每单约 ¥0.60");
    expect(box.querySelector(".card")!.className).toContain("over");
  });

  it.each([["done", "已办好"], ["pending", "处理中"], ["rejected", "没有通过"], ["withdrawn", "已撤销"]])("a receipt that is %s: %s", (state, words) =>
    expect(drawCard({ ...receipt, state }).box.querySelector(".stamp .chip")!.textContent).toBe(words),
  );

  it.each(["lost", "toString", "", null])("a receipt in state %j says no state", (state) => {
    const { box } = drawCard({ ...receipt, state });
    expect(box.querySelector(".stamp .chip")).toBeNull();
    expect(box.querySelector(".card")!.className).toContain("calm");
  });

  it("the number is copied", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (words: string) => void written.push(words) } });
    const { box, announced } = drawCard(receipt);
    const button = box.querySelector<HTMLButtonElement>(".kept button")!;
    expect(button.getAttribute("aria-label")).toBe("复制回执号");
    await act(async () => (button.click(), void (await vi.advanceTimersByTimeAsync(0))));
    expect(written).toEqual(["XR-20261020-5Q7M"]);
    expect(button.textContent).toBe("已复制");
    expect(announced).toEqual(["已复制"]);
  });
});

describe("a ticket", () => {
  it.each([
    ["waiting", "T-7KQM2X", {}, "排队中", true],
    ["waiting", "T-7KQM2X", { in_hours: false }, "非服务时间", true],
    ["talking", "T-7KQM2X", {}, "服务中", false],
    ["none", "", {}, "已结束", false],
    ["waiting", "T-OTHER2", {}, "已结束", false],
  ])("while %s on %s", (attendance, open, more, word, place) => {
    const { box, text } = drawCard({ ...ticket, ...more }, { view: { attendance, ticket: open } });
    expect(box.querySelector(".card-head .chip")!.textContent).toBe(word);
    expect(text().includes("第 3 位")).toBe(place);
    expect(text()).toContain("T-7KQM2X");
    expect(text().includes("返回机器人")).toBe(open === ticket.number);
  });
});

describe("a report", () => {
  const cells = ({ box }: Drawn, table: number): (string | null)[][] =>
    [...box.querySelectorAll(".grid-table")[table]!.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));

  it("has the month beside the one before, with signed changes", () => {
    const drawn = drawCard(report);
    expect(drawn.text()).toContain("2026年10月店铺月报");
    expect([...drawn.box.querySelectorAll(".sums > div")].map((each) => each.textContent)).toEqual(["保费¥812.509月 ¥756 ▲上升 7%", "赔付¥9149月 ¥914 持平"]);
    expect(cells(drawn, 1)).toEqual([
      ["保单", "1,195", "1,300", "▼下降 8%"],
      ["理赔", "83", "0", ""],
      ["出险率", "7.0%", "5.5%", "▲上升 1.5 百分点"],
      ["订单", "1,240", "1,150", "▲上升 8%"],
      ["退货", "97", "78", "▲上升 24%"],
      ["退货率", "7.8%", "7.8%", "持平"],
    ]);
  });

  it("a month that still runs is compared with the same days of the one before, and says so", () => {
    const { text, box } = drawCard({ ...report, partial: true });
    expect(text()).toContain("本月未完");
    expect(text()).toContain("10月还没过完，数字算到今天，和9月同期比。");
    expect(text()).toContain("9月同期 ¥756 ▲上升 7%");
    expect([...box.querySelectorAll(".grid-table")].at(-1)!.querySelector("thead")!.textContent).toBe("项目10月9月同期变化");
    expect([...box.querySelectorAll(".chart .under")].map((each) => each.textContent)).toEqual(["8月", "9月", "10月", "至今"]);
  });

  it("has a picture with words for those who do not see it, and the same numbers as a table", () => {
    const drawn = drawCard(report);
    const picture = drawn.box.querySelector(".chart svg")!;
    expect(picture.getAttribute("role")).toBe("img");
    expect(picture.getAttribute("aria-label")).toBe("近 3 个月的保费和赔付; 8月：保费 ¥588，赔付 ¥401; 9月：保费 ¥756，赔付 ¥914; 10月：保费 ¥812.50，赔付 ¥914");
    expect(cells(drawn, 0)).toEqual([["2026年8月", "¥588", "¥401"], ["2026年9月", "¥756", "¥914"], ["2026年10月", "¥812.50", "¥914"]]);
  });

  it("draws each sum as high as it is, the two series in different fills", () => {
    const { box } = drawCard(report);
    const heights = (selector: string): number[] => [...box.querySelectorAll(`.chart ${selector}`)].map((bar) => Number(bar.getAttribute("height")));
    const [full, hatched] = [heights(".full"), heights(".hatched rect")];
    expect(full[0]! / full[2]!).toBeCloseTo(58800 / 81250, 1);
    expect(hatched[0]! / hatched[2]!).toBeCloseTo(40100 / 91400, 1);
    expect(hatched[2]!).toBeGreaterThan(full[2]!);
    expect(box.querySelectorAll(".chart .hatched path")).toHaveLength(3);
    expect(box.querySelectorAll(".sums .swatch")).toHaveLength(2);
  });

  it("names the year where the months are of two", () => {
    const series = ["2025-12", "2026-01"].map((month) => ({ month, premium_fen: 1, payout_fen: 2 }));
    expect([...drawCard({ ...report, series }).box.querySelectorAll(".chart .under")].map((each) => each.textContent)).toEqual(["12月", "2025", "1月", "2026"]);
  });

  it("draws no empty picture", () => {
    const { box } = drawCard({ ...report, series: [{ month: "2026-10", premium_fen: 0, payout_fen: 0 }] });
    expect(box.querySelector(".chart")).toBeNull();
    expect(box.querySelector(".file")).not.toBeNull();
  });

  it("leaves a gap where a sum is not known", () => {
    const { box, text } = drawCard({ ...report, series: [{ month: "2026-10", premium_fen: 5000, payout_fen: null }] });
    expect(box.querySelectorAll(".chart .full")).toHaveLength(1);
    expect(box.querySelectorAll(".chart .hatched")).toHaveLength(0);
    expect(text()).toContain("2026年10月¥50没有");
  });

  it("shows reasons by their share", () => {
    const { box } = drawCard(report);
    expect([...box.querySelectorAll(".reasons li")].map((each) => each.textContent)).toEqual(["尺码不合适30 笔 · 75%", "质量问题10 笔 · 25%"]);
    expect([...box.querySelectorAll(".reasons .part")].map((each) => each.getAttribute("width"))).toEqual(["100%", "33%"]);
  });
});

describe("the file of a report", () => {
  const answer = (status: number): Response => new Response("a,b", { status, headers: { "content-type": "text/csv" } });
  const button = ({ box }: Drawn): HTMLButtonElement => box.querySelector<HTMLButtonElement>(".file button")!;
  const press = (drawn: Drawn): Promise<void> => act(async () => button(drawn).click());
  const settled = (drawn: Drawn): Promise<void> => vi.waitFor(() => expect(button(drawn).textContent).not.toBe("正在下载…"));
  let saved: string[];

  beforeEach(() => {
    vi.useRealTimers();
    saved = [];
    URL.createObjectURL = () => "blob:x";
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
  });

  it("is offered to an account, not to a visitor, and only from the widget's own server", () => {
    expect(button(drawCard(report)).textContent).toBe("下载 CSV");
    expect(drawCard(report, { signedIn: false }).box.querySelector(".file")).toBeNull();
    for (const csv of ["https://evil.example/report.csv?a", "other.csv?a", null]) expect(drawCard({ ...report, csv }).box.querySelector(".file")).toBeNull();
  });

  it("is fetched with the token and saved; while it is on its way a second press does nothing", async () => {
    let arrive!: (response: Response) => void;
    const asked: string[] = [];
    const authorized = vi.fn((request: (token: string) => Promise<Response>) => request("tok"));
    vi.stubGlobal("fetch", (address: string) => (asked.push(address), new Promise<Response>((resolve) => (arrive = resolve))));
    const drawn = drawCard(report, { authorized });
    await press(drawn);
    expect(button(drawn).textContent).toBe("正在下载…");
    await press(drawn);
    expect(asked).toEqual(["https://bot.example.com/webhooks/widget/report.csv?month=2026-10&shop=demo-shop"]);
    arrive(answer(200));
    await settled(drawn);
    expect(saved).toEqual(["report-demo-shop-2026-10.csv"]);
    expect(button(drawn).textContent).toBe("已下载");
    expect(drawn.announced).toEqual(["正在下载…", "已下载"]);
    expect(drawn.box.querySelector("[role=alert]")).toBeNull();
  });

  it.each([[401, "expired"], [403, "forbidden"], [404, "missing"], [429, "often"], [500, "server"]])("%i says what went wrong, and can be tried again", async (status, failure) => {
    vi.stubGlobal("fetch", async () => answer(status));
    const drawn = drawCard(report, { authorized: (request) => request("tok") });
    await press(drawn);
    await settled(drawn);
    expect(drawn.box.querySelector("[role=alert]")!.textContent).toBe(panelTexts["zh-CN"].tasks.csvFailures[failure]);
    expect(saved).toEqual([]);
    vi.stubGlobal("fetch", async () => answer(200));
    await press(drawn);
    await settled(drawn);
    expect(saved).toHaveLength(1);
    expect(drawn.box.querySelector("[role=alert]")).toBeNull();
  });

  it("says that the network failed", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    const drawn = drawCard(report, { authorized: (request) => request("tok") });
    await press(drawn);
    await settled(drawn);
    expect(drawn.box.querySelector("[role=alert]")!.textContent).toContain("检查网络");
  });
});
