/** The side of a chart: round numbers from 0 to at least `most`, at most five of them. */
export function ticks(most: number): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0];
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each * 4 >= most)!;
  const steps = Math.ceil(most / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, place) => place * step);
}

/** Lines that fill a box at 45 degrees, as a path: a pattern needs an id, and ids of two charts must not meet. */
export function hatching(x: number, y: number, width: number, height: number, gap: number): string {
  const lines = [];
  for (let at = gap; at < width + height; at += gap) {
    const from = `${round(x + Math.max(0, at - height))} ${round(y + Math.min(at, height))}`;
    const to = `${round(x + Math.min(at, width))} ${round(y + Math.max(0, at - width))}`;
    lines.push(`M${from}L${to}`);
  }
  return lines.join("");
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
