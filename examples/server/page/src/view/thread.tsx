// The talk. It follows an answer as it grows, unless the user has gone up to read.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { currentPath } from "../chat/conversation";
import { say } from "../i18n";
import { isRunning } from "../state/answering";
import { current } from "../state/conversations";
import { IconButton } from "./icon_button";
import { branchesOf, TurnView } from "./turn_view";

const kNear = 80; // pixels from the end that count as the end

function atEnd(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight < kNear;
}

function Welcome() {
  return (
    <div class="welcome">
      <span class="brand-mark large" aria-hidden="true" />
      <p class="welcome-title">{say().welcome}</p>
      <p>{say().welcomeHint}</p>
    </div>
  );
}

export function Thread() {
  const scroller = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [away, setAway] = useState(false);
  const conversation = current.value;
  const path = currentPath(conversation);

  const toEnd = () => {
    follows.current = true;
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  };
  useLayoutEffect(toEnd, [conversation.id, path.length]);
  useLayoutEffect(() => {
    if (follows.current) toEnd();
  }, [conversation]);
  const scrolled = () => {
    if (!scroller.current) return;
    follows.current = atEnd(scroller.current);
    setAway(!follows.current);
  };

  return (
    <div class="thread-outer">
      <div ref={scroller} class="thread" onScroll={scrolled}>
        {path.length === 0 ? (
          <Welcome />
        ) : (
          path.map((turn) => <TurnView key={turn.id} turn={turn} branches={branchesOf(conversation, turn)} />)
        )}
      </div>
      {away && <IconButton icon="down" label={say().newest} class="to-end" onClick={toEnd} />}
      <p class="off-screen" role="status">
        {path.length > 0 && (isRunning.value ? say().answering : path.at(-1)?.role === "assistant" && say().answered)}
      </p>
    </div>
  );
}
