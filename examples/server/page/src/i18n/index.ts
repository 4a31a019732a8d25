// What the page says, in the language that the user chose. Read within a component, it follows a change.
import { computed } from "@preact/signals";
import { language } from "../store/preferences";
import { en, type Messages } from "./en";
import { ru } from "./ru";

export type NoticeKey = "notSaved" | "imported" | "importFailed" | "exported" | "copyFailed";

const messages = computed<Messages>(() => (language.value === "ru" ? ru : en));

export function say(): Messages {
  return messages.value;
}

// A number as the language writes it, with at most `digits` behind the comma.
export function write(value: number, digits = 0): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
}

export function writePercent(value: number): string {
  const digits = value >= 0.1 ? 0 : value >= 0.001 ? 2 : 4;
  return new Intl.NumberFormat(language.value, {
    style: "percent",
    maximumFractionDigits: digits,
  }).format(value);
}
