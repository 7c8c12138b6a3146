import { describe, expect, it } from "vitest";
import { Outbox, randomId } from "./outbox";
import type { Store } from "./store";

function memory(initial: Record<string, string> = {}): Store & { values: Map<string, string> } {
  const values = new Map(Object.entries(initial));
  return {
    values,
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

describe("outbox", () => {
  it("gives one at a time, in order", () => {
    const box = new Outbox(memory(), "k");
    const [first, second] = [box.add("一")!, box.add("二")!];
    expect(box.next()).toBe(first);
    box.sending(first.id);
    expect(box.next()).toBeUndefined();
    box.done(first.id);
    expect(box.next()).toBe(second);
  });

  it("keeps ids over a lost connection, a failure and a reload", () => {
    const store = memory();
    const box = new Outbox(store, "k");
    const { id } = box.add("多久到账", "b_1")!;
    box.sending(id);
    box.disconnected();
    expect(box.next()?.id).toBe(id);
    box.sending(id);
    box.failed(id, "太快了", true);
    box.wait(id);
    box.sending(id);
    const reloaded = new Outbox(store, "k");
    expect(reloaded.next()).toMatchObject({ id, text: "多久到账", button: "b_1", state: "waiting" });
  });

  it("lets others pass a failed one", () => {
    const box = new Outbox(memory(), "k");
    const first = box.add("一")!;
    const second = box.add("二")!;
    box.failed(first.id, "不行", false);
    expect(box.next()).toBe(second);
  });

  it("leaves nothing behind when empty, and refuses to grow without end", () => {
    const store = memory();
    const box = new Outbox(store, "k");
    box.done(box.add("一")!.id);
    expect(store.values.size).toBe(0);
    for (let count = 0; count < 50; count++) box.add("x");
    expect(box.add("x")).toBeUndefined();
  });

  it.each(["", "{", "null", "[1, null, {}]", '[{"id":1}]', '{"id":"a"}'])("survives a spoiled store: %s", (text) => {
    expect(new Outbox(memory({ k: text }), "k").all()).toEqual([]);
  });

  it("makes ids that the wire allows", () => {
    const ids = new Set(Array.from({ length: 200 }, randomId));
    expect(ids.size).toBe(200);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
  });
});
