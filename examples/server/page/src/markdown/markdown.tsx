// Markdown as Preact elements. markdown-it gives tokens; each becomes one of the few elements below or plain text. HTML is never
// written nor parsed, so what a model says cannot become anything else.
import MarkdownIt, { type Env, type Token } from "markdown-it";
import { Component, type ComponentChildren, Fragment, h } from "preact";
import { say } from "../i18n";
import { language } from "../store/preferences";
import { CodeBlock } from "./code";
import { Formula } from "./math";
import { mathRule } from "./math_rule";

// A single new line is one: models write verse and addresses so. Bare names ("main.py") are no links.
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true }).use(mathRule);
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

const kPlain = new Set(["p", "strong", "em", "s", "ul", "li", "blockquote", "thead", "tbody", "tr", "hr", "br"]);

// Only what opens a page on a click. Undefined: the address is of another kind.
function webAddress(href: string | null): string | undefined {
  try {
    const url = new URL(href ?? "");
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function Link({ href, children }: { href: string | null; children?: ComponentChildren }) {
  const address = webAddress(href);
  if (address === undefined) return <span title={href ?? ""}>{children}</span>;
  return (
    <a href={address} title={address} target="_blank" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer">
      {children}
    </a>
  );
}

function attribute(token: Token, name: string): string | null {
  const value = token.attrGet(name);
  return value === null ? null : String(value);
}

function alignment(token: Token): string {
  const style = attribute(token, "style") ?? "";
  return ["right", "center"].find((side) => style.endsWith(side)) ?? "left";
}

function element(token: Token, children: ComponentChildren[], headingLevel: number): ComponentChildren {
  switch (token.tag) {
    case "h1":
    case "h2":
    case "h3":
    case "h4":
    case "h5":
    case "h6":
      return h(`h${headingLevel}`, { class: `heading-${token.tag[1]}` }, ...children);
    case "a":
      return <Link href={attribute(token, "href")}>{children}</Link>;
    case "ol":
      return <ol start={Number(token.attrGet("start") ?? 1)}>{children}</ol>;
    case "th":
      return (
        <th class={alignment(token)} scope="col">
          {children}
        </th>
      );
    case "td":
      return <td class={alignment(token)}>{children}</td>;
    case "table":
      return (
        <div class="table" role="group" aria-label={say().table} tabIndex={0}>
          <table>{children}</table>
        </div>
      );
    default:
      return h(kPlain.has(token.tag) && !token.hidden ? token.tag : Fragment, null, ...children);
  }
}

function leaf(token: Token, headingLevel: number): ComponentChildren {
  switch (token.type) {
    case "inline":
      return build(token.children ?? [], headingLevel);
    case "code_inline":
      return <code>{token.content}</code>;
    case "fence":
    case "code_block":
      return <CodeBlock source={token.content.replace(/\n$/, "")} info={token.info} />;
    case "math":
      return <Formula source={token.content} block={(token.meta as { block: boolean }).block} />;
    case "image":
      return <Link href={attribute(token, "src")}>{say().image(token.content)}</Link>;
    case "softbreak":
    case "hardbreak":
      return <br />;
    case "hr":
      return <hr />;
    default:
      return token.content;
  }
}

// The tokens of openings and closings, as a tree.
function build(tokens: Token[], headingLevel: number): ComponentChildren[] {
  const stack: { token?: Token; children: ComponentChildren[] }[] = [{ children: [] }];
  for (const token of tokens) {
    if (token.nesting === 1) {
      stack.push({ token, children: [] });
    } else if (token.nesting === -1) {
      const closed = stack.pop();
      if (closed?.token) stack.at(-1)?.children.push(element(closed.token, closed.children, headingLevel));
    } else {
      stack.at(-1)?.children.push(leaf(token, headingLevel));
    }
  }
  return stack[0]?.children ?? [];
}

interface Block {
  source: string;
  tokens: Token[];
  headingLevel: number; // of its heading, if it is one
  context: string; // what else it is made from: the language of labels, how many links are defined anywhere
}

// Headings go down one level at a time below the turn's own, whatever levels the model chose.
function blocksOf(text: string, outerLevel: number): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let tokens: Token[] = [];
  let lastLevel = outerLevel;
  const env: Env = {};
  const parsed = markdown.parse(text, env);
  const context = `${language.value} ${Object.keys(env.references ?? {}).length}`;
  for (const token of parsed) {
    tokens.push(token);
    if (token.level !== 0 || token.nesting === 1) continue;
    const first = tokens[0] as Token;
    const [from, to] = first.map ?? [0, lines.length];
    const wanted = outerLevel + Number(/^h(\d)$/.exec(first.tag)?.[1] ?? 0);
    if (wanted > outerLevel) lastLevel = Math.min(6, wanted, lastLevel + 1);
    blocks.push({ source: lines.slice(from, to).join("\n"), tokens, headingLevel: lastLevel, context });
    tokens = [];
  }
  return blocks;
}

// While an answer grows its last block alone changes: the others are not built again.
class BlockView extends Component<{ block: Block; last: boolean }> {
  override shouldComponentUpdate({ block, last }: { block: Block; last: boolean }): boolean {
    const old = this.props.block;
    if (last || this.props.last) return true;
    return block.source !== old.source || block.headingLevel !== old.headingLevel || block.context !== old.context;
  }

  render() {
    return <>{build(this.props.block.tokens, this.props.block.headingLevel)}</>;
  }
}

export function Markdown({ text, outerLevel }: { text: string; outerLevel: number }) {
  const blocks = blocksOf(text, outerLevel);
  return (
    <div class="prose">
      {blocks.map((block, at) => (
        <BlockView key={at} block={block} last={at === blocks.length - 1} />
      ))}
    </div>
  );
}
