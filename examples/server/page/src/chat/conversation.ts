// A conversation is a tree of turns: what is edited or answered anew becomes a sibling, nothing is lost. What is read and
// sent is the path from a root to `leaf`. Values are never changed in place, so that a view can tell by identity
// what is new.
import type { Failure } from "../api/failure";
import type { Token, Usage } from "../api/wire";
import type { Parameters } from "./parameters";

export interface Timing {
  firstToken: number; // seconds from the request to the first piece of the answer
  total: number; // seconds, from the request as well
  thinking?: number; // seconds of it before the first piece of the content
}

// Of an answer. "running" becomes "interrupted" when the page goes away under it.
export type Outcome = "running" | "done" | "length" | "stopped" | "interrupted" | "failed" | "edited";

export interface Turn {
  id: string;
  parent: string | null; // null: the first one
  role: "user" | "assistant";
  content: string;
  created: number; // milliseconds since 1970
  // Of answers alone:
  outcome?: Outcome;
  failure?: Failure; // where outcome is "failed"
  reasoning?: string;
  tokens?: Token[]; // of the content, where probabilities were asked for
  usage?: Usage;
  timing?: Timing;
  model?: string;
}

export interface Settings {
  model: string; // empty: the server's first
  system: string; // empty: none
  parameters: Parameters;
}

export interface Conversation {
  id: string;
  title: string; // empty: the first words of its first turn
  created: number;
  updated: number;
  settings: Settings;
  turns: Record<string, Turn>;
  leaf: string | null; // null: nothing was said
}

export function newId(): string {
  // crypto.randomUUID is for secure contexts only, which a page from another host by http is not.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function newConversation(settings: Settings): Conversation {
  const now = Date.now();
  return { id: newId(), title: "", created: now, updated: now, settings, turns: {}, leaf: null };
}

// From the root to `id`.
export function pathTo(conversation: Conversation, id: string | null): Turn[] {
  const path: Turn[] = [];
  for (let at = id; at !== null;) {
    const turn = conversation.turns[at];
    if (turn === undefined) break;
    path.push(turn);
    at = turn.parent;
  }
  return path.reverse();
}

export function currentPath(conversation: Conversation): Turn[] {
  return pathTo(conversation, conversation.leaf);
}

// In the order in which they were made.
export function childrenOf(conversation: Conversation, parent: string | null): Turn[] {
  return Object.values(conversation.turns).filter((turn) => turn.parent === parent);
}

export function withTurn(conversation: Conversation, turn: Turn): Conversation {
  return { ...conversation, turns: { ...conversation.turns, [turn.id]: turn } };
}

export function appendTurn(conversation: Conversation, turn: Turn): Conversation {
  return { ...withTurn(conversation, turn), updated: Date.now(), leaf: turn.id };
}

// Goes to the branch of turn `id`, down to what was said last in it.
export function selectBranch(conversation: Conversation, id: string): Conversation {
  let leaf = id;
  for (;;) {
    const next = childrenOf(conversation, leaf).at(-1);
    if (next === undefined) return { ...conversation, leaf };
    leaf = next.id;
  }
}

export function titleOf(conversation: Conversation): string {
  if (conversation.title !== "") return conversation.title;
  const first = currentPath(conversation)[0];
  return first?.content.trim().split("\n")[0]?.slice(0, 80) ?? "";
}

// What goes to the server for an answer to the turn `id`. An answer of which nothing came is no turn of the talk.
export function messagesFor(conversation: Conversation, id: string): { role: string; content: string }[] {
  const { system } = conversation.settings;
  const said = pathTo(conversation, id).filter((turn) => turn.role === "user" || turn.content !== "");
  return [
    ...(system.trim() !== "" ? [{ role: "system", content: system }] : []),
    ...said.map(({ role, content }) => ({ role, content })),
  ];
}
