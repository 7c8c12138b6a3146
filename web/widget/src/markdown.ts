/**
 * Markdown of an answer -> nodes that are safe to show.
 *
 * Two walls: the Markdown library writes raw HTML as text and pictures as their description; then DOMPurify lets through
 * a short list of elements and no attribute but a link's http(s) address. Nodes, not a string: no innerHTML of ours.
 */

import DOMPurify from "dompurify";
import { Marked } from "marked";

const ELEMENTS = [
  "p", "br", "strong", "em", "del", "ul", "ol", "li", "code", "pre", "blockquote", "a", "hr",
  "table", "thead", "tbody", "tr", "th", "td",
];

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ text }) => escape(text),
    heading({ tokens }) {
      return `<p><strong>${this.parser.parseInline(tokens)}</strong></p>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

const cleaner = DOMPurify(window);

cleaner.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A") return;
  const address = httpAddress(node.getAttribute("href"));
  if (!address) {
    node.removeAttribute("href");
    return;
  }
  node.setAttribute("href", address);
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

/** The address in its full form when it is http or https and says so itself; else nothing. */
export function httpAddress(text: unknown): string | undefined {
  if (typeof text !== "string" || !/^https?:\/\//i.test(text.trim())) return undefined;
  try {
    const url = new URL(text.trim());
    const plain = (url.protocol === "http:" || url.protocol === "https:") && !url.username && !url.password;
    return plain ? url.href : undefined;
  } catch {
    return undefined;
  }
}

export function render(text: string): DocumentFragment {
  let html: string;
  try {
    html = marked.parse(text, { async: false });
  } catch {
    html = `<p>${escape(text)}</p>`; // e.g. nesting too deep for the parser
  }
  const nodes = cleaner.sanitize(html, {
    ALLOWED_TAGS: ELEMENTS,
    ALLOWED_ATTR: ["href", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of nodes.querySelectorAll("a:not([href])")) link.replaceWith(...link.childNodes);
  return nodes;
}

/** What an answer says without marks: for copying. */
export function plain(text: string): string {
  const box = document.createElement("div");
  box.append(render(text));
  for (const item of box.querySelectorAll("li")) {
    const parent = item.parentElement;
    const place = parent ? [...parent.children].indexOf(item) + 1 : 1;
    item.prepend(parent?.nodeName === "OL" ? `${place}. ` : "- ");
  }
  for (const block of box.querySelectorAll("p, li, pre, tr")) block.append("\n");
  for (const line of box.querySelectorAll("br")) line.replaceWith("\n");
  for (const cell of box.querySelectorAll("td, th")) cell.append("\t");
  return (box.textContent ?? "").replace(/\n{3,}/g, "\n\n").trim();
}
