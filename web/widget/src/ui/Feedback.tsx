/** 有用 / 没用 with an optional reason, and copy. */

import { useRef, useState } from "preact/hooks";
import { copied } from "../clipboard";
import { plain } from "../markdown";
import { perTab } from "../store";
import { useShared } from "./context";
import { Copy, Down, Up } from "./icons";

const RATED = "xiaoer:rated";

function ratings(): Record<string, boolean> {
  try {
    return (JSON.parse(perTab.get(RATED) ?? "{}") as Record<string, boolean>) ?? {};
  } catch {
    return {};
  }
}

function remember(id: string, useful: boolean): void {
  const latest = Object.entries({ ...ratings(), [id]: useful }).slice(-100);
  perTab.set(RATED, JSON.stringify(Object.fromEntries(latest)));
}

export function Feedback({ id, text, rateable }: { id: string; text: string; rateable: boolean }) {
  const { t, conversation, announce } = useShared();
  const [rated, setRated] = useState<boolean | undefined>(() => ratings()[id]);
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>();

  const tell = (words: string): void => {
    setSaid(words);
    announce(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(""), 3000);
  };
  const rate = async (useful: boolean, reason?: string): Promise<void> => {
    const before = rated;
    setRated(useful);
    if (await conversation.rate(id, useful, reason)) {
      remember(id, useful);
      tell(t.thanks);
    } else {
      setRated(before);
      tell(t.rateFailed);
    }
  };
  const dislike = (): void => {
    setAsking(!asking);
    if (rated !== false) void rate(false);
  };
  const copy = async (): Promise<void> => tell((await copied(plain(text))) ? t.copied : t.copyFailed);

  return (
    <>
      <div class="tools">
        {rateable && (
          <>
            <button type="button" class="tool" aria-pressed={rated === true} onClick={() => (setAsking(false), void rate(true))}>
              <Up />
              {t.useful}
            </button>
            <button type="button" class="tool" aria-pressed={rated === false} aria-expanded={asking} onClick={dislike}>
              <Down />
              {t.useless}
            </button>
          </>
        )}
        <button type="button" class="tool" onClick={() => void copy()}>
          <Copy />
          {t.copy}
        </button>
        <span class="told" aria-hidden="true">{said}</span>
      </div>
      {asking && (
        <Reason
          onGive={(reason) => {
            setAsking(false);
            if (reason) void rate(false, reason);
          }}
        />
      )}
    </>
  );
}

function Reason({ onGive }: { onGive: (reason: string) => void }) {
  const { t } = useShared();
  const [text, setText] = useState("");
  return (
    <form
      class="reason"
      onSubmit={(event) => {
        event.preventDefault();
        onGive(text.trim());
      }}
    >
      <p id="why">{t.whyUseless}</p>
      <div class="chips">
        {t.reasons.map((reason) => (
          <button type="button" class="quick" key={reason} onClick={() => onGive(reason)}>
            {reason}
          </button>
        ))}
      </div>
      <div class="reason-line">
        <input
          value={text}
          maxLength={500}
          aria-label={t.reasonPlaceholder}
          placeholder={t.reasonPlaceholder}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="small">{text.trim() ? t.submit : t.skip}</button>
      </div>
    </form>
  );
}
