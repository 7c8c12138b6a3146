/**
 * Two series of amounts as bars side by side, drawn here in SVG at the size the box has, so that text stays as large as
 * other text. The series differ in fill (full, hatched), not in colour alone. Why no library: docs/embed.md.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { hatching, round, ticks } from "../scale";

export interface Group {
  label: string;
  /** A second line under the label. */
  below?: string;
  /** Not known: no bar. */
  values: readonly [number | undefined, number | undefined];
  /** What the mouse is told. */
  title: string;
}

const EMS = 10.5; // the height, see .chart in panel.css
const SMALL = 0.74; // its text

export function Chart({ groups, name, unit }: { groups: readonly Group[]; name: string; unit: (value: number) => string }) {
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const em = height / EMS;
  const sides = ticks(Math.max(0, ...groups.flatMap((group) => group.values.map((value) => value ?? 0))));
  const most = sides.at(-1) || 1;
  const left = Math.max(...sides.map((side) => lengthOf(unit(side)))) * em * SMALL + em * 0.4;
  const [top, bottom] = [em * 0.6, height - em * (groups.some((group) => group.below) ? 2.5 : 1.5)];
  const y = (value: number): number => bottom - (Math.max(0, value) / most) * (bottom - top);
  const band = (width - left) / Math.max(1, groups.length);
  const bar = Math.min(band * 0.36, em * 1.25);
  // Where labels would touch, every second one, the last among them.
  const crowded = groups.some((group) => (lengthOf(group.label) + 0.8) * em * SMALL > band);
  return (
    <div class="chart" ref={box}>
      <svg role="img" aria-label={name} width={width} height={height}>
        {sides.map((side) => (
          <g key={side}>
            <line class={side ? "grid" : "base"} x1={round(left)} x2={width} y1={round(y(side))} y2={round(y(side))} />
            <text class="side" x={round(left - em * 0.4)} y={round(y(side))} dy="0.35em">{unit(side)}</text>
          </g>
        ))}
        {groups.map((group, place) => {
          const middle = left + band * (place + 0.5);
          const labelled = !crowded || (groups.length - 1 - place) % 2 === 0;
          return (
            <g key={place}>
              <title>{group.title}</title>
              <rect class="reach" x={round(middle - band / 2)} y={0} width={round(band)} height={height} />
              {group.values.map((value, series) =>
                value === undefined ? null : (
                  <Bar key={series} series={series} x={middle + (series ? 1.5 : -1.5 - bar)} y={y(value)} width={bar} height={bottom - y(value)} />
                ),
              )}
              {labelled && <text class="under" x={round(middle)} y={round(bottom + em * 1.1)}>{group.label}</text>}
              {group.below && <text class="under" x={round(middle)} y={round(bottom + em * 2)}>{group.below}</text>}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function Bar({ series, ...at }: { series: number; x: number; y: number; width: number; height: number }) {
  if (at.height <= 0) return null;
  if (!series) return <rect class="full" x={round(at.x)} y={round(at.y)} width={round(at.width)} height={round(at.height)} rx={1.5} />;
  const [x, y, width, height] = [at.x + 0.75, at.y + 0.75, at.width - 1.5, Math.max(0.5, at.height - 0.75)];
  return (
    <g class="hatched">
      <rect x={round(x)} y={round(y)} width={round(width)} height={round(height)} />
      <path d={hatching(x, y, width, height, 4.5)} />
    </g>
  );
}

/** A piece of a bar, for the legend. */
export function Swatch({ series }: { series: number }) {
  return (
    <svg class="swatch" width="14" height="14" aria-hidden="true" focusable="false">
      <Bar series={series} x={1} y={1} width={12} height={12} />
    </svg>
  );
}

/** Of text, in its own font size: Chinese characters are square, figures about half as wide. */
function lengthOf(text: string): number {
  return [...text].reduce((sum, char) => sum + (char > "⺀" ? 1 : 0.6), 0);
}

/** The size of the box; a usual one until it is known (and where the panel is hidden). */
function useSize(box: { current: HTMLElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 290, height: 158 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = (): void => {
      const [width, height] = [element.clientWidth, element.clientHeight];
      if (width && height) setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [box]);
  return size;
}
