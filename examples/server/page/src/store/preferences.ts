// What the page remembers beside conversations, in localStorage. Where that is closed, it forgets with the page.
import { signal } from "@preact/signals";
import type { Settings } from "../chat/conversation";
import { kDefaultParameters } from "../chat/parameters";

function read(area: () => Storage, name: string): string | null {
  try {
    return area().getItem(`tlite.${name}`);
  } catch {
    return null;
  }
}

function write(area: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) area().removeItem(`tlite.${name}`);
    else area().setItem(`tlite.${name}`, value);
  } catch {
    // Closed or full: what was chosen holds for this page.
  }
}

const local = () => localStorage;
const session = () => sessionStorage;

export type Theme = "auto" | "light" | "dark";
const kThemes: readonly Theme[] = ["auto", "light", "dark"];

export const theme = signal<Theme>(kThemes.find((each) => each === read(local, "theme")) ?? "auto");

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  write(local, "theme", chosen);
}

export type Language = "ru" | "en";

function firstLanguage(): Language {
  const kept = read(local, "language");
  if (kept === "ru" || kept === "en") return kept;
  return navigator.language.startsWith("ru") ? "ru" : "en";
}

export const language = signal<Language>(firstLanguage());

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  write(local, "language", chosen);
}

// The key lives as long as the tab, unless the user has it kept.
export const apiKey = signal(read(local, "key") ?? read(session, "key") ?? "");
export const keyKept = signal(read(local, "key") !== null);

export function setApiKey(key: string, kept: boolean): void {
  apiKey.value = key;
  keyKept.value = kept;
  write(local, "key", kept && key !== "" ? key : null);
  write(session, "key", !kept && key !== "" ? key : null);
}

export const kDefaultSettings: Settings = { model: "", system: "", parameters: kDefaultParameters };

// A new conversation starts with what the last one was set to.
export function lastSettings(): Settings {
  try {
    const kept = JSON.parse(read(local, "settings") ?? "null") as Settings | null;
    if (kept === null) return kDefaultSettings;
    return { ...kDefaultSettings, ...kept, parameters: { ...kDefaultParameters, ...kept.parameters } };
  } catch {
    return kDefaultSettings;
  }
}

export function setLastSettings(settings: Settings): void {
  write(local, "settings", JSON.stringify(settings));
}
