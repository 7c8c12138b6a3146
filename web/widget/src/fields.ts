/** Reads what a server sent, whatever it is: a field of the wrong type is a field that is missing. */

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : "";
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** An object; an empty one where there is none. */
export function record<T extends object>(value: T | null | undefined): Partial<T> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** The objects of a list; none where it is not a list. */
export function records<T extends object>(value: readonly T[] | null | undefined): T[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null && !Array.isArray(each)) : [];
}
