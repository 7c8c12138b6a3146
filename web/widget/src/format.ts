/** Amounts, rates, days and times as people read them. Times in the reader's own zone, amounts in yuan. */

import { number, text } from "./fields";
import type { Lang } from "./options";

/** ¥1,234.50; whole yuan without the zeros. */
export function yuan(fen: unknown): string | undefined {
  const amount = number(fen);
  if (amount === undefined) return undefined;
  return `¥${grouped(amount / 100, 2).replace(/\.00$/, "")}`;
}

/** ¥0.31 – ¥0.45; one amount where both are the same or only one is known. */
export function yuanRange(low: unknown, high: unknown): string | undefined {
  const [from, to] = [yuan(low), yuan(high)];
  return from && to && from !== to ? `${from} – ${to}` : (from ?? to);
}

/** For the side of a chart, where there is little room: ¥800, ¥1.2万. */
export function yuanShort(fen: number, lang: Lang): string {
  return `¥${new Intl.NumberFormat(lang, { notation: "compact", maximumFractionDigits: 1 }).format(fen / 100)}`;
}

export function count(value: unknown): string | undefined {
  const whole = number(value);
  return whole === undefined ? undefined : grouped(whole, 0);
}

/** 620 basis points: 6.2%. */
export function percent(bp: unknown): string | undefined {
  const rate = number(bp);
  return rate === undefined ? undefined : `${Math.round(rate) / 100}%`;
}

function grouped(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** "2026-10": 10月; with the year where it is asked for. What is not a month is shown as it came. */
export function month(value: unknown, lang: Lang, year = false): string {
  const parts = /^(\d{4})-(\d{2})$/.exec(text(value));
  if (!parts || Number(parts[2]) < 1 || Number(parts[2]) > 12) return text(value);
  const first = new Date(Number(parts[1]), Number(parts[2]) - 1, 1);
  const shape = lang === "en" ? "short" : year ? "long" : "numeric"; // 10月, not 十月; 2026年10月, not 2026/10
  return new Intl.DateTimeFormat(lang, { month: shape, ...(year ? { year: "numeric" } : {}) }).format(first);
}

export function instant(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** 10月3日; with the year when it is not this one. */
export function day(value: unknown, lang: Lang, now: Date = new Date()): string | undefined {
  const date = instant(value);
  if (!date) return undefined;
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(lang, { month: lang === "en" ? "short" : "long", day: "numeric", ...year }).format(date);
}

/** 14:05 today; 10月3日 14:05 on another day. */
export function moment(value: unknown, lang: Lang, now: Date = new Date()): string {
  const date = instant(value);
  if (!date) return "";
  const time = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date);
  return date.toDateString() === now.toDateString() ? time : `${day(value, lang, now)} ${time}`;
}

export function tail(order: unknown): string {
  return text(order).slice(-4);
}
