// Conversations as a file, out and in. A file is as foreign as an answer: all of it is checked before any of it is kept.
import { asList, asNumber, asObject, asText } from "../api/json";
import { readTokens } from "../api/wire";
import type { Conversation, Outcome, Settings, Turn } from "../chat/conversation";
import { accepts, kDefaultParameters, kMostAlternatives, kNumberParameters } from "../chat/parameters";
import type { Parameters } from "../chat/parameters";

const kFormat = "tlite-conversations";
const kVersion = 1;

// Names the place in the file and what is wrong there.
export class ImportError extends Error {}

export function exportText(conversations: Conversation[]): string {
  return JSON.stringify({ format: kFormat, version: kVersion, conversations }, undefined, 1);
}

function fail(place: string, wanted: string): never {
  throw new ImportError(`${place}: ${wanted}`);
}

function text(fields: Record<string, unknown>, name: string, place: string): string {
  return asText(fields[name]) ?? fail(`${place}.${name}`, "not a string");
}

function number(fields: Record<string, unknown>, name: string, place: string): number {
  return asNumber(fields[name]) ?? fail(`${place}.${name}`, "not a number");
}

function object(value: unknown, place: string): Record<string, unknown> {
  return asObject(value) ?? fail(place, "not an object");
}

// An id becomes a key of objects: one like "__proto__" must not, nor a short number, which would not keep its place.
function identifier(value: unknown, place: string): string {
  const id = asText(value);
  return id !== undefined && /^[0-9a-f]{12,64}$/.test(id) ? id : fail(place, "not an id");
}

function readParameters(value: unknown, place: string): Parameters {
  const fields = object(value, place);
  const numbers: Parameters["numbers"] = {};
  const given = object(fields["numbers"], `${place}.numbers`);
  for (const parameter of kNumberParameters) {
    if (given[parameter.name] === undefined) continue;
    const read = number(given, parameter.name, `${place}.numbers`);
    if (!accepts(parameter, read)) fail(`${place}.numbers.${parameter.name}`, "out of range");
    numbers[parameter.name] = read;
  }
  const stop = (asList(fields["stop"]) ?? fail(`${place}.stop`, "not a list")).map(
    (each, at) => asText(each) || fail(`${place}.stop[${at}]`, "not a string"),
  );
  const thinking = fields["thinking"];
  if (thinking !== "default" && thinking !== "on" && thinking !== "off") {
    return fail(`${place}.thinking`, "not one of default, on, off");
  }
  const alternatives = number(fields, "alternatives", place);
  if (!Number.isInteger(alternatives) || alternatives < 0 || alternatives > kMostAlternatives) {
    fail(`${place}.alternatives`, "out of range");
  }
  return { ...kDefaultParameters, numbers, stop, thinking, alternatives };
}

function readSettings(value: unknown, place: string): Settings {
  const fields = object(value, place);
  return {
    model: text(fields, "model", place),
    system: text(fields, "system", place),
    parameters: readParameters(fields["parameters"], `${place}.parameters`),
  };
}

const kOutcomes: readonly Outcome[] = ["done", "length", "stopped", "interrupted", "failed", "edited"];

function readAnswer(fields: Record<string, unknown>, place: string): Partial<Turn> {
  const usage = asObject(fields["usage"]);
  const timing = asObject(fields["timing"]);
  const reasoning = asText(fields["reasoning"]);
  const model = asText(fields["model"]);
  const thinking = asNumber(timing?.["thinking"]);
  const tokens = readTokens(
    // As they are kept, a token's fields have other names than as they came.
    asList(fields["tokens"])?.map((each) => {
      const token = asObject(each);
      const alternatives = asList(token?.["alternatives"]) ?? [];
      const named = (other: unknown) => ({ ...asObject(other), token: asObject(other)?.["text"] });
      return { ...named(each), top_logprobs: alternatives.map(named) };
    }),
  );
  return {
    outcome: kOutcomes.find((each) => each === fields["outcome"]) ?? "interrupted",
    ...(reasoning !== undefined && { reasoning }),
    ...(model !== undefined && { model }),
    ...(tokens.length > 0 && { tokens }),
    ...(usage && {
      usage: {
        prompt: number(usage, "prompt", `${place}.usage`),
        cached: number(usage, "cached", `${place}.usage`),
        completion: number(usage, "completion", `${place}.usage`),
      },
    }),
    ...(timing && {
      timing: {
        firstToken: number(timing, "firstToken", `${place}.timing`),
        total: number(timing, "total", `${place}.timing`),
        ...(thinking !== undefined && { thinking }),
      },
    }),
  };
}

function readTurn(value: unknown, place: string): Turn {
  const fields = object(value, place);
  const role = fields["role"];
  if (role !== "user" && role !== "assistant") return fail(`${place}.role`, "not user or assistant");
  return {
    id: identifier(fields["id"], `${place}.id`),
    parent: fields["parent"] === null ? null : identifier(fields["parent"], `${place}.parent`),
    role,
    content: text(fields, "content", place),
    created: number(fields, "created", place),
    ...(role === "assistant" && readAnswer(fields, place)),
  };
}

// Every turn must come after its parent: then there is no ring, and each reaches a root.
function readTurns(value: unknown, place: string): Record<string, Turn> {
  const turns: Record<string, Turn> = {};
  for (const [key, each] of Object.entries(object(value, place))) {
    const turn = readTurn(each, `${place}.${key}`);
    if (turn.id !== key) fail(`${place}.${key}.id`, "not the key it stands under");
    if (turn.parent !== null && turns[turn.parent] === undefined) {
      fail(`${place}.${key}.parent`, "no turn before this one");
    }
    turns[key] = turn;
  }
  return turns;
}

function readConversation(value: unknown, place: string): Conversation {
  const fields = object(value, place);
  const turns = readTurns(fields["turns"], `${place}.turns`);
  const leaf = fields["leaf"];
  if (leaf !== null && (typeof leaf !== "string" || turns[leaf] === undefined)) {
    return fail(`${place}.leaf`, "no turn of this conversation");
  }
  return {
    id: identifier(fields["id"], `${place}.id`),
    title: text(fields, "title", place),
    created: number(fields, "created", place),
    updated: number(fields, "updated", place),
    settings: readSettings(fields["settings"], `${place}.settings`),
    turns,
    leaf,
  };
}

// Throws ImportError.
export function importText(source: string): Conversation[] {
  let file: unknown;
  try {
    file = JSON.parse(source);
  } catch {
    fail("file", "not JSON");
  }
  const fields = object(file, "file");
  if (fields["format"] !== kFormat) fail("format", `not ${kFormat}`);
  if (fields["version"] !== kVersion) fail("version", `not ${kVersion}`);
  const list = asList(fields["conversations"]) ?? fail("conversations", "not a list");
  return list.map((each, at) => readConversation(each, `conversations[${at}]`));
}
