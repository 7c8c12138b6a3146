import { describe, expect, it } from "vitest";
import { Rich } from "./Rich";
import { draw } from "./testing";

const LEAD = "付款后不能单独退。";
const list = (lines: number): string => Array.from({ length: lines }, (_, place) => `- 第 ${place} 条`).join("\n");

describe("the sentence that answers", () => {
  it("stands out, also below a note", () => {
    const { box } = draw(<Rich text={`（接着说退货宝）\n\n${LEAD}\n\n${list(2)}`} lead={LEAD} />);
    expect([...box.querySelectorAll(".lead")].map((node) => node.textContent)).toEqual([LEAD]);
    expect(box.querySelector("details")).toBeNull();
  });

  it("is none where the reply has none", () => {
    const { box } = draw(<Rich text={LEAD} />);
    expect(box.querySelector(".lead")).toBeNull();
  });
});

describe("what supports it", () => {
  it("is folded from nine lines on, and what follows stays in sight", () => {
    const { box } = draw(<Rich text={`${LEAD}\n\n${list(9)}\n\n（多处资料）`} lead={LEAD} />);
    expect(box.querySelectorAll("details li")).toHaveLength(9);
    expect(box.querySelector("details summary")!.textContent).toBe("展开步骤");
    expect(box.querySelector(".rich > p:last-child")!.textContent).toBe("（多处资料）");
  });
});
