/** Cards: a policy, a claim, orders to pick from, a shop's services. Every field may be missing. */

import { Card, CardContent } from "@chatui/core/es/components/Card";
import { Step, Stepper } from "@chatui/core/es/components/Stepper";
import type { ComponentChildren } from "preact";
import { day, instant, tail, yuan } from "../format";
import { fill } from "../texts/panel";
import type { Shown } from "../conversation";
import type { Card as AnyCard, ClaimCard, OrderCard, OrdersCard, PolicyCard, QuickReply, RuleCard, ServiceRow, ServicesCard } from "../wire";
import { named, useShared } from "./context";
import { Box, Right, Shield, Shop } from "./icons";

type Tone = "good" | "warn" | "bad" | "calm";

const TONES: Record<string, Tone> = {
  in_force: "good",
  paid: "good",
  on: "good",
  not_started: "warn",
  claimed: "warn",
  reviewing: "warn",
  requested: "warn",
  agreed: "warn",
  shipped_back: "warn",
  received: "warn",
  appealed: "warn",
  refused: "bad",
};

function Chip({ state, children }: { state?: string | null; children: ComponentChildren }) {
  return children ? <span class={`chip ${TONES[state ?? ""] ?? "calm"}`}>{children}</span> : null;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === null || children === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Head({ icon, title, chip }: { icon: ComponentChildren; title: string; chip?: ComponentChildren }) {
  return (
    <div class="card-head">
      <span class="card-icon">{icon}</span>
      <span class="card-title">{title}</span>
      {chip}
    </div>
  );
}

/** A heading and, under it, short facts; each fact stays on one line. */
function Lines({ first, more }: { first?: string; more: (string | undefined)[] }) {
  const facts = more.filter(Boolean);
  if (!first && !facts.length) return null;
  return (
    <span class="order-line">
      <span class="order-item">{first}</span>
      <span class="order-more">
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </span>
    </span>
  );
}

function OrderLine({ order }: { order: OrderCard }) {
  const { t } = useShared();
  const number = order.order_number;
  return (
    <Lines
      first={order.item ?? order.title ?? number}
      more={[order.shop, number && fill(t.tailLabel, { tail: tail(number) }), yuan(order.amount_fen)]}
    />
  );
}

function Rule({ rule }: { rule?: RuleCard }) {
  const { t } = useShared();
  if (!rule?.text) return null;
  const notes = [rule.grade && (t.grades[rule.grade] ?? rule.grade), rule.as_of && fill(t.asOf, { date: rule.as_of })];
  return (
    <details class="rule">
      <summary>{t.rule}</summary>
      <p>
        {rule.text}
        <small>{notes.filter(Boolean).join(" · ")}</small>
      </p>
    </details>
  );
}

function Next({ step }: { step?: string }) {
  const { t } = useShared();
  if (!step) return null;
  return (
    <p class="next">
      <b>{t.next}</b>
      {step}
    </p>
  );
}

function Policy({ card }: { card: PolicyCard }) {
  const { t, lang } = useShared();
  const ended = instant(card.until);
  const over = ended !== undefined && ended.getTime() < Date.now();
  return (
    <Card className="card" role="group" aria-label={card.product_name ?? t.order}>
      <Head
        icon={<Shield />}
        title={card.product_name ?? card.product ?? t.order}
        chip={<Chip state={card.state}>{named(lang, t.states, card.state, card.state_name)}</Chip>}
      />
      <CardContent>
        <OrderLine order={card} />
        {typeof card.payout_fen === "number" && (
          <p class="sum">
            <span>{card.at_most ? `${t.canPay} ${t.atMost}` : t.canPay}</span> <b>{yuan(card.payout_fen)}</b>
          </p>
        )}
        <dl class="facts">
          <Fact name={t.sumInsured}>{yuan(card.sum_insured_fen)}</Fact>
          <Fact name={over ? t.endedAt : t.until}>{day(card.until, lang)}</Fact>
          <Fact name={t.payer}>{card.payer ? (t.payers[card.payer] ?? card.payer) : undefined}</Fact>
          <Fact name={t.policyNumber}>{card.policy_number ? <span class="number">{card.policy_number}</span> : undefined}</Fact>
        </dl>
        <Next step={card.next_step} />
        <Rule rule={card.rule} />
      </CardContent>
    </Card>
  );
}

function Claim({ card }: { card: ClaimCard }) {
  const { t, lang } = useShared();
  const steps = (Array.isArray(card.steps) ? card.steps : []).filter((step) => step && (step.name || step.kind));
  const expected = day(card.expected_by, lang);
  return (
    <Card className="card" role="group" aria-label={t.timeline}>
      <Head
        icon={<Box />}
        title={card.product_name ?? t.timeline}
        chip={<Chip state={card.state}>{named(lang, t.stages, card.state, card.state_name)}</Chip>}
      />
      <CardContent>
        <OrderLine order={card} />
        {typeof card.paid_fen === "number" && (
          <p class="sum">
            <span>{t.paid}</span> <b>{yuan(card.paid_fen)}</b>
          </p>
        )}
        {steps.length > 0 && (
          <Stepper aria-label={t.timeline} current={steps.length - 1}>
            {steps.map((step, place) => (
              <Step
                key={place}
                className={step.kind === "refused" ? "bad" : undefined}
                title={named(lang, t.steps, step.kind, step.name)}
                subTitle={day(step.at, lang)}
              />
            ))}
            {expected && (
              <Step
                key="expected"
                className={card.overdue ? "late" : undefined}
                title={t.expected}
                subTitle={expected}
                desc={card.overdue ? t.overdue : undefined}
              />
            )}
          </Stepper>
        )}
        <dl class="facts">
          <Fact name={t.sumInsured}>{yuan(card.sum_insured_fen)}</Fact>
          <Fact name={t.freight}>{yuan(card.freight_paid_fen)}</Fact>
          <Fact name={t.short}>{card.short_fen ? yuan(card.short_fen) : undefined}</Fact>
        </dl>
        <Next step={card.next_step} />
        <Rule rule={card.rule} />
      </CardContent>
    </Card>
  );
}

/** The server's button for an order: the one with its title, else the one in its place where there is one each. */
export function buttonOf(order: OrderCard, place: number, orders: number, buttons: readonly QuickReply[]): QuickReply | undefined {
  const same = order.title ? buttons.find((button) => button.title === order.title) : undefined;
  return same ?? (buttons.length === orders ? buttons[place] : undefined);
}

function Orders({ card, message }: { card: OrdersCard; message: Shown }) {
  const { t, lang, conversation } = useShared();
  const orders = ordersOf(card);
  if (!orders.length) return null;
  return (
    <Card className="card orders">
      <ul aria-label={t.pickOrder}>
        {orders.map((order, place) => {
          const button = message.live ? buttonOf(order, place, orders.length, message.quickReplies) : undefined;
          const inside = (
            <>
              <span class="place" aria-hidden="true">{place + 1}</span>
              <OrderLine order={order} />
              {order.state && <Chip state={order.state}>{named(lang, t.states, order.state, order.state_name)}</Chip>}
            </>
          );
          return (
            <li key={order.order_number ?? place}>
              {button ? (
                <button type="button" class="order" onClick={() => conversation.press(button)}>
                  {inside}
                  <Right />
                </button>
              ) : (
                <span class="order">{inside}</span>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function ServiceLine({ row }: { row: ServiceRow }) {
  const { t, lang } = useShared();
  const [from, to] = [day(row.since, lang), day(row.until, lang)];
  const on = row.state === "on";
  const when = on || !to ? from && fill(t.since, { date: from }) : fill(t.period, { from: from ?? "…", to });
  const fee = on && typeof row.fee_fen === "number" ? (row.fee_fen ? fill(t.perOrder, { amount: yuan(row.fee_fen)! }) : t.free) : "";
  return (
    <li class="service">
      <Lines first={row.product_name ?? row.product} more={[when, fee]} />
      <Chip state={row.state}>{on ? t.serviceOn : t.serviceEnded}</Chip>
    </li>
  );
}

function Services({ card }: { card: ServicesCard }) {
  const { t } = useShared();
  const shops = Array.isArray(card.shops) ? card.shops : [];
  return (
    <>
      {shops.map((shop, place) => (
        <Card key={shop.code ?? place} className="card" role="group" aria-label={shop.name}>
          <Head icon={<Shop />} title={shop.name ?? shop.code ?? ""} />
          <CardContent>
            {shop.services?.length ? (
              <ul class="services">
                {shop.services.map((row, at) => (
                  <ServiceLine key={at} row={row} />
                ))}
              </ul>
            ) : (
              <p class="empty">{t.noServices}</p>
            )}
            {typeof shop.risk_rate_bp === "number" && (
              <p class="risk">
                {t.shopRisk} {shop.risk_rate_bp / 100}%
              </p>
            )}
          </CardContent>
        </Card>
      ))}
    </>
  );
}

export function ordersOf(card: AnyCard | null | undefined): NonNullable<OrdersCard["orders"]> {
  const orders = card?.type === "orders" ? (card as OrdersCard).orders : undefined;
  return Array.isArray(orders) ? orders.filter((order) => typeof order === "object" && order !== null) : [];
}

/** The card of an answer; one of a kind that is not known here is left out, the text says it too. */
export function AnswerCard({ message }: { message: Shown }) {
  const card = message.custom.card;
  if (!card || typeof card !== "object") return null;
  switch (card.type) {
    case "policy":
      return <Policy card={card as PolicyCard} />;
    case "claim":
      return <Claim card={card as ClaimCard} />;
    case "orders":
      return <Orders card={card as OrdersCard} message={message} />;
    case "services":
      return <Services card={card as ServicesCard} />;
    default:
      return null;
  }
}
