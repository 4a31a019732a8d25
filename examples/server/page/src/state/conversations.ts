// The conversations of this page: the list, those that are open, the one on show. All changes go through `update`, which
// keeps them in the browser's storage.
import { computed, signal } from "@preact/signals";
import { type Conversation, newConversation, newId, type Settings, titleOf } from "../chat/conversation";
import {
  deleteConversation,
  readAllConversations,
  readConversation,
  readSummaries,
  saveConversation,
  type Summary,
  summaryOf,
} from "../store/database";
import { lastSettings, setLastSettings } from "../store/preferences";
import { tell } from "./notices";

const first = newConversation(lastSettings());

const open = signal<Record<string, Conversation>>({ [first.id]: first });
const currentId = signal(first.id);

export const summaries = signal<Summary[]>([]);
export const current = computed(() => open.value[currentId.value] as Conversation);

// Other tabs of this page learn of what is written here.
const channel = new BroadcastChannel("tlite");
const kSaveDelay = 400; // milliseconds
const unsaved = new Map<string, ReturnType<typeof setTimeout>>();

function byNewest(list: Summary[]): Summary[] {
  return [...list].sort((a, b) => b.updated - a.updated);
}

function setSummary(summary: Summary): void {
  summaries.value = byNewest([...summaries.value.filter((each) => each.id !== summary.id), summary]);
}

function storageFails(error: Error): void {
  tell("notSaved", error.message);
}

async function save(id: string): Promise<void> {
  clearTimeout(unsaved.get(id));
  unsaved.delete(id);
  const conversation = open.value[id];
  if (conversation === undefined) return;
  await saveConversation(conversation).then(() => channel.postMessage(id), storageFails);
}

export function conversation(id: string): Conversation | undefined {
  return open.value[id];
}

export function update(id: string, change: (old: Conversation) => Conversation): void {
  const old = open.value[id];
  if (old === undefined) return; // deleted while an answer ran
  const changed = change(old);
  open.value = { ...open.value, [id]: changed };
  if (changed.leaf === null) return; // an empty one is not worth keeping
  if (titleOf(changed) !== titleOf(old) || changed.updated !== old.updated) setSummary(summaryOf(changed));
  if (!unsaved.has(id))
    unsaved.set(
      id,
      setTimeout(() => void save(id), kSaveDelay),
    );
}

export function updateCurrent(change: (old: Conversation) => Conversation): void {
  update(currentId.value, change);
}

export function setSettings(change: Partial<Settings>): void {
  updateCurrent((old) => ({ ...old, settings: { ...old.settings, ...change } }));
  setLastSettings(current.value.settings);
}

export function startNew(): void {
  if (current.value.leaf === null) return;
  const fresh = newConversation(lastSettings());
  open.value = { ...open.value, [fresh.id]: fresh };
  currentId.value = fresh.id;
}

// What was being written when its page went away will not go on.
function settled(conversation: Conversation): Conversation {
  const turns = Object.values(conversation.turns).map((turn) =>
    turn.outcome === "running" ? { ...turn, outcome: "interrupted" as const } : turn,
  );
  return { ...conversation, turns: Object.fromEntries(turns.map((turn) => [turn.id, turn])) };
}

async function load(id: string): Promise<boolean> {
  if (open.value[id] !== undefined) return true;
  const kept = await readConversation(id);
  if (kept === undefined) return false;
  open.value = { ...open.value, [id]: settled(kept) };
  return true;
}

export async function show(id: string): Promise<void> {
  if (await load(id)) currentId.value = id;
}

export async function remove(id: string): Promise<void> {
  clearTimeout(unsaved.get(id));
  unsaved.delete(id);
  if (currentId.value === id) startNew();
  const { [id]: _, ...others } = open.value;
  open.value = others;
  summaries.value = summaries.value.filter((each) => each.id !== id);
  await deleteConversation(id).then(() => channel.postMessage(id), storageFails);
}

export async function rename(id: string, title: string): Promise<void> {
  if (await load(id)) update(id, (old) => ({ ...old, title: title.trim() }));
}

async function flush(): Promise<void> {
  await Promise.all([...unsaved.keys()].map(save));
}

// Also where the browser keeps nothing: what is open can be exported even then.
export async function allConversations(): Promise<Conversation[]> {
  await flush();
  const kept = await readAllConversations().catch(() => []);
  const said = Object.values(open.value).filter(({ leaf }) => leaf !== null);
  return [...new Map([...kept, ...said].map((each) => [each.id, each])).values()];
}

// Keeps both where a conversation of that id is there and differs. Resolves with how many are new.
export async function addImported(imported: Conversation[]): Promise<number> {
  const here = new Map((await allConversations()).map((each) => [each.id, JSON.stringify(each)]));
  let added = 0;
  for (const each of imported) {
    const kept = here.get(each.id);
    if (kept === JSON.stringify(each)) continue;
    const fresh = kept === undefined ? each : { ...each, id: newId() };
    open.value = { ...open.value, [fresh.id]: fresh };
    setSummary(summaryOf(fresh));
    await save(fresh.id);
    added += 1;
  }
  return added;
}

export async function loadSummaries(): Promise<void> {
  await readSummaries().then((kept) => (summaries.value = byNewest(kept)), storageFails);
}

channel.onmessage = (event: MessageEvent<string>) => {
  void loadSummaries();
  const id = event.data;
  // Another tab has written it. What runs here is newer than what is kept.
  if (open.value[id] === undefined || unsaved.has(id)) return;
  void readConversation(id).then((kept) => {
    if (kept !== undefined) open.value = { ...open.value, [id]: kept };
  });
};

addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void flush();
});
