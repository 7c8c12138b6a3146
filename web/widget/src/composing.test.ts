import { describe, expect, it } from "vitest";
import { Composing, type KeyLike } from "./composing";

const enter = (more: Partial<KeyLike> = {}): KeyLike => ({
  key: "Enter", keyCode: 13, isComposing: false, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more,
});

function at(): { composing: Composing; pass: (ms: number) => void } {
  let now = 1000;
  return { composing: new Composing(() => now), pass: (ms) => (now += ms) };
}

describe("composing", () => {
  it("sends on a plain Enter", () => expect(at().composing.sends(enter())).toBe(true));

  it.each([
    ["another key", enter({ key: "a", keyCode: 65 })],
    ["Shift and Enter", enter({ shiftKey: true })],
    ["Ctrl and Enter", enter({ ctrlKey: true })],
    ["Chrome and Firefox: isComposing", enter({ isComposing: true })],
    ["Safari and old WebViews: keyCode 229", enter({ keyCode: 229 })],
    ["key Process", enter({ key: "Process", keyCode: 229 })],
  ])("does not send on %s", (_, key) => expect(at().composing.sends(key)).toBe(false));

  it("does not send between compositionstart and compositionend, whatever the event says", () => {
    const { composing } = at();
    composing.start();
    expect(composing.sends(enter())).toBe(false);
  });

  it("does not send on the Enter that ended it (Safari: compositionend comes first)", () => {
    const { composing, pass } = at();
    composing.start();
    composing.end();
    pass(2);
    expect(composing.sends(enter())).toBe(false);
    pass(300);
    expect(composing.sends(enter())).toBe(true);
  });

  it("starts anew when the field loses focus without compositionend", () => {
    const { composing } = at();
    composing.start();
    composing.reset();
    expect(composing.sends(enter())).toBe(true);
  });
});
