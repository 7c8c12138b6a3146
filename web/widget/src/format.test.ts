import { describe, expect, it } from "vitest";
import { count, month, percent, yuan, yuanRange, yuanShort } from "./format";

const ODD = [undefined, null, "5", {}, [], Number.NaN, Number.POSITIVE_INFINITY];

describe("amounts", () => {
  it.each([[0, "¥0"], [1, "¥0.01"], [68, "¥0.68"], [100, "¥1"], [123450, "¥1,234.50"], [100000000, "¥1,000,000"]])("%i fen: %s", (fen, words) =>
    expect(yuan(fen)).toBe(words),
  );

  it("of a range are written once where they are the same or one is not known", () => {
    expect(yuanRange(60, 80)).toBe("¥0.60 – ¥0.80");
    expect(yuanRange(60, 60)).toBe("¥0.60");
    expect(yuanRange(null, 80)).toBe("¥0.80");
    expect(yuanRange(0, undefined)).toBe("¥0");
    expect(yuanRange("a", {})).toBeUndefined();
  });

  it("beside a chart are short", () => {
    expect(yuanShort(75_000, "zh-CN")).toBe("¥750");
    expect(yuanShort(1_200_000, "zh-CN")).toBe("¥1.2万");
    expect(yuanShort(1_200_000, "en")).toBe("¥12K");
  });

  it.each(ODD)("that are none are nothing: %j", (value) => {
    expect(yuan(value)).toBeUndefined();
    expect(count(value)).toBeUndefined();
    expect(percent(value)).toBeUndefined();
  });
});

it.each([[620, "6.2%"], [3000, "30%"], [549, "5.49%"], [0, "0%"]])("%i basis points: %s", (bp, words) => expect(percent(bp)).toBe(words));

describe("months", () => {
  it("as people say them", () => {
    expect(month("2026-10", "zh-CN")).toBe("10月");
    expect(month("2026-10", "zh-CN", true)).toBe("2026年10月");
    expect(month("2026-01", "zh-TW", true)).toBe("2026年1月");
    expect(month("2026-10", "en")).toBe("Oct");
    expect(month("2026-10", "en", true)).toBe("Oct 2026");
  });

  it.each([["2026-13", "2026-13"], ["2026-00", "2026-00"], ["上个月", "上个月"], [{}, ""], [null, ""]])("that are none stay as they are: %j", (value, words) =>
    expect(month(value, "zh-CN")).toBe(words),
  );
});
