import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DownloadError, fetchReport, reportAddress, reportName, save, TIMEOUT_MS, type Authorized } from "./download";

const SERVER = "https://bot.example.com/chat/";
const signed: Authorized = (request) => request("the-token");
const answer = (status: number, body = "月份\r\n", type = "text/csv; charset=utf-8"): Response => new Response(body, { status, headers: { "content-type": type } });
const failure = async (authorized: Authorized = signed): Promise<string> => {
  const error = await fetchReport("https://bot.example.com/x", authorized).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DownloadError);
  return (error as DownloadError).failure;
};

describe("the address", () => {
  it("is below the server's own", () => {
    expect(reportAddress(SERVER, "report.csv?month=2026-10&shop=demo-shop")).toBe("https://bot.example.com/chat/webhooks/widget/report.csv?month=2026-10&shop=demo-shop");
  });

  it.each([
    "https://evil.example/report.csv?x", "//evil.example/report.csv?x", "/report.csv?x", "../report.csv?x", "report.csv", "report.csv/../x?y", "report.csv?a#b",
    "report.csv?a b", " report.csv?a", "javascript:alert(1)", "data:text/csv,1", "report.csvx?a", "", null, undefined, 5, {}, ["report.csv?x"],
  ])("is none for %j", (csv) => expect(reportAddress(SERVER, csv)).toBeUndefined());
});

it.each([
  ["demo-shop", "2026-10", "report-demo-shop-2026-10.csv"],
  ["", "", "report.csv"],
  ["../../etc/passwd", "a\\b:c", "report-_etc_passwd-a_b_c.csv"],
  ["小鹿家 旗舰店", "2026-10", "report-小鹿家_旗舰店-2026-10.csv"],
])("the file of %j, %j is called %s", (shop, month, name) => expect(reportName(shop, month)).toBe(name));

describe("fetching", () => {
  it("sends the token in a header, follows nothing and keeps no cookie", async () => {
    const fetcher = vi.fn(async (_address: string, _options: RequestInit) => answer(200, "\ufeffa,b"));
    vi.stubGlobal("fetch", fetcher);
    const blob = await fetchReport("https://bot.example.com/x", signed);
    expect(blob.size).toBe(6); // the mark at the beginning stays: Excel needs it
    const [address, options] = fetcher.mock.calls[0]!;
    expect(address).not.toContain("the-token");
    expect(options).toMatchObject({ headers: { Authorization: "Bearer the-token" }, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
  });

  it.each([[401, "expired"], [403, "forbidden"], [404, "missing"], [429, "often"], [500, "server"], [400, "server"]])("%i is %s", async (status, words) => {
    vi.stubGlobal("fetch", async () => answer(status));
    expect(await failure()).toBe(words);
  });

  it("takes no page for a report", async () => {
    vi.stubGlobal("fetch", async () => answer(200, "<h1>Log in</h1>", "text/html"));
    expect(await failure()).toBe("server");
  });

  it("says that the network failed", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await failure()).toBe("network");
  });

  it("says it too when the connection breaks in the middle of the file", async () => {
    vi.stubGlobal("fetch", async () => Object.assign(answer(200), { blob: () => Promise.reject(new TypeError("network")) }));
    expect(await failure()).toBe("network");
  });

  describe("that takes too long", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("is given up", async () => {
      vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) => new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))));
      const failed = failure();
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(await failed).toBe("network");
    });
  });
});

it("saves from memory, under its name", () => {
  const pressed: HTMLAnchorElement[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    pressed.push(this);
  });
  URL.createObjectURL = vi.fn(() => "blob:x");
  URL.revokeObjectURL = vi.fn();
  save(new Blob(["a"]), "a.csv");
  expect(pressed).toHaveLength(1);
  expect(pressed[0]).toMatchObject({ href: "blob:x", download: "a.csv" });
});
