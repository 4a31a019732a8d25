// The sampling parameters that the page offers, under the server's names. What is not set is not sent: the model's own
// defaults then hold.

export interface NumberParameter {
  name: NumberName;
  least: number;
  most: number;
  leastExcluded?: boolean;
  whole?: boolean;
}

export type NumberName = "temperature" | "top_p" | "top_k" | "min_p" | "repetition_penalty" | "max_tokens" | "seed";

const kHuge = 2 ** 31 - 1;

export const kNumberParameters: readonly NumberParameter[] = [
  { name: "temperature", least: 0, most: 10 },
  { name: "top_p", least: 0, leastExcluded: true, most: 1 },
  { name: "top_k", least: 0, most: kHuge, whole: true },
  { name: "min_p", least: 0, most: 1 },
  { name: "repetition_penalty", least: 0, leastExcluded: true, most: 10 },
  { name: "max_tokens", least: 1, most: kHuge, whole: true },
  { name: "seed", least: 0, most: Number.MAX_SAFE_INTEGER, whole: true },
];

export interface Parameters {
  numbers: Partial<Record<NumberName, number>>;
  stop: string[];
  thinking: "default" | "on" | "off";
  alternatives: number; // shown beside each token of an answer; 0: no probabilities are asked for
}

export const kMostAlternatives = 20;

export const kDefaultParameters: Parameters = {
  numbers: {},
  stop: [],
  thinking: "default",
  alternatives: 5,
};

// The number that a user wrote, with a point or, as Russians do, a comma. Undefined: it is none, or out of range.
export function parseNumber(text: string, parameter: NumberParameter): number | undefined {
  const trimmed = text.trim().replace(",", ".");
  const value = Number(trimmed);
  if (trimmed === "" || !accepts(parameter, value)) return undefined;
  return value;
}

export function accepts(parameter: NumberParameter, value: number): boolean {
  if (!Number.isFinite(value) || (parameter.whole && !Number.isInteger(value))) return false;
  if (parameter.leastExcluded && value === parameter.least) return false;
  return value >= parameter.least && value <= parameter.most;
}

// One stop string a line; \n and \t within it, and \\ for a backslash.
export function parseStop(text: string): string[] {
  const meaning: Record<string, string> = { n: "\n", t: "\t", "\\": "\\" };
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/\\([nt\\])/g, (_, letter: string) => meaning[letter] ?? ""));
}

export function writeStop(stop: string[]): string {
  return stop.map((each) => each.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t")).join("\n");
}

export function requestFields(parameters: Parameters): Record<string, unknown> {
  const { numbers, stop, thinking, alternatives } = parameters;
  return {
    ...numbers,
    ...(stop.length > 0 && { stop }),
    // Absent is not false: the template then decides.
    ...(thinking !== "default" && { chat_template_kwargs: { enable_thinking: thinking === "on" } }),
    ...(alternatives > 0 && { logprobs: true, top_logprobs: alternatives }),
  };
}
