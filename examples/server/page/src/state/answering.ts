// Answers on their way. Each belongs to a conversation, which may or may not be the one on show.
import { computed, signal } from "@preact/signals";
import { streamChat } from "../api/client";
import { RequestError } from "../api/failure";
import type { Delta } from "../api/wire";
import { appendTurn, messagesFor, newId, type Turn, withTurn } from "../chat/conversation";
import { requestFields } from "../chat/parameters";
import { apiKey } from "../store/preferences";
import { conversation, current, update, updateCurrent } from "./conversations";
import { loadModels, modelFor, models } from "./models";

const running = signal<Record<string, AbortController>>({});

export const isRunning = computed(() => running.value[current.value.id] !== undefined);

export function runsIn(id: string): boolean {
  return running.value[id] !== undefined;
}

export function stop(id: string = current.value.id): void {
  running.value[id]?.abort();
}

// An answer as it grows. Times are seconds since the request.
class Draft {
  private readonly started = performance.now();
  private first: number | undefined;
  private firstContent: number | undefined;
  private cut = false; // at the largest length

  constructor(public turn: Turn) {}

  private elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  add(delta: Delta): void {
    const turn = { ...this.turn, content: this.turn.content + delta.content };
    if (delta.reasoning !== "") turn.reasoning = (turn.reasoning ?? "") + delta.reasoning;
    // Those of a thought are not those of the answer.
    if (delta.tokens.length > 0 && delta.reasoning === "") {
      turn.tokens = [...(turn.tokens ?? []), ...delta.tokens];
    }
    if (delta.usage) turn.usage = delta.usage;
    if (delta.finish === "length") this.cut = true;
    if (delta.content !== "" || delta.reasoning !== "") this.first ??= this.elapsed();
    if (delta.content !== "") this.firstContent ??= this.elapsed();
    this.turn = turn;
  }

  finish(change: Partial<Turn> = { outcome: this.cut ? "length" : "done" }): void {
    const total = this.elapsed();
    const thinking = this.turn.reasoning === undefined ? undefined : (this.firstContent ?? total);
    this.turn = {
      ...this.turn,
      ...(this.first !== undefined && {
        timing: { firstToken: this.first, total, ...(thinking !== undefined && { thinking }) },
      }),
      ...change,
    };
  }
}

function setRunning(id: string, controller: AbortController | undefined): void {
  const { [id]: _, ...others } = running.value;
  running.value = controller === undefined ? others : { ...others, [id]: controller };
}

// What has come is shown some 30 times a second, however fast it comes. By a timer: a hidden page has no frames.
function scheduler(show: () => void): { request: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    request: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        show();
      }, 33);
    },
    stop: () => clearTimeout(timer),
  };
}

function howItEnded(error: unknown, signal: AbortSignal): Partial<Turn> {
  if (signal.aborted) return { outcome: "stopped" };
  const failure = error instanceof RequestError ? error.failure : { kind: "protocol" as const, message: String(error) };
  return { outcome: "failed", failure };
}

// Asks for an answer to turn `parent` of the conversation on show, as a new branch where there is one.
export async function answer(parent: string): Promise<void> {
  const { id, settings } = current.value;
  if (runsIn(id)) return;
  const draft = new Draft({
    id: newId(),
    parent,
    role: "assistant",
    content: "",
    created: Date.now(),
    outcome: "running",
  });
  const controller = new AbortController();
  const show = () => update(id, (old) => withTurn(old, draft.turn));
  const shown = scheduler(show);
  const messages = messagesFor(current.value, parent);
  setRunning(id, controller);
  update(id, (old) => appendTurn(old, draft.turn));
  try {
    // A server that was not there when the page was loaded may be now.
    if (models.value.length === 0) await loadModels();
    const model = modelFor(settings)?.id ?? settings.model;
    draft.turn = { ...draft.turn, model };
    const body = { model, messages, ...requestFields(settings.parameters) };
    for await (const delta of streamChat(body, apiKey.value, controller.signal)) {
      draft.add(delta);
      shown.request();
    }
    draft.finish();
  } catch (error) {
    draft.finish(howItEnded(error, controller.signal));
  }
  shown.stop();
  setRunning(id, undefined);
  show();
}

// Says `content` behind turn `parent` and has it answered.
export async function say(content: string, parent: string | null): Promise<void> {
  const id = newId();
  updateCurrent((old) => appendTurn(old, { id, parent, role: "user", content, created: Date.now() }));
  await answer(id);
}

// A turn said otherwise: a sibling. What the user said is answered anew.
export async function edit(turn: Turn, content: string): Promise<void> {
  if (turn.role === "user") return say(content, turn.parent);
  const edited: Turn = {
    id: newId(),
    parent: turn.parent,
    role: "assistant",
    content,
    created: Date.now(),
    outcome: "edited",
  };
  updateCurrent((old) => appendTurn(old, edited));
}

export async function regenerate(turn: Turn): Promise<void> {
  const { parent } = turn;
  if (parent !== null && conversation(current.value.id)?.turns[parent] !== undefined) await answer(parent);
}
