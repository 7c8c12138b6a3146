/** For tests: parts of the panel drawn into a box, with a conversation that does nothing by itself. */

import { render } from "preact";
import { act } from "preact/test-utils";
import { vi } from "vitest";
import type { Conversation, Shown } from "../conversation";
import { received } from "../messages";
import type { Lang } from "../options";
import { panelTexts } from "../texts/panel";
import { AnswerCard } from "./cards";
import { Context, type Shared } from "./context";

/** jsdom has no layout, so nothing is ever resized. */
class NoResizes {
  observe(): void {}
  disconnect(): void {}
}

export interface Given {
  lang?: Lang;
  live?: boolean;
  signedIn?: boolean;
  view?: object;
  authorized?: Conversation["authorized"];
  press?: (reply: unknown) => boolean;
}

export function shown(data: object, live = true): Shown {
  return { ...received({ id: "m1", text: "", at: "2026-10-20T10:00:00Z", ...data }, "bot", () => "m1"), live };
}

export interface Drawn {
  box: HTMLElement;
  announced: string[];
  text: () => string;
}

export function draw(part: preact.ComponentChildren, given: Given = {}): Drawn {
  vi.stubGlobal("ResizeObserver", NoResizes);
  const announced: string[] = [];
  const lang = given.lang ?? "zh-CN";
  const shared: Shared = {
    conversation: {
      signedIn: given.signedIn ?? true,
      authorized: given.authorized,
      press: given.press,
      current: () => given.view ?? { attendance: "none", ticket: "" },
    } as unknown as Conversation,
    t: panelTexts[lang],
    lang,
    server: "https://bot.example.com/",
    announce: (words) => void announced.push(words),
  };
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  void act(() => render(<Context.Provider value={shared}>{part}</Context.Provider>, box));
  return { box, announced, text: () => (box.textContent ?? "").replace(/\s+/g, " ") };
}

export const drawCard = (card: unknown, given: Given = {}): Drawn =>
  draw(<AnswerCard message={shown({ custom: { outcome: "task", card } }, given.live)} />, given);
