// Why a request has no answer, or half of one.
import { asObject, asText } from "./json";

export type FailureKind =
  | "key" // 401, 403: no key or a wrong one
  | "busy" // 429, 503
  | "request" // other 4xx: the server says what is wrong with the request
  | "server" // 5xx, or an error within the stream
  | "network" // nobody answers, or the connection is cut
  | "protocol"; // what came is not what the protocol says

export interface Failure {
  kind: FailureKind;
  message: string; // the server's own words; may be empty
  retryAfter?: number; // seconds
}

export class RequestError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

// The text of OpenAI's error object, or of what stands in its place.
export function errorMessage(body: unknown): string | undefined {
  const fields = asObject(body);
  const error = fields?.["error"];
  return asText(asObject(error)?.["message"]) ?? asText(error) ?? asText(fields?.["detail"]);
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return "key";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "server" : "request";
}

export async function failureOf(response: Response): Promise<Failure> {
  const text = (await response.text().catch(() => "")).slice(0, 10_000);
  let message: string | undefined;
  try {
    message = errorMessage(JSON.parse(text));
  } catch {
    message = text.slice(0, 300);
  }
  const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
  return {
    kind: kindOf(response.status),
    message: message || `HTTP ${response.status}`,
    ...(Number.isFinite(retryAfter) && { retryAfter }),
  };
}
