/** Cards of what is done: the read-back before 确认, the receipt after it, the ticket of a hand-over. */

import { Card, CardContent } from "@chatui/core/es/components/Card";
import { useEffect, useState } from "preact/hooks";
import { count, instant, moment } from "../../format";
import { text } from "../../fields";
import { fill } from "../../texts/panel";
import type { ReceiptCard, SummaryCard, TicketCard } from "../../wire";
import { useShared } from "../context";
import { Agent, Check, Clock, Cross, Info, Pencil } from "../icons";
import { Chip, Fact, Head, KeptNumber, Next, Rows, type Tone } from "./parts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Whether that instant has passed; looks again when it does. */
function usePassed(at: Date | undefined): boolean {
  const [, look] = useState(0);
  const left = at ? at.getTime() - Date.now() : undefined;
  useEffect(() => {
    if (left === undefined || left <= 0 || left > LONGEST_TIMER_MS) return;
    const timer = setTimeout(() => look((times) => times + 1), left + 1);
    return () => clearTimeout(timer);
  }, [at?.getTime()]);
  return left !== undefined && left <= 0;
}

/** live: nothing was said since, so a 确认 means this. */
export function Summary({ card, live }: { card: SummaryCard; live: boolean }) {
  const { t, lang } = useShared();
  const w = t.tasks;
  const expires = instant(card.expires_at);
  const lapsed = usePassed(expires);
  // Once something was said since, whether it still counts is the server's to say.
  const [word, tone]: [string, Tone] = !live ? ["", "calm"] : lapsed ? [w.lapsed, "calm"] : [w.toConfirm, "warn"];
  const title = text(card.title) || w.readBack;
  const note = lapsed ? w.lapsedNote : expires ? fill(w.confirmBy, { time: moment(card.expires_at, lang) }) : w.notYet;
  return (
    <Card className={live && !lapsed ? "card summary" : "card summary over"} role="group" aria-label={`${w.readBack} ${title}`}>
      <Head icon={<Pencil />} title={title} chip={<Chip tone={tone}>{word}</Chip>} />
      <CardContent>
        <Rows rows={card.rows} />
        {live && (
          <p class="note">
            <Clock />
            <span>{note}</span>
          </p>
        )}
      </CardContent>
    </Card>
  );
}

const STATES: Record<string, { word: "done" | "pending" | "rejected" | "withdrawn"; tone: Tone; Mark: typeof Check }> = {
  done: { word: "done", tone: "good", Mark: Check },
  pending: { word: "pending", tone: "warn", Mark: Clock },
  rejected: { word: "rejected", tone: "bad", Mark: Cross },
  withdrawn: { word: "withdrawn", tone: "calm", Mark: Cross },
};
const UNKNOWN = { word: undefined, tone: "calm", Mark: Info } as const;

export function Receipt({ card }: { card: ReceiptCard }) {
  const { t, lang } = useShared();
  const w = t.tasks;
  const { word, tone, Mark } = (Object.hasOwn(STATES, text(card.state)) && STATES[text(card.state)]) || UNKNOWN;
  const title = text(card.title) || w.receipt;
  const at = moment(card.at, lang);
  return (
    <Card className={`card receipt ${tone}`} role="group" aria-label={`${w.receipt} ${title}`}>
      <div class="stamp">
        <span class="stamp-mark"><Mark /></span>
        <b>{title}</b>
        {word && <Chip tone={tone}>{w[word]}</Chip>}
      </div>
      <KeptNumber name={w.receiptNumber} value={text(card.receipt)} />
      <CardContent>
        <Rows rows={card.rows}>
          {at && (
            <div>
              <dt>{w.at}</dt>
              <dd>{at}</dd>
            </div>
          )}
        </Rows>
        <Next step={card.next_step} />
      </CardContent>
    </Card>
  );
}

/** Whether it is open still, what was said since tells. */
export function Ticket({ card }: { card: TicketCard }) {
  const { t, lang, conversation } = useShared();
  const w = t.tasks;
  const { ticket, attendance } = conversation.current();
  const open = attendance !== "none" && ticket === text(card.number);
  const waiting = open && attendance === "waiting";
  const outside = card.in_hours === false;
  const [word, tone]: [string, Tone] = !open
    ? [w.ticketClosed, "calm"]
    : !waiting
      ? [w.staffTalking, "good"]
      : outside
        ? [w.closedState, "calm"]
        : [w.waitingState, "warn"];
  const place = card.position ? count(card.position) : undefined;
  return (
    <Card className="card ticket" role="group" aria-label={w.ticket}>
      <Head icon={<Agent />} title={w.ticket} chip={<Chip tone={tone}>{word}</Chip>} />
      <KeptNumber name={w.ticketNumber} value={text(card.number)} />
      <CardContent>
        <dl class="facts">
          <Fact name={w.position}>{waiting && place ? fill(w.positionCount, { count: place }) : undefined}</Fact>
          <Fact name={w.hours}>{text(card.hours)}</Fact>
          <Fact name={w.openedAt}>{moment(card.opened_at, lang)}</Fact>
        </dl>
        {open && <p class="note">{w.ticketNote}</p>}
      </CardContent>
    </Card>
  );
}
