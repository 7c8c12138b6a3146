/** The field. Enter sends unless an input method composes; Shift and Enter is a new line. */

import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Ref } from "preact";
import { Composing } from "../composing";
import { fill } from "../texts/panel";
import { useShared } from "./context";
import { Send } from "./icons";

export const MOST = 2000; // characters the server takes
const COUNT_FROM = 1800;

interface Props {
  field: Ref<HTMLTextAreaElement> & { current: HTMLTextAreaElement | null };
  /** What the empty field says. */
  hint: string;
  onSent: () => void;
}

export function Composer({ field, hint, onSent }: Props) {
  const { t, conversation } = useShared();
  const [text, setText] = useState("");
  const composing = useMemo(() => new Composing(), []);
  const length = [...text.trim()].length;
  const tooLong = length > MOST;

  useLayoutEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = "";
    if (area.value) area.style.height = `${area.scrollHeight + 2}px`; // with its border
  }, [text]);

  const send = (): void => {
    // The field, not the state: what an input method has just committed is in the field first.
    const typed = field.current?.value ?? text;
    if (!typed.trim() || [...typed.trim()].length > MOST) return;
    if (conversation.say(typed)) {
      setText("");
      if (field.current) field.current.value = "";
      onSent();
    }
    field.current?.focus();
  };

  return (
    <div class="composer">
      <textarea
        ref={field}
        rows={1}
        value={text}
        aria-label={t.input}
        aria-invalid={tooLong}
        aria-describedby={length >= COUNT_FROM ? "xr-count" : undefined}
        placeholder={hint}
        enterkeyhint="send"
        onInput={(event) => setText(event.currentTarget.value)}
        onCompositionStart={() => composing.start()}
        onCompositionEnd={() => composing.end()}
        onBlur={() => composing.reset()}
        onKeyDown={(event) => {
          if (!composing.sends(event)) return;
          event.preventDefault();
          send();
        }}
      />
      <button type="button" class="send" aria-label={t.send} title={t.send} disabled={!length || tooLong} onClick={send}>
        <Send />
      </button>
      {length >= COUNT_FROM && (
        <p id="xr-count" class={tooLong ? "count bad" : "count"} role={tooLong ? "alert" : undefined}>
          {fill(tooLong ? t.tooLong : t.count, { count: length, most: MOST })}
        </p>
      )}
    </div>
  );
}
