/**
 * Does this Enter send? Not while an input method composes: there it picks a candidate.
 *
 * Three browsers, three signs: `isComposing` (Chrome, Firefox), `keyCode` 229 (Safari, old WebViews), and in Safari the
 * `compositionend` that comes *before* the keydown of the very Enter that ended it.
 */

const JUST_ENDED_MS = 50;

export interface KeyLike {
  key: string;
  keyCode: number;
  isComposing: boolean;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

export class Composing {
  private active = false;
  private endedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number = () => performance.now()) {}

  start(): void {
    this.active = true;
  }

  end(): void {
    this.active = false;
    this.endedAt = this.now();
  }

  /** A field that loses focus composes no more, whether or not the browser said so. */
  reset(): void {
    this.active = false;
  }

  sends(key: KeyLike): boolean {
    if (key.key !== "Enter" || key.shiftKey || key.ctrlKey || key.altKey || key.metaKey) return false;
    if (this.active || key.isComposing || key.keyCode === 229) return false;
    return this.now() - this.endedAt > JUST_ENDED_MS;
  }
}
