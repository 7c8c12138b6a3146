import { describe, expect, it } from "vitest";

import { placed, userMessage, type Message } from "./messages";

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
