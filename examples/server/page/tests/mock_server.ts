// A server that speaks as much of OpenAI's protocol as the page uses, with answers that a test gives it. It serves the built
// page at / and remembers what it was asked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Piece {
  content?: string;
  reasoning?: string;
  logprobs?: unknown[];
  wait?: number; // milliseconds before it
}

// What a test wants to happen at /v1/chat/completions.
export interface Answer {
  pieces?: Piece[];
  finish?: string;
  usage?: unknown;
  raw?: (response: ServerResponse) => Promise<void> | void; // in place of all that
}

export interface Asked {
  body: Record<string, unknown>;
  messages: { role: string; content: string }[];
  key: string | undefined;
}

export const kUsage = {
  prompt_tokens: 1024,
  completion_tokens: 42,
  prompt_tokens_details: { cached_tokens: 896 },
};

// Words of a text, as tokens come.
export function words(text: string, wait = 0): Piece[] {
  return (text.match(/\s*\S+|\s+$/g) ?? []).map((content) => ({ content, wait }));
}

// A word with its probability and two that could have stood in its place.
export function scored(content: string, probability: number, others: [string, number][] = []): Piece {
  const entry = (token: string, p: number) => ({
    token,
    logprob: Math.log(p),
    bytes: [...new TextEncoder().encode(token)],
  });
  const top = [[content, probability] as [string, number], ...others].map(([token, p]) => entry(token, p));
  return { content, logprobs: [{ ...entry(content, probability), top_logprobs: top }] };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

export class MockServer {
  asked: Asked[] = [];
  disconnected = 0; // answers that the client left before their end
  key = ""; // empty: none is wanted
  models: unknown = { data: [{ id: "t-lite-it-1.0", max_model_len: 32768 }, { id: "qwen2.5-0.5b" }] };
  answer: (asked: Asked) => Answer = () => ({ pieces: words("A short answer."), usage: kUsage });
  private readonly server: Server;

  constructor(page: string, header: Record<string, string> = {}) {
    this.server = createServer((request, response) => {
      void this.serve(page, header, request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(
    page: string,
    header: Record<string, string>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.url === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...header }).end(page);
      return;
    }
    const key = request.headers.authorization?.replace(/^Bearer /, "");
    if (this.key !== "" && key !== this.key) {
      this.refuse(response, 401, "Incorrect API key provided.");
    } else if (request.url === "/v1/models") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(this.models));
    } else if (request.url === "/v1/chat/completions" && request.method === "POST") {
      const body = JSON.parse(await readBody(request)) as Record<string, unknown>;
      const asked: Asked = { body, messages: body["messages"] as Asked["messages"], key };
      this.asked.push(asked);
      await this.stream(this.answer(asked), response);
    } else {
      this.refuse(response, 404, `Not found: ${request.url}`);
    }
  }

  refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code: null } }));
  }

  private async stream(answer: Answer, response: ServerResponse): Promise<void> {
    let gone = false;
    response.on("close", () => {
      gone = true;
      if (!response.writableEnded) this.disconnected += 1;
    });
    if (answer.raw) return answer.raw(response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (choice: unknown, more: object = {}) =>
      response.write(
        `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: choice ? [choice] : [], ...more })}\n\n`,
      );
    response.write(": heartbeat\n\n");
    send({ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null });
    for (const { content, reasoning, logprobs, wait } of answer.pieces ?? []) {
      if (wait) await sleep(wait);
      if (gone) return;
      send({
        index: 0,
        delta: {
          ...(content !== undefined && { content }),
          ...(reasoning !== undefined && { reasoning_content: reasoning }),
        },
        ...(logprobs && { logprobs: { content: logprobs } }),
        finish_reason: null,
      });
    }
    send({ index: 0, delta: {}, finish_reason: answer.finish ?? "stop" });
    if (answer.usage) send(undefined, { usage: answer.usage });
    response.end("data: [DONE]\n\n");
  }
}
