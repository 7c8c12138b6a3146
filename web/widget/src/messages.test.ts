import { describe, expect, it } from "vitest";

import { merged, placed, userMessage, type Message } from "./messages";

const bot = (id: string): Message => ({ id, from: "bot", text: id, at: "", quickReplies: [], custom: {} });
const ids = (messages: readonly Message[]): string[] => messages.map((message) => message.id);

describe("placed", () => {
  const asked = [userMessage("q1", "一", ""), userMessage("q2", "二", "")];

  it("puts an answer behind its question, after what has answered it before", () => {
    const once = placed(asked, bot("a1"), "q1");
    expect(ids(once)).toEqual(["q1", "a1", "q2"]);
    expect(ids(placed(once, bot("a1b"), "q1"))).toEqual(["q1", "a1", "a1b", "q2"]);
    expect(ids(placed(once, bot("a2"), "q2"))).toEqual(["q1", "a1", "q2", "a2"]);
  });

  it("puts what answers nothing known at the end, and what is there already in its place", () => {
    expect(ids(placed(asked, bot("a"), "gone"))).toEqual(["q1", "q2", "a"]);
    expect(ids(placed(asked, bot("a")))).toEqual(["q1", "q2", "a"]);
    expect(placed(asked, userMessage("q1", "新", ""))[0]!.text).toBe("新");
  });
});

describe("merged", () => {
  const said = (id: string, at: string, author?: string): Message => ({ ...bot(id), at, custom: author ? { author } : {} });
  const none = (): boolean => false;
  const history = [said("a", "2026-01-01T00:01:00Z"), said("b", "2026-01-01T00:02:00Z")];

  it("keeps what a person said while the history was on its way, behind it", () => {
    const ours = [said("a", "2026-01-01T00:01:00Z"), said("s", "2026-01-01T00:03:00Z", "staff")];
    expect(ids(merged(ours, history, none))).toEqual(["a", "b", "s"]);
    expect(ids(merged(ours, [...history, said("s", "2026-01-01T00:03:00Z", "staff")], none))).toEqual(["a", "b", "s"]);
  });

  it("compares moments, not their spelling", () => {
    const ours = [said("s", "2026-01-01T08:03:00+08:00", "staff"), said("old", "2026-01-01T08:00:00+08:00", "staff")];
    expect(ids(merged(ours, history, none))).toEqual(["old", "a", "b", "s"]);
  });

  it("leaves out what the server does not have: of a person before its end, of the assistant anywhere", () => {
    const ours = [said("s", "2026-01-01T00:01:30Z", "staff"), said("r", "2026-01-01T00:03:00Z")];
    expect(ids(merged(ours, history, none))).toEqual(["a", "b"]);
  });
});
