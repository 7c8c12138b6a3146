/** What is not the assistant's: a person of the staff, and the desk's own lines (the ticket is closed). */

import { Bubble } from "@chatui/core/es/components/Bubble";
import type { Shown } from "../conversation";
import { Buttons } from "./Buttons";
import { AnswerCard } from "./cards";
import { useShared } from "./context";
import { Feedback } from "./Feedback";
import { Agent, Info } from "./icons";
import { Rich } from "./Rich";

export function Said({ message, author }: { message: Shown; author: "staff" | "system" }) {
  return author === "staff" ? <Staff message={message} /> : <System message={message} />;
}

function Staff({ message }: { message: Shown }) {
  const { t } = useShared();
  return (
    <div class="row staff" data-id={message.id}>
      <span class="avatar"><Agent /></span>
      <div class="said-by">
        <p class="author">{t.tasks.staff}</p>
        <Bubble type="text">
          <Rich text={message.text} />
        </Bubble>
        <AnswerCard message={message} />
        <Buttons buttons={message.live ? message.quickReplies : []} />
        <Feedback id={message.id} text={message.text} rateable={false} />
      </div>
    </div>
  );
}

function System({ message }: { message: Shown }) {
  const { t } = useShared();
  return (
    <div class="system" data-id={message.id}>
      <p class="author">
        <Info />
        {t.tasks.system}
      </p>
      <Rich text={message.text} />
      <AnswerCard message={message} />
      <Buttons buttons={message.live ? message.quickReplies : []} />
    </div>
  );
}
