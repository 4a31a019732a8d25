// One turn: what was said, how it ended, what it cost, and what can be done with it.
import { Component } from "preact";
import { useState } from "preact/hooks";
import { childrenOf, type Conversation, selectBranch, type Turn } from "../chat/conversation";
import { say, write } from "../i18n";
import { Markdown } from "../markdown/markdown";
import { isRunning, regenerate } from "../state/answering";
import { updateCurrent } from "../state/conversations";
import { CopyButton } from "./copy_button";
import { failureText } from "./failure_text";
import { Figures } from "./figures";
import { IconButton } from "./icon_button";
import { askForKey } from "./panels";
import { TokenView } from "./token_view";
import { TurnEditor } from "./turn_editor";

// Ids of the turn and of its siblings, in order, as one string, which can be compared.
export function branchesOf(conversation: Conversation, turn: Turn): string {
  return childrenOf(conversation, turn.parent)
    .map(({ id }) => id)
    .join(" ");
}

function BranchSwitch({ turn, branches }: { turn: Turn; branches: string }) {
  const ids = branches.split(" ");
  if (ids.length < 2) return null;
  const at = ids.indexOf(turn.id);
  const go = (id: string | undefined) => id !== undefined && updateCurrent((old) => selectBranch(old, id));
  return (
    <span class="branches">
      <IconButton icon="left" label={say().previousBranch} disabled={at === 0} onClick={() => go(ids[at - 1])} />
      <span aria-hidden="true">
        {at + 1}/{ids.length}
      </span>
      <span class="off-screen">{say().branch(at + 1, ids.length)}</span>
      <IconButton
        icon="right"
        label={say().nextBranch}
        disabled={at === ids.length - 1}
        onClick={() => go(ids[at + 1])}
      />
    </span>
  );
}

function Thought({ turn }: { turn: Turn }) {
  if (turn.reasoning === undefined) return null;
  const seconds = turn.timing?.thinking;
  const thinks = turn.outcome === "running" && turn.content === "";
  const done = seconds === undefined ? say().thoughtOnce : say().thought(write(seconds, 1));
  return (
    <details class="thought">
      <summary>{thinks ? say().thinking : done}</summary>
      <Markdown text={turn.reasoning} outerLevel={2} />
    </details>
  );
}

function Ending({ turn }: { turn: Turn }) {
  const { outcome, failure } = turn;
  if (outcome === "failed" && failure) {
    return (
      <div class="failure">
        <p>{failureText(failure)}</p>
        {failure.kind === "key" && (
          <button type="button" onClick={askForKey}>
            {say().enterKey}
          </button>
        )}
        <button type="button" disabled={isRunning.value} onClick={() => void regenerate(turn)}>
          {say().tryAgain}
        </button>
      </div>
    );
  }
  const texts: Partial<Record<NonNullable<Turn["outcome"]>, string>> = {
    length: say().endedLength,
    stopped: say().endedStopped,
    interrupted: say().endedInterrupted,
    edited: say().endedEdited,
  };
  const text = outcome && texts[outcome];
  return text === undefined ? null : <p class="ending">{text}</p>;
}

function AnswerBody({ turn, asTokens }: { turn: Turn; asTokens: boolean }) {
  if (asTokens) {
    return turn.tokens ? <TokenView tokens={turn.tokens} /> : <p class="ending">{say().noTokens}</p>;
  }
  if (turn.outcome === "running" && turn.content === "" && turn.reasoning === undefined) {
    return <p class="waiting">{say().waiting}</p>;
  }
  return <Markdown text={turn.content} outerLevel={2} />;
}

interface TurnProps {
  turn: Turn;
  branches: string;
}

function UserTurn({ turn, branches }: TurnProps) {
  const [editing, setEditing] = useState(false);
  return (
    <article class="turn user" aria-labelledby={`who-${turn.id}`}>
      <h2 id={`who-${turn.id}`} class="off-screen">
        {say().you}
      </h2>
      {editing ? (
        <TurnEditor turn={turn} onClose={() => setEditing(false)} />
      ) : (
        <div class="bubble" dir="auto">
          {turn.content}
        </div>
      )}
      {!editing && (
        <div class="actions">
          <BranchSwitch turn={turn} branches={branches} />
          <CopyButton text={turn.content} />
          <IconButton icon="edit" label={say().edit} disabled={isRunning.value} onClick={() => setEditing(true)} />
        </div>
      )}
    </article>
  );
}

interface AnswerActionsProps {
  turn: Turn;
  asTokens: boolean;
  onTokens: () => void;
  onEdit: () => void;
}

function AnswerActions({ turn, asTokens, onTokens, onEdit }: AnswerActionsProps) {
  const busy = isRunning.value;
  return (
    <>
      <CopyButton text={turn.content} />
      <IconButton icon="again" label={say().regenerate} disabled={busy} onClick={() => void regenerate(turn)} />
      <IconButton icon="edit" label={say().edit} disabled={busy} onClick={onEdit} />
      <IconButton icon="tokens" label={say().showTokens} pressed={asTokens} onClick={onTokens} />
    </>
  );
}

function AssistantTurn({ turn, branches }: TurnProps) {
  const [editing, setEditing] = useState(false);
  const [asTokens, setAsTokens] = useState(false);
  const runs = turn.outcome === "running";
  return (
    <article class="turn assistant" aria-labelledby={`who-${turn.id}`} aria-busy={runs}>
      <h2 id={`who-${turn.id}`} class="off-screen">
        {turn.model ?? say().appName}
      </h2>
      <Thought turn={turn} />
      {editing ? (
        <TurnEditor turn={turn} onClose={() => setEditing(false)} />
      ) : (
        <AnswerBody turn={turn} asTokens={asTokens} />
      )}
      <Ending turn={turn} />
      {!runs && !editing && (
        <div class="actions">
          <BranchSwitch turn={turn} branches={branches} />
          {(turn.content !== "" || turn.outcome !== "failed") && (
            <AnswerActions
              turn={turn}
              asTokens={asTokens}
              onTokens={() => setAsTokens(!asTokens)}
              onEdit={() => setEditing(true)}
            />
          )}
          <Figures turn={turn} />
        </div>
      )}
    </article>
  );
}

// Of a long talk only the turn that grows is drawn anew.
export class TurnView extends Component<TurnProps> {
  override shouldComponentUpdate({ turn, branches }: TurnProps): boolean {
    return turn !== this.props.turn || branches !== this.props.branches;
  }

  render({ turn, branches }: TurnProps) {
    return turn.role === "user" ? (
      <UserTurn turn={turn} branches={branches} />
    ) : (
      <AssistantTurn turn={turn} branches={branches} />
    );
  }
}
