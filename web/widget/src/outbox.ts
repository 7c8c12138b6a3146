/**
 * What was typed and is not answered yet. Each item keeps its id until it is done, however often it is sent, so the
 * server answers it once; items go out one at a time, in order; they outlive a reload of the page.
 */

import type { Store } from "./store";

export type ItemState = "waiting" | "sending" | "failed";

export interface Item {
  readonly id: string;
  readonly text: string;
  /** Opaque id of the button pressed; none: a typed text. */
  readonly button?: string;
  readonly at: string;
  state: ItemState;
  /** Why it failed, in words; only of failed items. */
  problem?: string;
  /** Sending again could help; only of failed items. */
  again?: boolean;
}

const MOST = 50;

export class Outbox {
  private items: Item[];

  constructor(
    private readonly store: Store,
    private readonly key: string,
    private readonly newId: () => string = randomId,
  ) {
    this.items = read(store.get(key));
  }

  all(): readonly Item[] {
    return this.items;
  }

  find(id: string | undefined): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  /** None: too many wait already. */
  add(text: string, button?: string, now: Date = new Date()): Item | undefined {
    if (this.items.length >= MOST) return undefined;
    const item: Item = { id: this.newId(), text, button, at: now.toISOString(), state: "waiting" };
    this.items.push(item);
    this.save();
    return item;
  }

  /** The next to send; none while one is on its way. A failed one does not hold up those behind it. */
  next(): Item | undefined {
    if (this.items.some((item) => item.state === "sending")) return undefined;
    return this.items.find((item) => item.state === "waiting");
  }

  sending(id: string): void {
    this.change(id, (item) => {
      item.state = "sending";
      item.problem = item.again = undefined;
    });
  }

  done(id: string): void {
    this.items = this.items.filter((item) => item.id !== id);
    this.save();
  }

  failed(id: string, problem: string, again: boolean): void {
    this.change(id, (item) => {
      item.state = "failed";
      item.problem = problem;
      item.again = again;
    });
  }

  /** Back into the queue, with its id: after a failure, a new token or a lost connection. */
  wait(id: string): void {
    this.change(id, (item) => {
      item.state = "waiting";
      item.problem = item.again = undefined;
    });
  }

  /** The connection is gone: what was on its way may or may not have arrived, and is sent again under its id. */
  disconnected(): void {
    for (const item of this.items) if (item.state === "sending") this.wait(item.id);
  }

  clear(): void {
    this.items = [];
    this.save();
  }

  private change(id: string, edit: (item: Item) => void): void {
    const item = this.find(id);
    if (!item) return;
    edit(item);
    this.save();
  }

  private save(): void {
    if (this.items.length) this.store.set(this.key, JSON.stringify(this.items));
    else this.store.remove(this.key);
  }
}

/** 22 characters of [A-Za-z0-9_-]: within the wire's 64. `crypto.randomUUID` exists in secure contexts only. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function read(saved: string | null): Item[] {
  try {
    const items: unknown = JSON.parse(saved ?? "[]");
    if (!Array.isArray(items)) return [];
    return items.filter(isItem).map((item) => ({ ...item, state: item.state === "failed" ? "failed" : "waiting" }));
  } catch {
    return [];
  }
}

function isItem(value: unknown): value is Item {
  const item = value as Partial<Item> | null;
  return typeof item?.id === "string" && typeof item.text === "string" && typeof item.at === "string";
}
