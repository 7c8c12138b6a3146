import { describe, expect, it } from "vitest";
import { attendance, openTicket } from "./attendance";
import { received, userMessage, type Message } from "./messages";

const of = (id: string, custom: object): Message => received({ id, text: id, custom }, "bot", () => id);
const asked = userMessage("u", "在吗", "");
const bot = of("b", { outcome: "answered" });
const ticket = of("t", { outcome: "handoff", card: { type: "ticket", number: "T-1" } });
const staff = of("s", { outcome: "handoff", author: "staff" });
const system = of("c", { outcome: "handoff", author: "system" });

describe("who answers", () => {
  it.each([
    ["nobody has spoken", [], "none", ""],
    ["the assistant", [asked, bot], "none", ""],
    ["a ticket is open", [asked, ticket], "waiting", "T-1"],
    ["and more is written", [asked, ticket, asked, asked], "waiting", "T-1"],
    ["a person answers", [asked, ticket, asked, staff, asked], "talking", "T-1"],
    ["a person answers; the ticket is out of sight", [staff], "talking", ""],
    ["the ticket is closed", [asked, ticket, staff, system], "none", ""],
    ["closed before anybody answered", [asked, ticket, system, asked], "none", ""],
    ["back to the assistant", [asked, ticket, staff, asked, bot], "none", ""],
    ["a second ticket", [asked, ticket, staff, system, asked, of("t2", { card: { type: "ticket", number: "T-2" } })], "waiting", "T-2"],
    ["a closing line that shows the ticket", [ticket, of("c", { author: "system", card: { type: "ticket" } })], "none", ""],
    ["an error while a person has it", [asked, ticket, asked, of("e", { outcome: "error", card: { type: "ticket", number: "T-1" } })], "waiting", "T-1"],
    ["a number that is none", [of("t", { card: { type: "ticket", number: {} } })], "waiting", ""],
    ["a card that is none", [asked, of("x", { card: "ticket" })], "none", ""],
  ] as const)("%s", (_, messages, who, open) => {
    expect(attendance(messages)).toBe(who);
    expect(openTicket(messages)).toBe(open);
  });
});
