/** An answer's Markdown as nodes. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { render } from "../markdown";
import { useShared } from "./context";

/** without: the ordered list of this many entries is left out, because a card shows the same. */
export function Rich({ text, without = 0 }: { text: string; without?: number }) {
  const box = useRef<HTMLDivElement>(null);
  const { t } = useShared();
  useLayoutEffect(() => {
    const nodes = render(text);
    if (without) {
      for (const list of nodes.querySelectorAll("ol")) if (list.children.length === without) list.remove();
    }
    for (const table of nodes.querySelectorAll("table")) {
      const scroller = document.createElement("div");
      scroller.className = "table";
      scroller.tabIndex = 0;
      scroller.setAttribute("role", "group");
      table.replaceWith(scroller);
      scroller.append(table);
    }
    for (const link of nodes.querySelectorAll("a[href]")) {
      const hint = document.createElement("span");
      hint.className = "unseen";
      hint.textContent = t.newTab;
      link.append(hint);
    }
    box.current?.replaceChildren(nodes);
  }, [text, without, t]);
  return <div class="rich" ref={box} />;
}
