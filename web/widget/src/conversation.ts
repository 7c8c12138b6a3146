/**
 * One account's conversation: the connection, what waits to be sent, what was said.
 *
 * Nothing here draws. `watch` is told of every change, `arrived` of every live answer (for the unread count).
 */

import { attendance, openTicket, type Attendance } from "./attendance";
import { live, merged, placed, received, userMessage, type Message } from "./messages";
import { Outbox, randomId, type ItemState } from "./outbox";
import type { Store } from "./store";
import type { Ack, BotUttered, HistoryMessage, Problem, QuickReply, UserEcho } from "./wire";

export const ANSWER_MS = 60_000; // longer than the server lets a turn take
const AFTER_REPLY_MS = 3_000; // a server that answers but never acknowledges
const GREET_AGAIN_MS = 5_000; // the history was refused, e.g. too many calls
const RENEW_MS = 20_000;
const RENEWALS = 3; // tokens in a row, each within a minute of the last, that the server calls expired
const RENEWED_LATELY_MS = 60_000;

/** What of a socket.io socket is used; tests pass their own. */
export interface Wire {
  readonly connected: boolean;
  readonly active: boolean;
  on(event: string, listener: (...args: any[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

export type Credentials = () => { token?: string; session?: string };
export type Link = "connecting" | "online" | "offline" | "expired" | "refused";

export interface Shown extends Message {
  readonly state?: ItemState;
  readonly problem?: string;
  readonly again?: boolean;
  /** Its buttons can still be pressed. */
  readonly live: boolean;
}

export interface View {
  readonly messages: readonly Shown[];
  readonly link: Link;
  /** The conversation so far has come once. */
  readonly loaded: boolean;
  /** The assistant is at work. While a person answers nobody can tell, so it stays false. */
  readonly answering: boolean;
  readonly attendance: Attendance;
  /** Number of the ticket that is open; "" where none is. */
  readonly ticket: string;
  /** How many wait for the connection. */
  readonly queued: number;
  /** The server's word on what is wrong, where no message is to blame. */
  readonly notice: string;
}

export interface Wording {
  noAnswer: string;
  tooMany: string;
}

/** Failures where the same text would fail again. */
const FINAL = new Set(["too_long", "bad_message"]);

export class Conversation {
  readonly outbox: Outbox;
  private readonly wire: Wire;
  private messages: Message[] = [];
  private link: Link = "connecting";
  private loaded = false;
  private notice = "";
  private echoes = new Set<string>();
  private renewal: Promise<boolean> | undefined;
  private renewals = 0;
  private renewedAt = 0;
  private attempt = 0;
  private ready = false; // confirmed and told the history: only then anything is sent
  private closed = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private retries = 0;
  private watchers = new Set<() => void>();
  private listeners = new Set<(message: Message) => void>();
  private view: View | undefined;

  constructor(
    private readonly given: {
      connect: (credentials: Credentials) => Wire;
      store: Store;
      name: string;
      token?: string;
      renew?: () => Promise<string> | string;
      words: () => Wording;
    },
  ) {
    this.token = given.token;
    this.outbox = new Outbox(given.store, `${given.name}:outbox`);
    this.messages = this.outbox.all().map((item) => userMessage(item.id, item.text, item.at));
    this.wire = given.connect(() => ({ token: this.token, session: this.token ? undefined : this.session() }));
    this.listen();
  }

  private token: string | undefined;

  // ------------------------------------------------------------------ for those who draw

  current(): View {
    this.view ??= this.look();
    return this.view;
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  arrived(listener: (message: Message) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // ------------------------------------------------------------------ what people do

  say(text: string): boolean {
    return this.queue(text.trim());
  }

  press(reply: QuickReply): boolean {
    return this.queue(reply.title, reply.payload);
  }

  again(id: string): void {
    this.outbox.wait(id);
    this.reconnect();
    this.pump();
  }

  drop(id: string): void {
    this.outbox.done(id);
    this.messages = this.messages.filter((message) => message.id !== id);
    this.changed();
  }

  /** Resolves false when the server did not take it. */
  rate(reply: string, useful: boolean, reason?: string): Promise<boolean> {
    return this.ask("feedback", { reply, useful, ...(reason ? { reason: reason.slice(0, 500) } : {}) }, 10_000).then(
      (ack) => ack?.ok === true,
    );
  }

  /** What only an account may have can be offered. */
  get signedIn(): boolean {
    return Boolean(this.token);
  }

  /** Does a request with the account's token, and once more with a new one where the server answers 401. */
  async authorized(request: (token: string) => Promise<Response>): Promise<Response> {
    const token = this.token ?? "";
    const response = await request(token);
    if (response.status !== 401) return response;
    // Somebody else may have renewed it while this was on its way.
    if (this.token === token && !(await this.renewed())) return response;
    return request(this.token ?? "");
  }

  /** Try now: the network is back, or somebody pressed the button. */
  reconnect(): void {
    if (this.closed || this.link === "refused") return;
    if (this.link === "expired") {
      this.renewals = 0;
      void this.renewed();
      return;
    }
    if (this.wire.connected) return;
    clearTimeout(this.retryTimer);
    this.setLink("connecting");
    this.wire.connect();
  }

  /** The browser says the network is gone; the socket would notice later. */
  networkLost(): void {
    if (this.link === "online" || this.link === "connecting") this.setLink("offline");
  }

  networkBack(): void {
    if (this.wire.connected && this.link === "offline") this.setLink(this.ready ? "online" : "connecting");
    else this.reconnect();
    this.pump();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
    this.wire.disconnect();
    this.watchers.clear();
    this.listeners.clear();
  }

  /** Also what waits is forgotten. */
  forget(): void {
    this.outbox.clear();
    this.close();
  }

  // ------------------------------------------------------------------ sending

  private queue(text: string, button?: string): boolean {
    if (!text) return false;
    const item = this.outbox.add(text, button);
    if (!item) {
      this.setNotice(this.given.words().tooMany);
      return false;
    }
    this.messages = [...this.messages, userMessage(item.id, text, item.at)];
    this.changed();
    this.pump();
    return true;
  }

  private pump(): void {
    if (!this.ready || this.link !== "online" || this.renewal || this.closed) return;
    const item = this.outbox.next();
    if (!item) return;
    const attempt = ++this.attempt;
    this.outbox.sending(item.id);
    this.changed();
    const sent = item.button
      ? this.ask("button", { id: item.button, client_id: item.id }, ANSWER_MS)
      : this.ask("user_uttered", { message: item.text, id: item.id }, ANSWER_MS);
    void sent.then((ack) => {
      if (attempt === this.attempt) this.acknowledged(item.id, ack);
    });
  }

  private acknowledged(id: string, ack: Ack | undefined): void {
    if (this.outbox.find(id)?.state !== "sending") return;
    if (!ack) this.fail(id, this.given.words().noAnswer, true);
    else if (ack.ok === false) this.refuse(id, ack);
    else this.finish(id);
  }

  private finish(id: string): void {
    this.outbox.done(id);
    this.renewals = 0;
    this.setNotice("");
    this.changed();
    this.pump();
  }

  private refuse(id: string, problem: Problem): void {
    if (problem.code === "token_expired") {
      this.outbox.wait(id);
      this.changed();
      void this.renewed();
      return;
    }
    this.fail(id, problem.text || this.given.words().noAnswer, !FINAL.has(problem.code ?? ""));
  }

  private fail(id: string, problem: string, again: boolean): void {
    this.outbox.failed(id, problem, again);
    this.changed();
    this.pump();
  }

  /** The acknowledgement, or nothing when none came in time. */
  private ask(event: string, data: unknown, ms: number): Promise<Ack | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ms);
      this.wire.emit(event, data, (ack?: Ack) => {
        clearTimeout(timer);
        resolve(ack ?? { ok: true });
      });
    });
  }

  // ------------------------------------------------------------------ the token

  /** A new token from the host page, once for all who need it. Resolves false when there is none. */
  private renewed(): Promise<boolean> {
    this.renewal ??= this.renewToken().finally(() => {
      this.renewal = undefined;
      this.pump();
    });
    return this.renewal;
  }

  private async renewToken(): Promise<boolean> {
    if (Date.now() - this.renewedAt > RENEWED_LATELY_MS) this.renewals = 0;
    this.renewedAt = Date.now();
    const token = ++this.renewals > RENEWALS ? undefined : await this.tokenFromHost();
    if (this.closed) return false;
    if (!token) {
      this.setLink("expired");
      return false;
    }
    this.token = token;
    if (this.wire.connected) {
      const ack = await this.ask("token", { token }, RENEW_MS);
      if (ack?.ok) {
        this.setLink("online");
        return true;
      }
      this.wire.disconnect(); // another account's, or not taken: start over with it
    }
    this.setLink("connecting");
    this.wire.connect();
    return true;
  }

  private async tokenFromHost(): Promise<string | undefined> {
    if (!this.given.renew) return undefined;
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, RENEW_MS));
    try {
      const token = await Promise.race([this.given.renew(), late]);
      return typeof token === "string" && token ? token : undefined;
    } catch {
      return undefined;
    }
  }

