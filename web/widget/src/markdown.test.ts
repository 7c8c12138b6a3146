import { describe, expect, it } from "vitest";
import { httpAddress, plain, render } from "./markdown";

function html(text: string): string {
  const box = document.createElement("div");
  box.append(render(text));
  return box.innerHTML;
}

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)><svg/onload=alert(1)//",
  "<iframe src=//evil.example></iframe>",
  "<style>*{display:none}</style>",
  '<a href="javascript:alert(1)">x</a>',
  '<a href="https://x.example" onclick="alert(1)" style="position:fixed">x</a>',
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "[x](vbscript:x)",
  "[x](//evil.example)",
  "[x](/etc/passwd)",
  "[x](https://user:pass@evil.example)",
  "[x](<javascript:alert(1)>)",
  "[x][1]\n\n[1]: javascript:alert(1)",
  "<javascript:alert(1)>",
  "![x](https://evil.example/pixel.png)",
  '![x" onerror="alert(1)](x)',
  "![x](javascript:alert(1))",
  "[![x](https://evil.example/p.png)](javascript:alert(1))",
  "```html\n<script>alert(1)</script>\n```",
  "`<img src=x onerror=alert(1)>`",
  '```"><img src=x onerror=alert(1)>\nx\n```',
  "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
  "<form><input name=attributes><input name=action formaction=javascript:alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<template><script>alert(1)</script></template>",
  "<b id=location name=body style=color:red class=x>x</b>",
  "<xiaoer-widget></xiaoer-widget><slot></slot>",
  "<!--<img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]>",
  "a\u0000<scr\u0000ipt>alert(1)</scr\u0000ipt>",
  "| a |\n| - |\n| <img src=x onerror=alert(1)> |",
  "- [x] <input type=checkbox onfocus=alert(1) autofocus>",
];

const ALLOWED = new Set([
  "P", "BR", "STRONG", "EM", "DEL", "UL", "OL", "LI", "CODE", "PRE", "BLOCKQUOTE", "A", "HR", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD",
]);

describe("hostile Markdown is inert", () => {
  it.each(HOSTILE)("%s", (text) => {
    const box = document.createElement("div");
    box.append(render(text));
    for (const node of box.querySelectorAll("*")) {
      expect(ALLOWED).toContain(node.nodeName);
      const names = node.getAttributeNames().sort();
      expect(names.filter((name) => !["href", "target", "rel", "start"].includes(name))).toEqual([]);
      if (node.nodeName === "A") {
        expect(node.getAttribute("href")).toMatch(/^https?:\/\/[^@]+$/);
        expect(names).toEqual(["href", "rel", "target"]);
      }
    }
  });

  it("shows raw HTML as the text it is", () => {
    expect(html("<b>x</b>")).toBe("<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
  });

  it("ends, however deep it nests", () => {
    for (const text of [">".repeat(5000), "[".repeat(5000), "*".repeat(5000), "- ".repeat(2000)]) {
      expect(() => render(text)).not.toThrow();
    }
  });
});

describe("honest Markdown", () => {
  it.each([
    ["**先别确认收货**，再退", "<p><strong>先别确认收货</strong>，再退</p>"],
    ["状态**保障中**：到2月", "<p>状态<strong>保障中</strong>：到2月</p>"],
    ["- 一\n- 二", "<ul>\n<li>一</li>\n<li>二</li>\n</ul>"],
    ["一\n二", "<p>一<br>二</p>"],
    ["# 标题", "<p><strong>标题</strong></p>"],
    ["![说明](https://a.example/x.png)", "<p>说明</p>"],
  ])("%s", (text, wanted) => expect(html(text).trim()).toBe(wanted));

  it("opens links in a new tab, telling the other side nothing", () => {
    expect(html("[规则](https://example.com/a?b=1&c=2)")).toBe(
      '<p><a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">规则</a></p>\n'.replace(
        'rel="noopener noreferrer nofollow" target="_blank"',
        'target="_blank" rel="noopener noreferrer nofollow"',
      ),
    );
  });

  it("copies as plain text", () => {
    expect(plain("正常退货就行。\n\n1. **先别**确认\n2. 寄回\n\n- 单号别填错")).toBe("正常退货就行。\n\n1. 先别确认\n\n2. 寄回\n\n- 单号别填错");
  });
});

it.each([
  ["https://a.example/x", "https://a.example/x"],
  ["http://a.example", "http://a.example/"],
  ["ftp://a.example", undefined],
  ["//a.example", undefined],
  ["天猫保险服务怎么操作?在哪设置?", undefined],
  ["https://", undefined],
  [undefined, undefined],
  [{}, undefined],
])("address %s", (text, wanted) => expect(httpAddress(text)).toBe(wanted));
