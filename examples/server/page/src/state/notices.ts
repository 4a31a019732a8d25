// Short messages to the user, one at a time, spoken by screen readers.
import { signal } from "@preact/signals";
import type { NoticeKey } from "../i18n";

export interface Notice {
  key: NoticeKey;
  detail: string;
}

const kShown = 8000; // milliseconds

export const notice = signal<Notice | undefined>(undefined);

let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(key: NoticeKey, detail = ""): void {
  clearTimeout(timer);
  notice.value = { key, detail };
  timer = setTimeout(dismiss, kShown);
}

export function dismiss(): void {
  notice.value = undefined;
}
