/** Cards of a buyer's own orders: a policy, a claim, orders to pick from. */

import { Card, CardContent } from "@chatui/core/es/components/Card";
import { Step, Stepper } from "@chatui/core/es/components/Stepper";
import type { Shown } from "../../conversation";
import { number, records, text } from "../../fields";
import { day, instant, tail, yuan } from "../../format";
import { fill } from "../../texts/panel";
import type { Card as AnyCard, ClaimCard, OrderCard, OrdersCard, PolicyCard, QuickReply } from "../../wire";
import { named, useShared } from "../context";
import { Box, Right, Shield } from "../icons";
import { Chip, Fact, Head, Lines, Next, Rules, type Tone } from "./parts";

const TONES: Record<string, Tone> = {
  in_force: "good",
  paid: "good",
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

const tone = (state: unknown): Tone => TONES[text(state)] ?? "calm";

function OrderLine({ order }: { order: OrderCard }) {
  const { t } = useShared();
  const order_number = text(order.order_number);
  return (
    <Lines
      first={text(order.item) || text(order.title) || order_number}
      more={[text(order.shop), order_number && fill(t.tailLabel, { tail: tail(order_number) }), yuan(order.amount_fen)]}
    />
  );
}

export function Policy({ card }: { card: PolicyCard }) {
  const { t, lang } = useShared();
  const ended = instant(card.until);
  const over = ended !== undefined && ended.getTime() < Date.now();
  const title = text(card.product_name) || text(card.product) || t.order;
  const [payer, policy] = [text(card.payer), text(card.policy_number)];
  return (
    <Card className="card" role="group" aria-label={title}>
      <Head icon={<Shield />} title={title} chip={<Chip tone={tone(card.state)}>{named(lang, t.states, card.state, card.state_name)}</Chip>} />
      <CardContent>
        <OrderLine order={card} />
        {number(card.payout_fen) !== undefined && (
          <p class="sum">
            <span>{card.at_most === true ? `${t.canPay} ${t.atMost}` : t.canPay}</span> <b>{yuan(card.payout_fen)}</b>
          </p>
        )}
        <dl class="facts">
          <Fact name={t.sumInsured}>{yuan(card.sum_insured_fen)}</Fact>
          <Fact name={over ? t.endedAt : t.until}>{day(card.until, lang)}</Fact>
          <Fact name={t.payer}>{payer && (t.payers[payer] ?? payer)}</Fact>
          <Fact name={t.policyNumber}>{policy && <span class="number">{policy}</span>}</Fact>
        </dl>
        <Next step={card.next_step} />
        <Rules rules={[card.rule]} />
      </CardContent>
    </Card>
  );
}

export function Claim({ card }: { card: ClaimCard }) {
  const { t, lang } = useShared();
  const steps = records(card.steps).filter((step) => text(step.name) || text(step.kind));
  const expected = day(card.expected_by, lang);
  const overdue = card.overdue === true;
  return (
    <Card className="card" role="group" aria-label={t.timeline}>
      <Head
        icon={<Box />}
        title={text(card.product_name) || t.timeline}
        chip={<Chip tone={tone(card.state)}>{named(lang, t.stages, card.state, card.state_name)}</Chip>}
      />
      <CardContent>
        <OrderLine order={card} />
        {number(card.paid_fen) !== undefined && (
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
                className={overdue ? "late" : undefined}
                title={t.expected}
                subTitle={expected}
                desc={overdue ? t.overdue : undefined}
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
        <Rules rules={[card.rule]} />
      </CardContent>
    </Card>
  );
}

export function ordersOf(card: AnyCard | null | undefined): NonNullable<OrdersCard["orders"]> {
  return card?.type === "orders" ? records((card as OrdersCard).orders) : [];
}

/** The server's button for an order: the one with its title, else the one in its place where there is one each. */
export function buttonOf(order: OrderCard, place: number, orders: number, buttons: readonly QuickReply[]): QuickReply | undefined {
  const same = order.title ? buttons.find((button) => button.title === order.title) : undefined;
  return same ?? (buttons.length === orders ? buttons[place] : undefined);
}

export function Orders({ card, message }: { card: OrdersCard; message: Shown }) {
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
              {text(order.state) && <Chip tone={tone(order.state)}>{named(lang, t.states, order.state, order.state_name)}</Chip>}
            </>
          );
          return (
            <li key={text(order.order_number) || place}>
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
