import { describe, expect, it } from "vitest";
import { LANGS } from "./options";
import { launcherTexts } from "./texts/launcher";
import { fill, panelTexts } from "./texts/panel";

/** Every text by its path: "greetings.buyer" -> "您好…". */
function flat(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, inside]) => [...flat(inside, path ? `${path}.${key}` : key)]));
}

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();
const MAY_BE_EMPTY = new Set(["greetingNote"]);

describe.each([["launcher", launcherTexts], ["panel", panelTexts]] as const)("%s texts", (_, texts) => {
  const model = flat(texts["zh-CN"]);

  it.each(LANGS)("%s is complete", (lang) => {
    const own = flat(texts[lang]);
    expect([...own.keys()]).toEqual([...model.keys()]);
    for (const [path, text] of own) {
      if (!MAY_BE_EMPTY.has(path)) expect(text.trim(), path).not.toBe("");
      expect(holes(text), path).toEqual(holes(model.get(path)!));
    }
  });

  it("zh-TW is written in traditional characters, zh-CN in simplified ones", () => {
    for (const [path, text] of flat(texts["zh-TW"])) expect(text, path).not.toMatch(/[险赔单为这开关话发线网请问输点录页没务进]/);
    for (const [path, text] of flat(texts["zh-CN"])) expect(text, path).not.toMatch(/[險賠單為這開關話發線網請問輸點錄頁沒務進]/);
  });
});

it("English has no Chinese but what is sent to the assistant", () => {
  for (const [path, text] of flat(panelTexts.en)) {
    if (/\.send$|Send$|orderQuestionNumber/.test(path)) continue;
    expect(text, path).not.toMatch(/\p{Script=Han}/u);
  }
});

it("fills what it knows and leaves the rest", () => {
  expect(fill("{a} 和 {b}", { a: 1 })).toBe("1 和 {b}");
});
