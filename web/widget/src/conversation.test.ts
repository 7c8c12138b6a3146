import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MS, Conversation, type Credentials, type Wire } from "./conversation";
import type { Store } from "./store";

class FakeWire implements Wire {
  connected = false;
  active = true;
  sent: { event: string; data: any; ack?: (answer?: unknown) => void }[] = [];
  credentials!: Credentials;
  private listeners = new Map<string, (...args: any[]) => void>();

  on(event: string, listener: (...args: any[]) => void): void {
    this.listeners.set(event, listener);
  }
  emit(event: string, data: unknown, ack?: (answer?: unknown) => void): void {
    this.sent.push({ event, data, ack });
  }
  connect = vi.fn();
  disconnect = vi.fn(() => this.drop("io client disconnect"));

  tell(event: string, data?: unknown): void {
    this.listeners.get(event)?.(data);
  }
  up(messages: unknown[] = []): void {
    this.connected = true;
    this.tell("connect");
    this.tell("session_confirm", "v_1");
    this.tell("history", { messages });
  }
  drop(reason = "transport close"): void {
    this.connected = false;
    this.tell("disconnect", reason);
  }
  of(event: string): { data: any; ack?: (answer?: unknown) => void }[] {
    return this.sent.filter((each) => each.event === event);
  }
  texts(): string[] {
    return this.of("user_uttered").map((each) => each.data.message);
  }
}

const memory = (): Store => {
  const values = new Map<string, string>();
  return { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value), remove: (key) => void values.delete(key) };
};

