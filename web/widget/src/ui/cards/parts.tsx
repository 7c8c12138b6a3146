/** What several cards are made of. Every field may be missing or of the wrong type. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { copied } from "../../clipboard";
import { record, records, text } from "../../fields";
import { fill } from "../../texts/panel";
import type { NamedValue, RuleCard } from "../../wire";
import { useShared } from "../context";
import { Check, Copy } from "../icons";

export type Tone = "good" | "warn" | "bad" | "calm";

export function Chip({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return children ? <span class={`chip ${tone}`}>{children}</span> : null;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === null || children === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Head({ icon, title, chip }: { icon: ComponentChildren; title: string; chip?: ComponentChildren }) {
  return (
    <div class="card-head">
      <span class="card-icon">{icon}</span>
      <span class="card-title">{title}</span>
      {chip}
    </div>
  );
}

/** A heading and, under it, short facts; each fact stays on one line. */
export function Lines({ first, more }: { first: string; more: (string | undefined)[] }) {
  const facts = more.filter(Boolean);
  if (!first && !facts.length) return null;
  return (
    <span class="order-line">
      <span class="order-item">{first}</span>
      <span class="order-more">
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </span>
    </span>
  );
}

/** Names and values below one another: what is read back, what a receipt says. */
export function Rows({ rows, children }: { rows: NamedValue[] | undefined; children?: ComponentChildren }) {
  const filled = records(rows).filter((row) => text(row.name) || text(row.value));
  if (!filled.length && !children) return null;
  return (
    <dl class="rows">
      {filled.map((row, place) => (
        <div key={place}>
          <dt>{text(row.name)}</dt>
          <dd>{text(row.value)}</dd>
        </div>
      ))}
      {children}
    </dl>
  );
}

/** What a rule says, how sure it is and of when. */
export function RuleText({ rule: given }: { rule?: RuleCard }) {
  const { t } = useShared();
  const rule = record(given);
  const words = text(rule.text);
  if (!words) return null;
  const [grade, asOf] = [text(rule.grade), text(rule.as_of)];
  return (
    <p>
      {words}
      <small>{[grade && (t.grades[grade] ?? grade), asOf && fill(t.asOf, { date: asOf })].filter(Boolean).join(" · ")}</small>
    </p>
  );
}

export function Rules({ rules, title }: { rules: (RuleCard | undefined)[]; title?: string }) {
  const { t } = useShared();
  const known = rules.filter((rule) => text(record(rule).text));
  if (!known.length) return null;
  return (
    <details class="rule">
      <summary>{title ?? t.rule}</summary>
      {known.map((rule, place) => (
        <RuleText key={place} rule={rule} />
      ))}
    </details>
  );
}

export function Next({ step }: { step: unknown }) {
  const { t } = useShared();
  const words = text(step);
  if (!words) return null;
  return (
    <p class="next">
      <b>{t.next}</b>
      {words}
    </p>
  );
}

const TOLD_MS = 3_000;

/** A number to keep, with a button that copies it. */
export function KeptNumber({ name, value }: { name: string; value: string }) {
  const { t, announce } = useShared();
  const [told, setTold] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!value) return null;
  const copy = async (): Promise<void> => {
    const words = (await copied(value)) ? t.copied : t.copyFailed;
    setTold(words);
    announce(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setTold(""), TOLD_MS);
  };
  return (
    <div class="kept">
      <span class="kept-name">{name}</span>
      <span class="kept-value">{value}</span>
      <button type="button" class="tool" aria-label={fill(t.tasks.copyNumber, { name })} onClick={() => void copy()}>
        {told === t.copied ? <Check /> : <Copy />}
        {told || t.copy}
      </button>
    </div>
  );
}
