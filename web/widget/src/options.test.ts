import { expect, it } from "vitest";
import { fromAttributes, language, settle } from "./options";
import { shown, storageName } from "./token";

it.each([
  ["https://bot.example/xiaoer.js", "https://bot.example/"],
  ["https://bot.example/a/b/xiaoer.js?v=1#x", "https://bot.example/a/b/"],
  ["https://bot.example", "https://bot.example/"],
  ["https://bot.example/a", "https://bot.example/a/"],
])("the server of %s", (script, server) => expect(settle({}, script).server).toBe(server));

it("a server that is given wins", () => {
  expect(settle({ server: "https://b.example" }, "https://a.example/xiaoer.js").server).toBe("https://b.example/");
});

it.each([
  ["zh-CN", "zh-CN"], ["zh-Hant-HK", "zh-TW"], ["zh-HK", "zh-TW"], ["en-US", "en"], ["fr", "zh-CN"], [undefined, "zh-CN"],
])("language %s", (tag, lang) => expect(language(tag)).toBe(lang));

it("attributes are options; odd ones fall back", () => {
  const settings = settle(fromAttributes({ token: "", theme: "pink", lang: "en", order: "3948" } as never), "https://a.example/xiaoer.js");
  expect(settings).toMatchObject({ token: undefined, theme: "auto", lang: "en", order: "3948" });
});

const token = (payload: object): string =>
  `x.${btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(payload)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}.y`;

it("reads a token for display", () => {
  expect(shown(token({ sub: "小鹿", role: "seller", order: "39", name: "鹿" }))).toEqual({ role: "seller", account: "小鹿", order: "39", name: "鹿" });
});

it.each([undefined, "", "a", "a.b.c", "a.!!.c", token([]), token({ role: "admin" })])("an odd token is shown as a visitor's: %s", (odd) => {
  expect(shown(odd).role).toBe("visitor");
});

it("storage names differ by account, not by token", () => {
  const name = (payload: object): string => storageName("https://a/", token(payload));
  expect(name({ sub: "a", role: "buyer", exp: 1 })).toBe(name({ sub: "a", role: "buyer", exp: 2 }));
  expect(name({ sub: "a", role: "buyer" })).not.toBe(name({ sub: "a", role: "seller" }));
});