  private session(): string | undefined {
    return this.given.store.get(`${this.given.name}:session`) ?? undefined;
  }

  // ------------------------------------------------------------------ what the server says

  private listen(): void {
    const { wire } = this;
    wire.on("connect", () => {
      this.retries = 0;
      this.greet();
    });
    wire.on("session_confirm", (answer: unknown) => this.confirmed(answer));
    wire.on("history", (data: { messages?: HistoryMessage[] } | undefined) => this.tell(data?.messages));
    wire.on("bot_uttered", (data: BotUttered) => this.uttered(data ?? {}));
    wire.on("user_echo", (data: UserEcho) => this.echoed(data ?? {}));
    wire.on("problem", (data: Problem) => this.problem(data ?? {}));
    wire.on("connect_error", (error: { data?: Problem }) => this.refused(error?.data ?? {}));
    wire.on("disconnect", (reason: string) => this.lost(reason));
  }

  private greet(): void {
    if (this.wire.connected) this.wire.emit("session_request", { session_id: this.token ? undefined : this.session() });
  }

  private confirmed(answer: unknown): void {
    const session = typeof answer === "string" ? answer : (answer as { session_id?: unknown } | null)?.session_id;
    if (!this.token && typeof session === "string") this.given.store.set(`${this.given.name}:session`, session);
  }

