// The server that this page came from.
import { errorMessage, failureOf, RequestError } from "./failure";
import { eventData } from "./server_sent_events";
import { type Delta, type Model, readDelta, readModels } from "./wire";

function headers(key: string): HeadersInit {
  return {
    "content-type": "application/json",
    ...(key !== "" && { authorization: `Bearer ${key}` }),
  };
}

// Rejects with RequestError, or with the signal's AbortError.
async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new RequestError({ kind: "network", message: String((error as Error).message) });
  }
  if (!response.ok) throw new RequestError(await failureOf(response));
  return response;
}

export async function listModels(key: string): Promise<Model[]> {
  const response = await request("/v1/models", { headers: headers(key) });
  const body: unknown = await response.json().catch(() => undefined);
  return readModels(body);
}

function readEvent(data: string): Delta {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw new RequestError({ kind: "protocol", message: data.slice(0, 200) });
  }
  const message = errorMessage(chunk);
  if (message !== undefined) throw new RequestError({ kind: "server", message });
  return readDelta(chunk);
}

// The answer to `body`, step by step. Rejects as `request` does; an answer that ends before its [DONE] is cut.
export async function* streamChat(
  body: Record<string, unknown>,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<Delta> {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: headers(key),
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new RequestError({ kind: "protocol", message: "not an event stream" });
  }
  try {
    for await (const data of eventData(response.body)) {
      if (data === "[DONE]") return;
      yield readEvent(data);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RequestError) throw error;
    throw new RequestError({ kind: "network", message: String((error as Error).message) });
  }
  throw new RequestError({ kind: "network", message: "the stream ended early" });
}
