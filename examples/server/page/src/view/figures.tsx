// What an answer cost: tokens, speed, how much of the prompt was already computed.
import type { Turn } from "../chat/conversation";
import { say, write } from "../i18n";

// Tokens a second from the first token on: what came before it is the prompt's time.
function speedOf({ usage, timing }: Turn): number | undefined {
  if (!usage || !timing || usage.completion < 2) return undefined;
  const seconds = timing.total - timing.firstToken;
  return seconds > 0 ? (usage.completion - 1) / seconds : undefined;
}

function figuresOf(turn: Turn): string[] {
  const { usage, timing } = turn;
  const speed = speedOf(turn);
  return [
    ...(speed !== undefined ? [say().speed(write(speed, speed < 100 ? 1 : 0))] : []),
    ...(timing ? [say().firstToken(write(timing.firstToken, 2))] : []),
    ...(usage ? [say().tokens(usage.completion, write(usage.completion)), say().prompt(write(usage.prompt))] : []),
    ...(usage && usage.cached > 0 ? [say().cached(write(usage.cached))] : []),
  ];
}

export function Figures({ turn }: { turn: Turn }) {
  const figures = figuresOf(turn);
  if (figures.length === 0) return null;
  return (
    <ul class="figures">
      {figures.map((figure) => (
        <li key={figure}>{figure}</li>
      ))}
    </ul>
  );
}
