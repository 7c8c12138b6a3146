/** Browser storage that may be missing, full or forbidden: then it remembers nothing, and nothing breaks. */

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export function safely(open: () => Storage): Store {
  const attempt = <T>(use: (storage: Storage) => T): T | null => {
    try {
      return use(open());
    } catch {
      return null;
    }
  };
  return {
    get: (key) => attempt((storage) => storage.getItem(key)),
    set: (key, value) => void attempt((storage) => storage.setItem(key, value)),
    remove: (key) => void attempt((storage) => storage.removeItem(key)),
  };
}

export const perTab: Store = safely(() => window.sessionStorage);
export const perBrowser: Store = safely(() => window.localStorage);
