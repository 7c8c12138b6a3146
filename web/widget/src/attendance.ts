/** Who answers: the assistant, or a person. Read from what was said; the server keeps the truth and says nothing else. */

import { record, text } from "./fields";
import type { Message } from "./messages";
import type { TicketCard } from "./wire";

/** none: the assistant answers. waiting: a ticket is open. talking: a person has written. */
export type Attendance = "none" | "waiting" | "talking";

/** The last that was not the asker's own decides: a system message says that the ticket is closed, an answer that the assistant is back. */
export function attendance(messages: readonly Message[]): Attendance {
  const last = [...messages].reverse().find((message) => message.from === "bot");
  if (!last) return "none";
  if (last.custom.author === "staff") return "talking";
  return last.custom.author !== "system" && record(last.custom.card).type === "ticket" ? "waiting" : "none";
}

/** Number of the ticket that is open; "" where none is, or none is in sight. */
export function openTicket(messages: readonly Message[]): string {
  if (attendance(messages) === "none") return "";
  const last = [...messages].reverse().find((message) => record(message.custom.card).type === "ticket");
  return text(record(last?.custom.card as TicketCard | undefined).number);
}
