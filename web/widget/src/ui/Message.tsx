/** One message: what somebody said, and under an answer its card, buttons, sources and feedback. */

import { Bubble } from "@chatui/core/es/components/Bubble";
import type { Shown } from "../conversation";
import { moment } from "../format";
import { httpAddress } from "../markdown";
import { fill } from "../texts/panel";
import type { Custom } from "../wire";
import { Buttons } from "./Buttons";
import { AnswerCard, buttonOf, ordersOf } from "./cards";
import { useShared } from "./context";
import { Feedback } from "./Feedback";
import { Said } from "./People";
import { Face } from "./icons";
import { Rich } from "./Rich";

/** Answers that say something one can judge; a greeting or a question back is not one. */
const RATEABLE = new Set(["answered", "task", "unknown", "outside"]);

/** delivered: nobody has answered yet, so it is said that the message is there. */
export function MessageRow({ message, time, delivered }: { message: Shown; time: boolean; delivered: boolean }) {
  const { lang } = useShared();
  const { author } = message.custom;
  return (
    <>
      {time && <p class="time">{moment(message.at, lang)}</p>}
      {message.from === "user" ? (
        <Question message={message} delivered={delivered} />
      ) : author === "staff" || author === "system" ? (
        <Said message={message} author={author} />
      ) : (
        <Answer message={message} />
      )}
    </>
  );
}

function Question({ message, delivered }: { message: Shown; delivered: boolean }) {
  const { t, conversation } = useShared();
  return (
    <div class="row mine" data-id={message.id}>
      <div class="said-by">
        <Bubble type={message.state === "failed" ? "text failed" : "text"}>
          <span class="unseen">{t.youSaid}</span>
          <span class="plain">{message.text}</span>
        </Bubble>
        {message.state === "waiting" && <p class="state">{t.waiting}</p>}
        {!message.state && delivered && <p class="state">{t.tasks.delivered}</p>}
        {message.state === "failed" && (
          <div class="state bad" role="alert">
            <span>{message.problem ?? t.failed}</span>
            {message.again !== false && (
              <button type="button" class="link" onClick={() => conversation.again(message.id)}>{t.again}</button>
            )}
            <button type="button" class="link" onClick={() => conversation.drop(message.id)}>{t.drop}</button>
          </div>
        )}
      </div>
    </div>
  );
}

function Answer({ message }: { message: Shown }) {
  const { t } = useShared();
  const { card, outcome, topic } = message.custom;
  const orders = ordersOf(card);
  const inCard = orders.map((order, place) => buttonOf(order, place, orders.length, message.quickReplies));
  const buttons = message.live ? message.quickReplies.filter((reply) => !inCard.includes(reply)) : [];
  const first = card?.type === "policy" || card?.type === "claim"; // the facts, then the reasons
  const asks = card?.type === "summary";
  return (
    <div class="row" data-id={message.id}>
      <span class="avatar"><Face /></span>
      <div class="said-by">
        {first && <AnswerCard message={message} />}
        <Bubble type="text">
          <span class="unseen">{t.botSaid}</span>
          <Rich text={message.text} without={orders.length} lead={message.custom.lead ?? ""} />
          <Sources custom={message.custom} />
        </Bubble>
        {!first && <AnswerCard message={message} />}
        <Buttons buttons={buttons} firm={asks} />
        <Feedback id={message.id} text={message.text} rateable={Boolean(topic) && !asks && RATEABLE.has(outcome ?? "")} />
      </div>
    </div>
  );
}

function Sources({ custom }: { custom: Custom }) {
  const { t } = useShared();
  const sources = (Array.isArray(custom.sources) ? custom.sources : []).filter(
    (source): source is string => typeof source === "string" && source !== "",
  );
  const asOf = typeof custom.as_of === "string" ? custom.as_of : "";
  if (!sources.length && !asOf) return null;
  const known = typeof custom.grade === "string" ? custom.grade : "";
  const grade = t.grades[known] ?? known;
  return (
    <details class="sources">
      <summary>
        {t.sources}
        {asOf && <small> · {fill(t.asOf, { date: asOf })}</small>}
      </summary>
      {grade && <p>{t.gradeLabel}{grade}</p>}
      {sources.length ? (
        <ol>
          {sources.map((source, place) => (
            <li key={place}><Source source={source} /></li>
          ))}
        </ol>
      ) : (
        <p>{t.noSources}</p>
      )}
    </details>
  );
}

function Source({ source }: { source: string }) {
  const { t } = useShared();
  const address = httpAddress(source);
  if (!address) return <>{source}</>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {source.replace(/^https?:\/\/(www\.)?/, "")}
      <span class="unseen">{t.newTab}</span>
    </a>
  );
}
