import { describe, expect, it } from "vitest";
import { hatching, ticks } from "./scale";

describe("ticks", () => {
  it.each([
    [91_400, [0, 25_000, 50_000, 75_000, 100_000]],
    [100, [0, 25, 50, 75, 100]],
    [7, [0, 2, 4, 6, 8]],
    [1, [0, 0.25, 0.5, 0.75, 1]],
  ])("up to %d", (most, expected) => expect(ticks(most)).toEqual(expected));

  it.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY])("of %d is zero alone", (most) => expect(ticks(most)).toEqual([0]));

  it("reach what is to be shown in at most four steps, and not far beyond", () => {
    for (let most = 0.013; most < 1e9; most *= 1.37) {
      const sides = ticks(most);
      expect(sides.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
      expect(sides.at(-1)).toBeLessThan(most * 2);
      expect(sides.length).toBeLessThanOrEqual(5);
    }
  });
});

it("hatching stays within its box", () => {
  for (const [width, height] of [[12, 80], [12, 3], [30, 0.5]] as const) {
    const points = [...hatching(5, 7, width, height, 4.5).matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map((match) => [Number(match[1]), Number(match[2])]);
    expect(points.length).toBeGreaterThan(1);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(5);
      expect(x).toBeLessThanOrEqual(5 + width + 0.05);
      expect(y).toBeGreaterThanOrEqual(7);
      expect(y).toBeLessThanOrEqual(7 + height + 0.05);
    }
  }
});
