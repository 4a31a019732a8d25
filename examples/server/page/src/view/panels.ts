// Which of the two side panels are open. On a narrow screen one at a time lies over the talk, which is inert then; the focus goes
// into it and comes back to where it was.
import { computed, signal } from "@preact/signals";

type PanelName = "list" | "settings";

const narrow = matchMedia("(max-width: 60rem)");
export const isNarrow = signal(narrow.matches);

const opened = signal<Record<PanelName, boolean>>({ list: !narrow.matches, settings: false });
export const listOpen = computed(() => opened.value.list);
export const settingsOpen = computed(() => opened.value.settings);
export const panelCovers = computed(() => isNarrow.value && (listOpen.value || settingsOpen.value));

let before: HTMLElement | null = null; // had the focus when a panel opened

function focusSoon(find: () => HTMLElement | null): void {
  requestAnimationFrame(() => find()?.focus());
}

export function openPanel(name: PanelName): void {
  before = document.activeElement as HTMLElement | null;
  opened.value = isNarrow.value ? { list: false, settings: false, [name]: true } : { ...opened.value, [name]: true };
  if (isNarrow.value) focusSoon(() => document.getElementById(`${name}-panel`));
}

export function closePanel(name: PanelName): void {
  const held = document.getElementById(`${name}-panel`)?.contains(document.activeElement);
  opened.value = { ...opened.value, [name]: false };
  if (held || isNarrow.value) focusSoon(() => before);
}

export function togglePanel(name: PanelName): void {
  if (opened.value[name]) closePanel(name);
  else openPanel(name);
}

export function closeCoveringPanel(): void {
  if (isNarrow.value) closePanel(listOpen.value ? "list" : "settings");
}

// To the key's field, from a message that one is wanted.
export function askForKey(): void {
  openPanel("settings");
  focusSoon(() => document.getElementById("api-key"));
}

narrow.addEventListener("change", () => {
  isNarrow.value = narrow.matches;
  opened.value = { list: !narrow.matches, settings: false };
});
