/** The messages as shown, and how the server's history and what this tab knows become one list. */

import type { BotUttered, Custom, HistoryMessage, QuickReply, UserEcho } from "./wire";

export interface Message {
  readonly id: string;
  readonly from: "user" | "bot";
  readonly text: string;
  readonly at: string;
  readonly quickReplies: readonly QuickReply[];
  readonly custom: Custom;
}

export function userMessage(id: string, text: string, at: string): Message {
  return { id, from: "user", text, at, quickReplies: [], custom: {} };
}

export function received(message: BotUttered | UserEcho | HistoryMessage, from: "user" | "bot", newId: () => string): Message {
  const bot = message as BotUttered;
  return {
    id: typeof message.id === "string" && message.id ? message.id : newId(),
    from,
    text: typeof message.text === "string" ? message.text : "",
    at: typeof message.at === "string" ? message.at : new Date().toISOString(),
    quickReplies: from === "bot" ? replies(bot.quick_replies) : [],
    custom: from === "bot" && typeof bot.custom === "object" && bot.custom !== null ? bot.custom : {},
  };
}

function replies(given: unknown): QuickReply[] {
  if (!Array.isArray(given)) return [];
  return given.filter(
    (reply): reply is QuickReply => typeof reply?.title === "string" && typeof reply?.payload === "string",
  );
}

/** The message in its place: where its id is already, else behind the question it answers, else at the end. */
export function placed(messages: readonly Message[], message: Message, replyTo?: string): Message[] {
  const index = messages.findIndex((each) => each.id === message.id);
  if (index >= 0) return messages.map((each, place) => (place === index ? message : each));
  const question = replyTo ? messages.findIndex((each) => each.id === replyTo) : -1;
  const next = messages.findIndex((each, place) => place > question && each.from === "user");
  const at = question < 0 || next < 0 ? messages.length : next;
  return [...messages.slice(0, at), message, ...messages.slice(at)];
}

/**
 * The server's history is the truth; of ours stay those before its window, those that still wait to be sent, what a
 * person said while the history was on its way, and all when it has none (a server that forgot must not empty the screen).
 */
export function merged(ours: readonly Message[], history: readonly Message[], waiting: (id: string) => boolean): Message[] {
  const known = new Set(history.map((message) => message.id));
  const [first, last] = [history[0], history.at(-1)];
  const kept = ours.filter((message) => !known.has(message.id));
  const before = kept.filter((message) => !waiting(message.id) && (!first || time(message) < time(first)));
  const late = kept.filter((message) => message.custom.author && last && time(message) > time(last));
  const after = kept.filter((message) => waiting(message.id));
  return [...before, ...history, ...late, ...after];
}

function time(message: Message): number {
  return Date.parse(message.at);
}

/** The bot's messages since the last question: only their buttons can still be pressed. */
export function live(messages: readonly Message[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const message of [...messages].reverse()) {
    if (message.from === "user") break;
    ids.add(message.id);
  }
  return ids;
}
