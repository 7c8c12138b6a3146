/** An answer's Markdown as nodes. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { render } from "../markdown";
import { useShared } from "./context";

/** What is shown at once of what stands below the lead; the rest behind one tap. */
const LINES = 8;

/**
 * without: the ordered list of this many entries is left out, because a card shows the same.
 * lead: the sentence that answers, which stands out; a long rest is folded.
 */
export function Rich({ text, without = 0, lead = "" }: { text: string; without?: number; lead?: string }) {
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
    const first = [...nodes.children].find((node) => lead && node.tagName === "P" && node.textContent === lead);
    if (first) {
      first.className = "lead";
      fold(first, t.more);
    }
    box.current?.replaceChildren(nodes);
  }, [text, without, lead, t]);
  return <div class="rich" ref={box} />;
}

/** Puts the lists behind a lead into a fold, where they have many lines. */
function fold(lead: Element, label: string): void {
  const lists: Element[] = [];
  for (let node = lead.nextElementSibling; node; node = node.nextElementSibling) {
    if (node.tagName === "UL" || node.tagName === "OL") lists.push(node);
  }
  const lines = lists.reduce((sum, list) => sum + list.querySelectorAll("li").length, 0);
  if (lines <= LINES) return;
  const box = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = label;
  lists[0]?.before(box);
  box.append(summary, ...lists);
}
