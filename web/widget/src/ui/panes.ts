/** Whether the panel is open, told to who draws it. */

export class Panes {
  open = false;
  private watchers = new Set<(focus: boolean) => void>();

  /** The watcher is told of every opening and closing; focus only at an opening that somebody asked for. */
  watch(watcher: (focus: boolean) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  show(focus: boolean): void {
    this.open = true;
    for (const watcher of this.watchers) watcher(focus);
  }

  hide(): void {
    this.open = false;
    for (const watcher of this.watchers) watcher(false);
  }
}
