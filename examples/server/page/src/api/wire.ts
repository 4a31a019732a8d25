// What the server says, read without trust: a field of the wrong kind is as good as absent.
import { asList, asNumber, asObject, asText } from "./json";

export interface ScoredText {
  text: string;
  logprob: number; // natural logarithm, <= 0
  bytes?: number[]; // where the text is not whole UTF-8 it is these that count
}

export interface Token extends ScoredText {
  alternatives: ScoredText[]; // likeliest first; the token itself may be among them
}

export interface Usage {
  prompt: number; // tokens
  cached: number; // of the prompt's: those that the server had computed before
  completion: number;
}

// One step of an answer.
export interface Delta {
  content: string;
  reasoning: string;
  tokens: Token[];
  finish?: string; // "stop", "length", ...
  usage?: Usage;
}

export interface Model {
  id: string;
  context?: number; // tokens
}

function readScored(value: unknown): ScoredText | undefined {
  const fields = asObject(value);
  const text = asText(fields?.["token"]);
  if (fields === undefined || text === undefined) return undefined;
  const bytes = asList(fields["bytes"])?.filter(
    (byte): byte is number => Number.isInteger(byte) && (byte as number) >= 0 && (byte as number) < 256,
  );
  return {
    text,
    // Servers write -infinity as null or as -9999; a probability above 1 is none.
    logprob: Math.min(0, asNumber(fields["logprob"]) ?? -9999),
    ...(bytes && { bytes }),
  };
}

function readToken(value: unknown): Token | undefined {
  const scored = readScored(value);
  if (scored === undefined) return undefined;
  const alternatives = (asList(asObject(value)?.["top_logprobs"]) ?? [])
    .map(readScored)
    .filter((each) => each !== undefined)
    .sort((a, b) => b.logprob - a.logprob);
  return { ...scored, alternatives };
}

export function readTokens(value: unknown): Token[] {
  return (asList(value) ?? []).map(readToken).filter((each) => each !== undefined);
}

function readUsage(value: unknown): Usage | undefined {
  const fields = asObject(value);
  if (fields === undefined) return undefined;
  return {
    prompt: asNumber(fields["prompt_tokens"]) ?? 0,
    cached: asNumber(asObject(fields["prompt_tokens_details"])?.["cached_tokens"]) ?? 0,
    completion: asNumber(fields["completion_tokens"]) ?? 0,
  };
}

// A chunk of /v1/chat/completions.
export function readDelta(value: unknown): Delta {
  const chunk = asObject(value);
  const choice = asObject(asList(chunk?.["choices"])?.[0]);
  const delta = asObject(choice?.["delta"]);
  const finish = asText(choice?.["finish_reason"]);
  const usage = readUsage(chunk?.["usage"]);
  return {
    content: asText(delta?.["content"]) ?? "",
    // vLLM has renamed it; both names are in use.
    reasoning: asText(delta?.["reasoning_content"]) ?? asText(delta?.["reasoning"]) ?? "",
    tokens: readTokens(asObject(choice?.["logprobs"])?.["content"]),
    ...(finish !== undefined && { finish }),
    ...(usage && { usage }),
  };
}

// The answer of /v1/models.
export function readModels(value: unknown): Model[] {
  return (asList(asObject(value)?.["data"]) ?? []).flatMap((each) => {
    const id = asText(asObject(each)?.["id"]);
    const context = asNumber(asObject(each)?.["max_model_len"]);
    return id === undefined ? [] : [{ id, ...(context !== undefined && { context }) }];
  });
}