  private tell(messages: readonly HistoryMessage[] | undefined): void {
    const history = (Array.isArray(messages) ? messages : []).map((message) =>
      received(message, message.from === "user" ? "user" : "bot", randomId),
    );
    this.messages = merged(this.messages, history, (id) => this.outbox.find(id) !== undefined);
    this.loaded = this.ready = true;
    this.echoes.clear();
    this.setNotice("");
    this.setLink("online");
    this.pump();
  }

  private uttered(data: BotUttered): void {
    const message = received(data, "bot", randomId);
    const news = !this.messages.some((each) => each.id === message.id);
    this.messages = placed(this.messages, message, data.reply_to);
    if (data.reply_to) this.echoes.delete(data.reply_to);
    else this.echoes.clear();
    const item = this.outbox.find(data.reply_to);
    if (item?.state === "sending") {
      const attempt = this.attempt;
      setTimeout(() => {
        if (attempt === this.attempt && this.outbox.find(item.id)?.state === "sending") this.finish(item.id);
      }, AFTER_REPLY_MS);
    }
    this.changed();
    if (news) for (const listener of this.listeners) listener(message);
  }

  private echoed(data: UserEcho): void {
    const message = received(data, "user", randomId);
    this.messages = placed(this.messages, message);
    if (!this.outbox.find(message.id)) {
      this.echoes.add(message.id);
      setTimeout(() => {
        if (this.echoes.delete(message.id)) this.changed();
      }, ANSWER_MS);
    }
    this.changed();
  }

  private problem(data: Problem): void {
    const item = this.outbox.find(data.id);
    if (item) this.refuse(item.id, data);
    else if (data.code === "token_expired") void this.renewed().then((renewed) => renewed && !this.ready && this.greet());
    else {
      this.setNotice(data.text ?? "");
      if (!this.ready && !this.closed) setTimeout(() => !this.ready && this.greet(), GREET_AGAIN_MS);
    }
  }

  /** The server would not let us in, or could not be reached. */
  private refused(data: Problem): void {
    if (data.code === "token_expired") {
      void this.renewed();
    } else if (data.code === "token_invalid") {
      this.setNotice(data.text ?? "");
      this.setLink("refused");
    } else {
      this.setNotice(data.text ?? "");
      this.setLink("offline");
      if (!this.wire.active) this.retryLater();
    }
  }

  private lost(reason: string): void {
    this.ready = false;
    this.attempt += 1;
    this.outbox.disconnected();
    this.echoes.clear();
    if (this.closed) return;
    if (this.link !== "expired" && this.link !== "refused") this.setLink("offline");
    this.changed();
    // socket.io comes back by itself unless the server closed the connection.
    if (reason === "io server disconnect" && !this.renewal) this.retryLater();
  }

  private retryLater(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.reconnect(), Math.min(30_000, 1_000 * 2 ** this.retries++));
  }

  // ------------------------------------------------------------------ telling

  private setLink(link: Link): void {
    this.link = link;
    this.changed();
  }

  private setNotice(notice: string): void {
    this.notice = notice;
    this.changed();
  }

  private changed(): void {
    this.view = undefined;
    for (const watcher of this.watchers) watcher();
  }

  private look(): View {
    const pressable = live(this.messages);
    const items = this.outbox.all();
    const attended = attendance(this.messages);
    const sending = this.link === "online" && items.some((item) => item.state === "sending");
    return {
      messages: this.messages.map((message) => {
        const item = this.outbox.find(message.id);
        return { ...message, live: pressable.has(message.id), state: item?.state, problem: item?.problem, again: item?.again };
      }),
      link: this.link,
      loaded: this.loaded,
      answering: attended === "none" && (this.echoes.size > 0 || sending),
      attendance: attended,
      ticket: openTicket(this.messages),
      queued: items.filter((item) => item.state === "waiting").length,
      notice: this.notice,
    };
  }
}
