// An answer token by token: the less likely one was, the deeper its colour. Pointing at one, or going there with the arrow keys,
// shows what else could have stood there.
import { useMemo, useRef, useState } from "preact/hooks";
import type { ScoredText, Token } from "../api/wire";
import { say, write, writePercent } from "../i18n";

// Surprise (in nats) at which the colour is deepest: a chance of 1 in 150.
const kDeepest = 5;

// A character may come in several tokens: the one that completes it shows it.
function shownTexts(tokens: Token[]): string[] {
  const decoder = new TextDecoder();
  return tokens.map((token) =>
    token.bytes ? decoder.decode(new Uint8Array(token.bytes), { stream: true }) : token.text,
  );
}

// In the card: what cannot be seen is written out.
function visible({ text, bytes }: ScoredText): string {
  if (bytes) {
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
    } catch {
      return bytes.map((byte) => `<${byte.toString(16).toUpperCase().padStart(2, "0")}>`).join("");
    }
  }
  if (text === "") return "∅";
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "·");
}

function perplexity(tokens: Token[]): number {
  return Math.exp(-tokens.reduce((sum, { logprob }) => sum + logprob, 0) / tokens.length);
}

function Alternative({ scored, chosen }: { scored: ScoredText; chosen: boolean }) {
  const probability = Math.exp(scored.logprob);
  return (
    <li class={chosen ? "alternative chosen" : "alternative"}>
      <span class="alternative-text">{visible(scored)}</span>
      <span class="alternative-bar" aria-hidden="true">
        <span style={{ width: `${probability * 100}%` }} />
      </span>
      <span class="alternative-value">{writePercent(probability)}</span>
      {chosen && <span class="off-screen">{say().chosen}</span>}
    </li>
  );
}

function sameText(a: ScoredText, b: ScoredText): boolean {
  return a.text === b.text && String(a.bytes ?? "") === String(b.bytes ?? "");
}

interface Place {
  left: number; // pixels, within the view
  top: number;
}

function Card({ token, at, of, place }: { token: Token; at: number; of: number; place: Place }) {
  const chosenAt = token.alternatives.findIndex((each) => sameText(each, token));
  return (
    <div class="token-card" style={{ left: `${place.left}px`, top: `${place.top}px` }} role="status">
      <p class="token-card-head">
        <span>{say().tokenNumber(write(at + 1), write(of))}</span>
        {chosenAt < 0 && token.alternatives.length > 0 && <span>{say().notAmong}</span>}
      </p>
      <ol>
        {token.alternatives.map((each, index) => (
          <Alternative key={index} scored={each} chosen={index === chosenAt} />
        ))}
        {chosenAt < 0 && <Alternative scored={token} chosen />}
      </ol>
    </div>
  );
}

const kCardWidth = 288; // pixels, as in the style sheet

// Under the token, and within the view.
function placeFor(view: HTMLElement, token: Element): Place {
  const outer = view.getBoundingClientRect();
  const inner = token.getClientRects()[0] ?? token.getBoundingClientRect();
  const most = Math.max(0, outer.width - kCardWidth);
  return { left: Math.min(Math.max(0, inner.left - outer.left - 12), most), top: inner.bottom - outer.top + 6 };
}

export function TokenView({ tokens }: { tokens: Token[] }) {
  const view = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<{ at: number; place: Place } | undefined>(undefined);
  const texts = useMemo(() => shownTexts(tokens), [tokens]);

  const show = (at: number) => {
    const element = view.current?.querySelector(`[data-at="${at}"]`);
    if (!view.current || !element) return;
    setShown({ at, place: placeFor(view.current, element) });
  };
  const pointed = (event: Event) => {
    const at = (event.target as HTMLElement).dataset["at"];
    if (at !== undefined) show(Number(at));
  };
  const key = (event: KeyboardEvent) => {
    const from = shown?.at ?? -1;
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (event.key === "Escape" && shown) {
      event.stopPropagation();
      setShown(undefined);
    }
    if (to === undefined) return;
    event.preventDefault();
    const at = Math.min(Math.max(0, to), tokens.length - 1);
    show(at);
    view.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: "nearest" });
  };

  const spans = useMemo(
    () =>
      texts.map((text, at) => {
        const surprise = Math.min(1, -(tokens[at]?.logprob ?? 0) / kDeepest);
        return (
          <span key={at} class="token" data-at={at} style={{ "--surprise": `${Math.round(surprise * 100)}%` }}>
            {text.replaceAll("\n", "↵\n") || "·"}
          </span>
        );
      }),
    [texts],
  );
  const token = shown && tokens[shown.at];
  return (
    <div class="token-view-outer">
      <p class="legend">
        <span>{say().likely}</span>
        <span class="legend-bar" aria-hidden="true" />
        <span>{say().surprising}</span>
        <span class="legend-figure">{say().perplexity(write(perplexity(tokens), 2))}</span>
      </p>
      <div
        ref={view}
        class="token-view"
        role="group"
        aria-label={`${say().showTokens}. ${say().tokensHint}`}
        tabIndex={0}
        onPointerOver={pointed}
        onPointerDown={pointed}
        onPointerLeave={(event) => event.pointerType === "mouse" && setShown(undefined)}
        onBlur={() => setShown(undefined)}
        onKeyDown={key}
      >
        {spans}
        {shown && token && <Card token={token} at={shown.at} of={tokens.length} place={shown.place} />}
      </div>
    </div>
  );
}
