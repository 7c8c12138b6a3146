import { act } from "preact/test-utils";
import { render } from "preact";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Conversation, View } from "../conversation";
import { userMessage } from "../messages";
import { panelTexts } from "../texts/panel";
import { App } from "./App";
import { Panes } from "./panes";
import { shown } from "./testing";

const asked = { ...userMessage("u1", "在吗", "2026-10-20T10:00:00Z"), live: true };
const ticket = shown({ id: "t1", text: "已转人工", custom: { outcome: "handoff", card: { type: "ticket", number: "T-1" } } });
const staff = shown({ id: "s1", text: "您好，**小周**为您服务", custom: { outcome: "task", topic: "check_claim", author: "staff" } });
const system = shown({ id: "c1", text: "已结束", custom: { outcome: "task", topic: "check_claim", author: "system" } });

let watcher: () => void;
let view: View;
const say = vi.fn(() => true);

function show(part: Partial<View>): void {
  view = { messages: [], link: "online", loaded: true, answering: false, queued: 0, notice: "", attendance: "none", ticket: "", ...part };
  void act(() => watcher?.());
}

function start(): HTMLElement {
  const conversation = { current: () => view, watch: (told: () => void) => ((watcher = told), () => undefined), say } as unknown as Conversation;
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  void act(() =>
    render(
      <App conversation={conversation} panes={new Panes()} texts={panelTexts["zh-CN"]} lang="zh-CN" server="https://bot.example.com/" role="buyer" orderKnown={false} onClose={() => undefined} />,
      box,
    ),
  );
  return box;
}

beforeEach(() => {
  say.mockClear();
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }));
  show({});
});

const head = (box: HTMLElement): string[] => [".head h2", ".link-state", ".agent", ".footnote"].map((part) => box.querySelector(part)!.textContent!);
const press = (box: HTMLElement): void => void act(() => box.querySelector<HTMLButtonElement>(".agent")!.click());

describe("the head", () => {
  it("says who answers, and the way to the other is one press", () => {
    const box = start();
    expect(head(box)).toEqual(["险小二", "淘宝天猫保险助手", "转人工", "险小二是自动助手，规则以您页面上显示的为准"]);
    press(box);
    show({ messages: [asked, ticket], attendance: "waiting", ticket: "T-1" });
    expect(head(box)).toEqual(["人工客服", "排队中", "返回机器人", "现在由人工客服接待，险小二暂不回答"]);
    press(box);
    show({ messages: [asked, ticket, staff], attendance: "talking", ticket: "T-1" });
    expect(head(box)[1]).toBe("服务中");
    show({ messages: [asked, ticket, staff, system] });
    expect(head(box)[0]).toBe("险小二");
    expect(say.mock.calls).toEqual([["转人工"], ["返回机器人"]]);
  });

  it("keeps the focus on its button when that changes its meaning", () => {
    const box = start();
    const button = box.querySelector<HTMLButtonElement>(".agent")!;
    button.focus();
    show({ attendance: "talking" });
    expect(document.activeElement).toBe(button);
    expect(button.isConnected).toBe(true);
  });
});

describe("what a person says", () => {
  it("has another face and a name, within what is read out, and is not rated", () => {
    const box = start();
    show({ messages: [asked, staff], attendance: "talking" });
    const row = box.querySelector(".row.staff")!;
    expect(row.closest("[role=log]")!.getAttribute("aria-live")).toBe("polite");
    expect(row.querySelector(".author")!.textContent).toBe("人工客服");
    expect(row.querySelector(".rich strong")!.textContent).toBe("小周");
    expect(row.querySelector(".avatar .face")).toBeNull();
    expect(row.querySelector(".avatar .icon")).not.toBeNull();
    expect([...row.querySelectorAll(".tool")].map((each) => each.textContent)).toEqual(["复制"]);
    expect(row.textContent).not.toContain("险小二");
  });

  it("a closing line is the system's", () => {
    const box = start();
    show({ messages: [asked, system] });
    expect(box.querySelector(".system")!.textContent!.trim()).toBe("系统消息已结束");
    expect(box.querySelectorAll(".tool")).toHaveLength(0);
  });
});

it("a message nobody has answered is said to be there, while a person is to answer", () => {
  const box = start();
  show({ messages: [ticket, asked], attendance: "waiting", ticket: "T-1" });
  expect(box.querySelector(".mine .state")!.textContent).toBe("已送达");
  show({ messages: [ticket, { ...asked, state: "waiting" }], attendance: "waiting", ticket: "T-1" });
  expect(box.querySelector(".mine .state")!.textContent).toBe("等待发送");
  show({ messages: [ticket, asked, staff], attendance: "talking", ticket: "T-1" });
  expect(box.querySelector(".mine .state")).toBeNull();
  show({ messages: [asked] });
  expect(box.querySelector(".mine .state")).toBeNull();
});

it("the button that confirms stands out, under a read-back only, which is not rated", () => {
  const box = start();
  const quick_replies = ["确认", "取消"].map((title) => ({ title, payload: title }));
  const custom = (type: string): object => ({ outcome: "task", topic: "request_enable", card: { type, title: "开通" } });
  show({ messages: [asked, shown({ quick_replies, custom: custom("summary") })] });
  expect([...box.querySelectorAll(".chips .quick")].map((each) => each.className)).toEqual(["quick firm", "quick"]);
  expect(box.querySelectorAll(".tool[aria-pressed]")).toHaveLength(0);
  show({ messages: [asked, shown({ quick_replies, custom: custom("receipt") })] });
  expect(box.querySelectorAll(".firm")).toHaveLength(0);
  expect(box.querySelectorAll(".tool[aria-pressed]")).toHaveLength(2);
});
