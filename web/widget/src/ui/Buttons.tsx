/** The buttons under what was said. */

import type { QuickReply } from "../wire";
import { useShared } from "./context";

/** firm: the one that confirms stands out. */
export function Buttons({ buttons, firm = false }: { buttons: readonly QuickReply[]; firm?: boolean }) {
  const { conversation } = useShared();
  if (!buttons.length) return null;
  return (
    <div class="chips">
      {buttons.map((reply, place) => (
        <button
          type="button"
          class={firm && reply.title.startsWith("确认") ? "quick firm" : "quick"}
          key={place}
          onClick={() => conversation.press(reply)}
        >
          {reply.title}
        </button>
      ))}
    </div>
  );
}
