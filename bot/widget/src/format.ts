/** Amounts, days and times as people read them. Times in the reader's own zone, amounts in yuan. */

import type { Lang } from "./options";

export function yuan(fen: unknown): string | undefined {
  if (typeof fen !== "number" || !Number.isFinite(fen)) return undefined;
  return `¥${(fen / 100).toFixed(2).replace(/\.00$/, "")}`;
}

export function instant(text: unknown): Date | undefined {
  if (typeof text !== "string") return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** 10月3日; with the year when it is not this one. */
export function day(text: unknown, lang: Lang, now: Date = new Date()): string | undefined {
  const date = instant(text);
  if (!date) return undefined;
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(lang, { month: lang === "en" ? "short" : "long", day: "numeric", ...year }).format(date);
}

/** 14:05 today; 10月3日 14:05 on another day. */
export function moment(text: unknown, lang: Lang, now: Date = new Date()): string {
  const date = instant(text);
  if (!date) return "";
  const time = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date);
  return date.toDateString() === now.toDateString() ? time : `${day(text, lang, now)} ${time}`;
}

export function tail(order: string | undefined): string {
  return (order ?? "").slice(-4);
}
