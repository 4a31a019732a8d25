// Formulas in Markdown, as models write them: $..$ and \(..\) in a line, $$..$$ and \[..\] on lines of their own. A lone $ is a
// dollar: as in pandoc's tex_math_dollars, no space may stand inside the signs and no digit behind the second.
import type { MarkdownIt } from "markdown-it";

// Characters. Bounds what is looked through for an end that is not there, so that a text of openings stays linear.
const kLongest = 4000;

interface Fence {
  open: string;
  close: string;
  block: boolean;
}

// The longer opening comes first.
const kFences: readonly Fence[] = [
  { open: "$$", close: "$$", block: true },
  { open: "\\[", close: "\\]", block: true },
  { open: "\\(", close: "\\)", block: false },
  { open: "$", close: "$", block: false },
];

// Where the formula that opens at `start` closes; -1: nowhere.
function closing(source: string, start: number, fence: Fence): number {
  const text = source.slice(start, start + kLongest);
  for (let at = 0; (at = text.indexOf(fence.close, at)) >= 0; at += fence.close.length) {
    if (at === 0 || (fence.close.startsWith("$") && text[at - 1] === "\\")) continue;
    if (fence.open !== "$") return start + at;
    if (/\s/.test(text[0] ?? "") || text.slice(0, at).includes("\n\n")) return -1;
    if (!/\s/.test(text[at - 1] ?? "") && !/\d/.test(text[at + 1] ?? "")) return start + at;
  }
  return -1;
}

export function mathRule(markdown: MarkdownIt): void {
  // Before "escape", which would take \( for an escaped bracket.
  markdown.inline.ruler.before("escape", "math", (state, silent) => {
    const fence = kFences.find(({ open }) => state.src.startsWith(open, state.pos));
    if (fence === undefined) return false;
    const start = state.pos + fence.open.length;
    const end = closing(state.src, start, fence);
    if (end < 0 || end > state.posMax) return false;
    if (!silent) {
      const token = state.push("math", "", 0);
      token.content = state.src.slice(start, end);
      token.meta = { block: fence.block };
    }
    state.pos = end + fence.close.length;
    return true;
  });

  markdown.block.ruler.before(
    "paragraph",
    "math",
    (state, startLine, endLine, silent) => {
      const begin = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
      if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
      const fence = kFences.find(({ open, block }) => block && state.src.startsWith(open, begin));
      if (fence === undefined) return false;
      const start = begin + fence.open.length;
      const end = closing(state.src, start, fence);
      if (end < 0) return false;
      // The formula must fill its last line.
      let line = startLine;
      while (line < endLine && (state.eMarks[line] ?? 0) < end) line += 1;
      const rest = state.src.slice(end + fence.close.length, state.eMarks[line]);
      if (line >= endLine || !/^\s*[.,;]?\s*$/.test(rest)) return false;
      if (silent) return true;
      const token = state.push("math", "", 0);
      token.block = true;
      token.content = state.src.slice(start, end);
      token.meta = { block: true };
      token.map = [startLine, line + 1];
      state.line = line + 1;
      return true;
    },
    { alt: ["paragraph", "reference", "blockquote", "list"] },
  );
}
