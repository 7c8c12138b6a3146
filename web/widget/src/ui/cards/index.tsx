/** The card of an answer. One of a kind that is not known here is left out; the text says the same. */

import type { ComponentChildren } from "preact";
import type { Shown } from "../../conversation";
import { records } from "../../fields";
import type * as wire from "../../wire";
import { Claim, Orders, Policy } from "./buyer";
import { Receipt, Summary, Ticket } from "./desk";
import { Report } from "./report";
import { Eligibility, Quote, Services } from "./shop";

export { buttonOf, ordersOf } from "./buyer";

type Drawing = (card: never, message: Shown) => ComponentChildren;

const several = <One extends object>(card: wire.Several<One>, draw: (one: One, place: number) => ComponentChildren): ComponentChildren => (
  <>{records(card.items).map(draw)}</>
);

const CARDS: Record<string, Drawing> = {
  policy: (card: wire.PolicyCard) => <Policy card={card} />,
  claim: (card: wire.ClaimCard) => <Claim card={card} />,
  orders: (card: wire.OrdersCard, message) => <Orders card={card} message={message} />,
  services: (card: wire.ServicesCard) => <Services card={card} />,
  eligibility: (card: wire.EligibilityCard) => <Eligibility card={card} />,
  eligibilities: (card: wire.Several<wire.EligibilityCard>) =>
    several(card, (one, place) => <Eligibility key={place} card={one} folded={records(card.items).length > 1} />),
  quote: (card: wire.QuoteCard) => <Quote card={card} />,
  quotes: (card: wire.Several<wire.QuoteCard>) => several(card, (one, place) => <Quote key={place} card={one} />),
  summary: (card: wire.SummaryCard, message) => <Summary card={card} live={message.live} />,
  receipt: (card: wire.ReceiptCard) => <Receipt card={card} />,
  report: (card: wire.ReportCard) => <Report card={card} />,
  reports: (card: wire.Several<wire.ReportCard>) => several(card, (one, place) => <Report key={place} card={one} />),
  ticket: (card: wire.TicketCard) => <Ticket card={card} />,
};

/** The kinds that can be drawn. */
export const KINDS = Object.keys(CARDS);

export function AnswerCard({ message }: { message: Shown }) {
  const card = message.custom.card;
  if (!card || typeof card !== "object") return null;
  const draw = typeof card.type === "string" && Object.hasOwn(CARDS, card.type) ? CARDS[card.type] : undefined;
  return <>{draw?.(card as never, message)}</>;
}
