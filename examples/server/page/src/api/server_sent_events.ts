// The data of a stream of server-sent events, as they come:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
// EventSource itself can only GET. Names, ids and retry times mean nothing here; comments are heartbeats.

// Characters; a server that never ends its event must not fill the memory.
const kLongestEvent = 8 << 20;

// Cuts text that comes in pieces into lines that end in \n, \r\n or \r.
class LineReader {
  private rest = "";

  *push(piece: string): Generator<string> {
    this.rest += piece;
    let start = 0;
    for (;;) {
      const rest = this.rest.slice(start);
      const at = rest.search(/[\r\n]/);
      // A \r at the end may be half of a \r\n whose other half is still on its way.
      if (at < 0 || (rest[at] === "\r" && at === rest.length - 1)) break;
      yield rest.slice(0, at);
      start += at + (rest.startsWith("\r\n", at) ? 2 : 1);
    }
    this.rest = this.rest.slice(start);
    if (this.rest.length > kLongestEvent) throw new Error("an event without end");
  }
}

export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const lines = new LineReader();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let data: string[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // the standard drops an event that no empty line has closed
      for (const line of lines.push(decoder.decode(value, { stream: true }))) {
        if (line === "") {
          if (data.length > 0) yield data.join("\n");
          data = [];
          length = 0;
        } else if (line === "data" || line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
          length += line.length;
          if (length > kLongestEvent) throw new Error("an event without end");
        }
      }
    }
  } finally {
    // Also when the caller leaves early: the server stops computing what nobody reads.
    reader.cancel().catch(() => undefined);
  }
}
