// A formula as MathML, which the browser sets with its own fonts. Temml gives a tree of elements; of it goes on what is known to
// be harmless, and nothing is ever parsed as HTML.
import { Fragment, h, type VNode } from "preact";
import temml from "temml";
import { say } from "../i18n";

interface MathNode {
  type?: string; // absent: a fragment, or text
  text?: string;
  attributes?: Record<string, unknown>;
  style?: Record<string, unknown>;
  classes?: string[];
  children?: MathNode[];
}

const kElements = new Set(
  (
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder mover " +
    "munderover mmultiscripts mprescripts none mtable mtr mtd merror semantics"
  ).split(" "),
);

const kAttributes = new Set(
  (
    "accent accentunder columnalign columnlines columnspan depth display displaystyle fence form height largeop linethickness mathbackground mathcolor mathsize " +
    "lspace mathvariant maxsize minsize movablelimits notation rowlines rowspacing rowspan rspace scriptlevel separator " +
    "stretchy symmetric voffset width"
  ).split(" "),
);

const kStyles = new Set(
  (
    "border borderBottom borderLeft borderRight borderTop color fontSize fontStyle fontWeight height marginLeft marginRight " +
    "padding paddingBottom paddingLeft paddingRight paddingTop textAlign width"
  ).split(" "),
);

// Those that the style sheet of the page knows.
const kClasses = new Set(["tml-left", "tml-right", "tml-overline", "tml-underline"]);

// Neither a function (url, var) nor anything that ends the declaration, and no length that leaves the page.
const kHarmless = /^[-\w.#% ]{1,40}$/;
const kFarLength = /(^|[^.#\w])\d{4}/;

function kept(given: Record<string, unknown> | undefined, names: Set<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given ?? {})
      .map(([name, value]): [string, string] => [name, String(value)])
      .filter(([name, value]) => names.has(name) && kHarmless.test(value) && !kFarLength.test(value)),
  );
}

function build(node: MathNode): VNode | string {
  if (node.text !== undefined) return node.text;
  const children = (node.children ?? []).map(build);
  if (node.type === undefined || !kElements.has(node.type)) return h(Fragment, null, children);
  const style = kept(node.style, kStyles);
  const names = (node.classes ?? []).filter((each) => kClasses.has(each));
  return h(
    node.type,
    {
      ...kept(node.attributes, kAttributes),
      ...(Object.keys(style).length > 0 && { style }),
      ...(names.length > 0 && { class: names.join(" ") }),
    },
    ...children,
  );
}

const kCacheSize = 500;
const cache = new Map<string, MathNode | undefined>();

// Undefined: not a formula, or not one that Temml knows.
function parse(source: string, block: boolean): MathNode | undefined {
  try {
    return temml.__renderToMathMLTree(source, {
      displayMode: block,
      throwOnError: true,
      trust: false,
      maxSize: [20, 20],
      maxExpand: 200,
    }) as MathNode;
  } catch {
    return undefined;
  }
}

function parseOnce(source: string, block: boolean): MathNode | undefined {
  const key = `${block}${source}`;
  if (!cache.has(key)) {
    if (cache.size >= kCacheSize) cache.clear();
    cache.set(key, parse(source, block));
  }
  return cache.get(key);
}

export function Formula({ source, block }: { source: string; block: boolean }) {
  const tree = parseOnce(source, block);
  if (tree === undefined) return <code class="formula-source">{source}</code>;
  if (!block) return <>{build(tree)}</>;
  return (
    <div class="formula" role="group" aria-label={say().formula} tabIndex={0}>
      {build(tree)}
    </div>
  );
}