function begin(options: { token?: string; renew?: () => Promise<string>; store?: Store } = {}): { wire: FakeWire; talk: Conversation; store: Store } {
  const wire = new FakeWire();
  const store = options.store ?? memory();
  const talk = new Conversation({
    connect: (credentials) => {
      wire.credentials = credentials;
      return wire;
    },
    store,
    name: "k",
    token: options.token,
    renew: options.renew,
    words: () => ({ noAnswer: "没有回复", tooMany: "太多" }),
  });
  return { wire, talk, store };
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const words = (talk: Conversation): string[] => talk.current().messages.map((message) => message.text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("sending", () => {
  it("waits for the history, then sends one after the other", async () => {
    const { wire, talk } = begin();
    talk.say(" 一 ");
    talk.say("二");
    expect(wire.texts()).toEqual([]);
    wire.up();
    expect(wire.texts()).toEqual(["一"]);
    expect(talk.current().answering).toBe(true);
    wire.of("user_uttered")[0]!.ack!({ ok: true });
    await settled();
    expect(wire.texts()).toEqual(["一", "二"]);
  });

  it("sends what waited offline once, under its id, though the answer was lost", async () => {
    const { wire, talk } = begin();
    wire.up();
    talk.say("多久到账");
    const { id } = wire.of("user_uttered")[0]!.data;
    wire.drop();
    expect(talk.current()).toMatchObject({ link: "offline", queued: 1 });
    talk.say("能赔多少");
    wire.up([{ id, from: "user", text: "多久到账", at: new Date().toISOString() }]);
    expect(wire.of("user_uttered").map((each) => each.data.id)).toEqual([id, id]); // the server answers an id once
    wire.of("user_uttered")[0]!.ack!({ ok: true }); // a late one, of the lost connection
    await settled();
    expect(wire.texts()).toHaveLength(2);
    wire.of("user_uttered")[1]!.ack!({ ok: true });
    await settled();
    expect(wire.texts()).toEqual(["多久到账", "多久到账", "能赔多少"]);
    expect(words(talk)).toEqual(["多久到账", "能赔多少"]);
  });

  it("keeps the queue over a reload", () => {
    const { talk, store } = begin();
    talk.say("一");
    const again = begin({ store });
    expect(words(again.talk)).toEqual(["一"]);
    again.wire.up();
    expect(again.wire.texts()).toEqual(["一"]);
  });

  it("marks a message that gets no answer as failed, and sends it again under its id", async () => {
    const { wire, talk } = begin();
    wire.up();
    talk.say("一");
    await vi.advanceTimersByTimeAsync(ANSWER_MS + 1);
    expect(talk.current().messages[0]).toMatchObject({ state: "failed", problem: "没有回复", again: true });
    talk.again(talk.current().messages[0]!.id);
    expect(new Set(wire.of("user_uttered").map((each) => each.data.id)).size).toBe(1);
    expect(wire.texts()).toHaveLength(2);
  });

  it.each([["too_long", false], ["bad_message", false], ["too_many_messages", true], ["turn_timeout", true], ["unavailable", true]])(
    "a message refused with %s can be sent again: %s",
    async (code, again) => {
      const { wire, talk } = begin();
      wire.up();
      talk.say("一");
      wire.of("user_uttered")[0]!.ack!({ ok: false, code, text: "说明" });
      wire.tell("problem", { code, text: "说明", id: wire.of("user_uttered")[0]!.data.id });
      await settled();
      expect(talk.current().messages[0]).toMatchObject({ state: "failed", problem: "说明", again });
    },
  );

  it("is content with an answer from a server that does not acknowledge", async () => {
    const { wire, talk } = begin();
    wire.up();
    talk.say("一");
    wire.tell("bot_uttered", { id: "r1", text: "好", reply_to: wire.of("user_uttered")[0]!.data.id });
    await vi.advanceTimersByTimeAsync(5000);
    expect(talk.current().answering).toBe(false);
    expect(talk.current().messages[0]!.state).toBeUndefined();
  });

  it("presses a button by its opaque id", () => {
    const { wire, talk } = begin();
    wire.up([{ id: "r1", from: "bot", text: "选", at: "2026-01-01T00:00:00Z", quick_replies: [{ title: "多久到账", payload: "b_1" }] }]);
    const message = talk.current().messages[0]!;
    expect(message.live).toBe(true);
    talk.press(message.quickReplies[0]!);
    expect(wire.of("button")[0]!.data).toMatchObject({ id: "b_1", client_id: expect.stringMatching(/^[\w-]+$/) });
    expect(words(talk)).toEqual(["选", "多久到账"]);
    expect(talk.current().messages[0]!.live).toBe(false);
  });
});

describe("the conversation so far", () => {
  const said = (id: string, from: string, text: string, minute: number): object => ({ id, from, text, at: `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z` });

  it("comes from the server, and a reconnection doubles nothing", () => {
    const { wire, talk } = begin();
    wire.up([said("u1", "user", "一", 1), said("r1", "bot", "答", 2)]);
    wire.tell("bot_uttered", { id: "r2", text: "再答", at: "2026-01-01T00:03:00Z" });
    wire.drop();
    wire.up([said("u1", "user", "一", 1), said("r1", "bot", "答", 2), said("r2", "bot", "再答", 3)]);
    wire.tell("bot_uttered", { id: "r2", text: "再答", at: "2026-01-01T00:03:00Z" });
    expect(words(talk)).toEqual(["一", "答", "再答"]);
  });

  it("keeps what is older than the server's window, and all when it has none", () => {
    const { wire, talk } = begin();
    wire.up([said("u1", "user", "一", 1), said("r1", "bot", "答", 2)]);
    wire.up([said("r1", "bot", "答", 2)]);
    expect(words(talk)).toEqual(["一", "答"]);
    wire.up([]);
    expect(words(talk)).toEqual(["一", "答"]);
  });

  it("shows what another tab sends, and that an answer is coming", () => {
    const { wire, talk } = begin();
    wire.up();
    wire.tell("user_echo", { id: "u9", text: "另一页问的" });
    expect(words(talk)).toEqual(["另一页问的"]);
    expect(talk.current().answering).toBe(true);
    wire.tell("bot_uttered", { id: "r9", text: "答", reply_to: "u9" });
    expect(talk.current().answering).toBe(false);
  });

  it.each([undefined, null, {}, { messages: "x" }, { messages: [{}] }])("survives an odd history: %j", (data) => {
    const { wire, talk } = begin();
    wire.connected = true;
    expect(() => wire.tell("history", data ?? undefined)).not.toThrow();
    expect(talk.current().loaded).toBe(true);
  });

  it.each([undefined, {}, { text: 5, quick_replies: [null, {}, { title: 1 }], custom: "x" }])("survives an odd answer: %j", (data) => {
    const { wire, talk } = begin();
    wire.up();
    expect(() => wire.tell("bot_uttered", data)).not.toThrow();
    expect(talk.current().messages[0]).toMatchObject({ text: "", quickReplies: [], custom: {} });
  });
});

describe("the token", () => {
  it("is renewed once for all, and the message sent again under its id", async () => {
    const renew = vi.fn(async () => "new");
    const { wire, talk } = begin({ token: "old", renew });
    wire.up();
    talk.say("一");
    const { id } = wire.of("user_uttered")[0]!.data;
    wire.tell("problem", { code: "token_expired", text: "过期", id });
    wire.of("user_uttered")[0]!.ack!({ ok: false, code: "token_expired", id });
    await settled();
    expect(renew).toHaveBeenCalledTimes(1);
    expect(wire.of("token")[0]!.data).toEqual({ token: "new" });
    expect(wire.texts()).toHaveLength(1);
    wire.of("token")[0]!.ack!({ ok: true });
    await settled();
    expect(wire.of("user_uttered").map((each) => each.data.id)).toEqual([id, id]);
  });

  it("that expired before connecting is renewed, and the connection made with the new one", async () => {
    const { wire } = begin({ token: "old", renew: async () => "new" });
    wire.tell("connect_error", { data: { code: "token_expired", text: "过期" } });
    await settled();
    expect(wire.connect).toHaveBeenCalledTimes(1);
    expect(wire.credentials()).toEqual({ token: "new", session: undefined });
  });

  it("that cannot be renewed leaves the message waiting and says so", async () => {
    const { wire, talk } = begin({ token: "old" });
    wire.up();
    talk.say("一");
    wire.of("user_uttered")[0]!.ack!({ ok: false, code: "token_expired" });
    await settled();
    expect(talk.current()).toMatchObject({ link: "expired", queued: 1 });
  });

  it("is asked for again when somebody presses the button", async () => {
    const renew = vi.fn(async () => "");
    const { wire, talk } = begin({ token: "old", renew });
    wire.up();
    talk.say("一");
    wire.of("user_uttered")[0]!.ack!({ ok: false, code: "token_expired" });
    await settled();
    renew.mockResolvedValue("new");
    talk.reconnect();
    await settled();
    wire.of("token")[0]!.ack!({ ok: true });
    await settled();
    expect(wire.texts()).toEqual(["一", "一"]);
  });

  it("is not renewed for ever", async () => {
    const renew = vi.fn(async () => "new");
    const { wire, talk } = begin({ token: "old", renew });
    for (let count = 0; count < 10; count++) {
      wire.tell("connect_error", { data: { code: "token_expired" } });
      await settled();
    }
    expect(renew).toHaveBeenCalledTimes(3);
    expect(talk.current().link).toBe("expired");
  });

  it("that is not valid is not tried again", async () => {
    const { wire, talk } = begin({ token: "bad" });
    wire.active = false;
    wire.tell("connect_error", { data: { code: "token_invalid", text: "登录信息无效" } });
    await vi.advanceTimersByTimeAsync(120_000);
    talk.reconnect();
    expect(wire.connect).not.toHaveBeenCalled();
    expect(talk.current()).toMatchObject({ link: "refused", notice: "登录信息无效" });
  });

  it("a visitor keeps the session the server issued; an account's is not kept", () => {
    const visitor = begin();
    visitor.wire.up();
    expect(visitor.wire.credentials()).toEqual({ token: undefined, session: "v_1" });
    const account = begin({ token: "t" });
    account.wire.up();
    expect(account.wire.credentials()).toEqual({ token: "t", session: undefined });
  });
});

describe("a person who answers", () => {
  const TICKET = { id: "t1", text: "已转人工", at: "2026-01-01T00:01:00Z", custom: { outcome: "handoff", card: { type: "ticket", number: "T-1" } } };
  const staff = (id: string, text: string, minute: number, author = "staff"): object => ({
    id, text, at: `2026-01-01T00:0${minute}:00Z`, custom: { outcome: "handoff", author },
  });
  const handedOver = (): ReturnType<typeof begin> => {
    const begun = begin();
    begun.wire.up([{ ...TICKET, from: "bot" }]);
    return begun;
  };

  it("is seen from the ticket, the person's words, the closing line", () => {
    const { wire, talk } = handedOver();
    expect(talk.current()).toMatchObject({ attendance: "waiting", ticket: "T-1" });
    wire.tell("bot_uttered", staff("s1", "您好", 2));
    expect(talk.current()).toMatchObject({ attendance: "talking", ticket: "T-1" });
    wire.tell("bot_uttered", staff("c1", "已结束", 3, "system"));
    expect(talk.current()).toMatchObject({ attendance: "none", ticket: "" });
  });

  it("no answer of the assistant is waited for: taken is done", async () => {
    const { wire, talk } = handedOver();
    talk.say("在吗");
    expect(talk.current().answering).toBe(false);
    wire.of("user_uttered")[0]!.ack!({ ok: true });
    await settled();
    expect(talk.current().messages.at(-1)).toMatchObject({ text: "在吗", state: undefined, problem: undefined });
    await vi.advanceTimersByTimeAsync(2 * ANSWER_MS);
    expect(talk.current()).toMatchObject({ answering: false, notice: "", queued: 0 });
    expect(wire.texts()).toEqual(["在吗"]);
  });

  it("nor in another tab, which is told of the message alone", () => {
    const { wire, talk } = handedOver();
    wire.tell("user_echo", { id: "u9", text: "另一页写的" });
    expect(talk.current().answering).toBe(false);
    wire.tell("bot_uttered", staff("c1", "已结束", 3, "system"));
    expect(talk.current().answering).toBe(false);
  });

  it("a message the server does not take is still shown as failed", async () => {
    const { wire, talk } = handedOver();
    talk.say("在吗");
    wire.of("user_uttered")[0]!.ack!({ ok: false, code: "too_many_messages", text: "太快了" });
    await settled();
    expect(talk.current().messages.at(-1)).toMatchObject({ state: "failed", problem: "太快了" });
  });

  it("is news, each time once; what the history brings is not", () => {
    const { wire, talk } = handedOver();
    const heard = vi.fn();
    talk.arrived(heard);
    wire.tell("bot_uttered", staff("s1", "您好", 2));
    wire.tell("bot_uttered", staff("s1", "您好", 2));
    wire.tell("bot_uttered", staff("c1", "已结束", 3, "system"));
    expect(heard.mock.calls.map(([message]) => message.id)).toEqual(["s1", "c1"]);
    wire.up([{ ...TICKET, from: "bot" }, { ...staff("s1", "您好", 2), from: "bot" }, { ...staff("s9", "没看到的", 2), from: "bot" }, { ...staff("c1", "已结束", 3, "system"), from: "bot" }]);
    expect(heard).toHaveBeenCalledTimes(2);
    expect(words(talk)).toEqual(["已转人工", "您好", "没看到的", "已结束"]);
  });

  it("stands behind what was written meanwhile, there as in the history", async () => {
    const { wire, talk } = handedOver();
    talk.say("在吗");
    const { id } = wire.of("user_uttered")[0]!.data;
    wire.tell("bot_uttered", staff("s1", "在的", 5));
    expect(words(talk)).toEqual(["已转人工", "在吗", "在的"]);
    wire.drop();
    wire.up([{ ...TICKET, from: "bot" }, { id, from: "user", text: "在吗", at: "2026-01-01T00:04:00Z" }, { ...staff("s1", "在的", 5), from: "bot" }]);
    expect(words(talk)).toEqual(["已转人工", "在吗", "在的"]);
  });

  it("is not lost when the history was made before", () => {
    const { wire, talk } = handedOver();
    wire.drop();
    wire.connected = true;
    wire.tell("connect");
    wire.tell("bot_uttered", staff("s1", "您好", 2));
    wire.tell("history", { messages: [{ ...TICKET, from: "bot" }] });
    expect(words(talk)).toEqual(["已转人工", "您好"]);
  });
});

describe("a request with the token", () => {
  const answers = (...statuses: number[]): { request: (token: string) => Promise<Response>; tokens: string[] } => {
    const tokens: string[] = [];
    return { tokens, request: async (token) => (tokens.push(token), new Response("", { status: statuses.shift() })) };
  };

  it("is done once where it is taken", async () => {
    const { talk } = begin({ token: "old", renew: async () => "new" });
    const { request, tokens } = answers(200);
    expect((await talk.authorized(request)).status).toBe(200);
    expect(tokens).toEqual(["old"]);
  });

  it("is done again with a new one after 401, and the connection gets it too", async () => {
    const { wire, talk } = begin({ token: "old", renew: async () => "new" });
    wire.up();
    const { request, tokens } = answers(401, 200);
    const response = talk.authorized(request);
    await settled();
    wire.of("token")[0]!.ack!({ ok: true });
    expect((await response).status).toBe(200);
    expect(tokens).toEqual(["old", "new"]);
    expect(wire.of("token")[0]!.data).toEqual({ token: "new" });
  });

  it("is done again without asking for a new one where there is one by now", async () => {
    const renew = vi.fn(async () => "new");
    const { talk, wire } = begin({ token: "old", renew });
    const tokens: string[] = [];
    const request = async (token: string): Promise<Response> => {
      tokens.push(token);
      if (token === "new") return new Response("", { status: 200 });
      wire.tell("connect_error", { data: { code: "token_expired" } });
      await settled();
      return new Response("", { status: 401 });
    };
    expect((await talk.authorized(request)).status).toBe(200);
    expect(tokens).toEqual(["old", "new"]);
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it("stays refused where the page gives no new one, and people are told", async () => {
    const { talk } = begin({ token: "old" });
    const { request, tokens } = answers(401);
    expect((await talk.authorized(request)).status).toBe(401);
    expect(tokens).toEqual(["old"]);
    expect(talk.current().link).toBe("expired");
  });

  it.each([403, 404, 500])("is not done again after %i", async (status) => {
    const { talk } = begin({ token: "old", renew: async () => "new" });
    const { request, tokens } = answers(status, 200);
    expect((await talk.authorized(request)).status).toBe(status);
    expect(tokens).toEqual(["old"]);
  });

  it("is for accounts", () => {
    expect(begin({ token: "t" }).talk.signedIn).toBe(true);
    expect(begin().talk.signedIn).toBe(false);
  });
});

it("asks again for a history that was refused", async () => {
  const { wire, talk } = begin();
  wire.connected = true;
  wire.tell("connect");
  wire.tell("problem", { code: "too_many_messages", text: "太快了" });
  expect(talk.current().notice).toBe("太快了");
  await vi.advanceTimersByTimeAsync(6000);
  expect(wire.of("session_request")).toHaveLength(2);
});

it("comes back after the server closed the connection", async () => {
  const { wire } = begin();
  wire.up();
  wire.drop("io server disconnect");
  await vi.advanceTimersByTimeAsync(1500);
  expect(wire.connect).toHaveBeenCalledTimes(1);
});

it("tells of live answers only, each once", () => {
  const { wire, talk } = begin();
  const heard = vi.fn();
  talk.arrived(heard);
  wire.up([{ id: "r0", from: "bot", text: "旧", at: "2026-01-01T00:00:00Z" }]);
  wire.tell("bot_uttered", { id: "r1", text: "新" });
  wire.tell("bot_uttered", { id: "r1", text: "新" });
  expect(heard).toHaveBeenCalledTimes(1);
});
