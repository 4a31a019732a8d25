// A block of code: its language, a button that copies it, its syntax in colours.
import type { ElementContent, Root } from "hast";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import type { ComponentChildren } from "preact";
import { say } from "../i18n";
import { CopyButton } from "../view/copy_button";

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  php,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});

// Characters; beyond them colours cost more time than they are worth.
const kLongestColoured = 30_000;

function build(nodes: (ElementContent | Root["children"][number])[]): ComponentChildren {
  return nodes.map((node) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    const names = node.properties["className"];
    return <span class={Array.isArray(names) ? names.join(" ") : ""}>{build(node.children)}</span>;
  });
}

function coloured(source: string, language: string): ComponentChildren {
  if (source.length > kLongestColoured || !lowlight.registered(language)) return source;
  return build(lowlight.highlight(language, source).children);
}

export function CodeBlock({ source, info }: { source: string; info: string }) {
  const language = info.trim().split(/\s/)[0]?.slice(0, 30) ?? "";
  return (
    <div class="code">
      <div class="code-head">
        <span>{language}</span>
        <CopyButton text={source} />
      </div>
      <pre tabIndex={0} role="group" aria-label={`${say().code} ${language}`.trim()}>
        <code>{coloured(source, language.toLowerCase())}</code>
      </pre>
    </div>
  );
}
