"""Chat templates in the manner of the known model families.

Each puts the constructs that a family's template relies on (namespaces, reversed loops, macros
that call themselves, tool lists, trimming, raise_exception, dates) to a use of its own: the texts
are written for these tests and are no family's template.
"""

CHATML = """{% for turn in messages -%}
<|im_start|>{{ turn.role }}
{{ turn.content }}<|im_end|>
{% endfor %}
{{- '<|im_start|>assistant\\n' if add_generation_prompt }}"""

# A system message of its own, taken off the list by a slice; trimming; block tags on own lines.
DEFAULT_SYSTEM = """{% if messages and messages[0].role == 'system' %}
    {% set preamble, turns = messages[0].content, messages[1:] %}
{% else %}
    {% set preamble = 'Be brief.' %}
    {% set turns = messages %}
{% endif %}
[system]
{{ preamble | trim }}
[/system]
{% for turn in turns %}
[{{ turn.role }}]
{{ turn.content | trim }}
[/{{ turn.role }}]
{% endfor %}
{%- if add_generation_prompt %}

[assistant]
{% endif %}"""

# One branch a role, the generation prompt inside the loop.
BY_ROLE = """{%- set marks = {'user': '<|user|>', 'system': '<|sys|>', 'assistant': '<|bot|>'} -%}
{% for turn in messages %}
{% if turn['role'] in marks %}
{{ marks[turn['role']] + '\\n' + turn['content'] + eos_token }}
{% endif %}
{% if add_generation_prompt and loop.last %}
{{ marks.assistant }}
{% endif %}
{% endfor %}"""

# Strict alternation, the system message inside the first user's turn.
ALTERNATING = """{%- set state = namespace(expected='user', system='') -%}
{%- for turn in messages -%}
  {%- if turn.role == 'system' -%}
    {%- if not loop.first -%}{{ raise_exception('a system message must come first') }}{%- endif -%}
    {%- set state.system = '<<' ~ turn.content ~ '>>\\n\\n' -%}
    {%- continue -%}
  {%- endif -%}
  {%- if turn.role != state.expected -%}
    {{ raise_exception('expected ' ~ state.expected ~ ' in turn ' ~ loop.index) }}
  {%- endif -%}
  {%- if turn.role == 'user' -%}
    {{ bos_token + '[Q] ' + state.system + turn.content.strip() + ' [/Q]' }}
    {%- set state.expected = 'assistant' -%}
    {%- set state.system = '' -%}
  {%- else -%}
    {{ ' ' ~ turn.content.strip() ~ ' ' ~ eos_token }}
    {%- set state.expected = 'user' -%}
  {%- endif -%}
{%- endfor -%}"""

# Tools before the last user's turn, found by selectattr; fields of a tool one by one.
TOOLS_AT_THE_END = """{{- bos_token -}}
{%- set asked = messages | selectattr('role', 'equalto', 'user') | list -%}
{%- for turn in messages -%}
  {%- if turn.role == 'user' -%}
    {%- if tools and turn == asked[-1] -%}
      {{- '[TOOLS] [' -}}
      {%- for tool in tools -%}
        {{- '{' -}}
        {%- for name, field in tool.function.items() if name != 'return' -%}
          {{- '"' + name + '": ' -}}
          {{- '"' + field + '"' if field is string else field | tojson -}}
          {{- '' if loop.last else ', ' -}}
        {%- endfor -%}
        {{- '}' ~ (', ' if not loop.last) -}}
      {%- endfor -%}
      {{- '][/TOOLS]' -}}
    {%- endif -%}
    {{- '[ASK] ' ~ turn.content ~ ' [/ASK]' -}}
  {%- elif turn.tool_calls is defined and turn.tool_calls is not none -%}
    {{- '[CALLS] [' -}}
    {%- for call in turn.tool_calls -%}
      {%- set text = call.function | tojson -%}
      {{- text[:-1] -}}
      {{- ', "id": "' + call.id[-9:] + '"' if call.id is defined -}}
      {{- '}' -}}
      {{- ']' + eos_token if loop.last else ', ' -}}
    {%- endfor -%}
  {%- elif turn.role == 'tool' -%}
    {{- '[RESULT] ' ~ {'content': turn.content, 'id': turn.tool_call_id | default('none', true)} -}}
  {%- elif turn.role == 'assistant' -%}
    {{- ' ' + turn.content | trim + eos_token -}}
  {%- elif turn.role != 'system' -%}
    {{- raise_exception('the role ' + turn.role + ' is not known') -}}
  {%- endif -%}
{%- endfor -%}"""

# Everything in a variable first, the beginning of text put in front of the first.
HEADERS = """{% for turn in messages %}
{%- set line = '<|head|>' ~ turn.role ~ '<|/head|>\\n\\n' ~ turn.content | trim ~ '<|end|>' %}
{%- if not loop.index0 %}{% set line = bos_token ~ line %}{% endif %}
{{- line }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\\n\\n' }}{% endif %}"""

# A date, tools as indented JSON in the first user's turn, one call a turn.
DATED_TOOLS = """{{- bos_token }}
{%- set today = today if today is defined else strftime_now("%d %b %Y") %}
{%- set offset = 1 if messages[0].role == 'system' else 0 %}
{{- "<|system|>It is " ~ today ~ ".\\n" }}
{{- (messages | first).content | trim if offset }}
{%- if tools is not none and offset == messages | length %}
    {{- raise_exception("the tools go into a user's turn, and there is none") }}
{%- endif %}
{%- for turn in messages[offset:] %}
    {%- if 'tool_calls' in turn %}
        {%- if turn.tool_calls | length != 1 %}
            {{- raise_exception("one call a turn, not " ~ turn.tool_calls | count) }}
        {%- endif %}
        {%- set call = (turn.tool_calls | first).function %}
        {{- '<|assistant|>{"name": "' ~ call['name'] ~ '", "parameters": ' }}
        {{- call.arguments | tojson }}
        {{- "}" }}
    {%- elif turn.role in ['tool', 'ipython'] %}
        {{- "<|result|>" }}
        {{- turn.content | tojson if turn.content is mapping or turn.content is iterable }}
    {%- else %}
        {{- '<|' ~ turn.role ~ '|>' -}}
        {%- if loop.first and tools %}
            {%- for tool in tools %}
                {{- tool | tojson(indent=4) }}
                {{- "\\n\\n" }}
            {%- endfor %}
        {%- endif %}
        {{- turn.content | trim }}
    {%- endif %}
    {{- "<|end|>" }}
{%- endfor %}
{{- '<|assistant|>' if add_generation_prompt }}
"""

# No system role; another name for the assistant.
RENAMED = """{{ bos_token }}
{%- if 'system' in messages | map(attribute='role') -%}
{{ raise_exception('there is no system role') }}
{%- endif -%}
{%- for turn in messages -%}
    {%- set who = {'assistant': 'model'}.get(turn.role, turn.role) -%}
    {{ '<turn>' ~ who ~ '\\n' ~ (turn.content | trim) ~ '</turn>\\n' }}
{%- endfor -%}
{{- '<turn>model\\n' if add_generation_prompt else '' -}}"""

# Content as text or as a list of parts.
PARTS = """{%- macro show(content) -%}
    {%- if content is string -%}
        {{ content | trim }}
    {%- elif content is iterable -%}
        {%- for part in content -%}
            {%- if part.type == 'text' -%}{{ part['text'] | trim }}
            {%- elif part.type == 'image' -%}<image>
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception('content of an unknown type') }}
    {%- endif -%}
{%- endmacro -%}
{{ bos_token }}
{%- for turn in messages %}
{{ loop.index }}: {{ turn.role | capitalize }}
{{ show(turn.content) }}
{%- endfor -%}"""

# Empty messages are left out; an end token where nothing is to follow.
SKIPPING = """{% for turn in messages if turn.content %}{{ '<|' + turn['role'] + '|>\\n' +
turn['content'] + '<|end|>\\n' }}{% else %}{{ 'nothing' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

# State in a namespace that decides about marks around calls and results; thoughts cut off.
STATEFUL = """{%- set at = namespace(call=0, results=false, rules='') -%}
{%- for turn in messages | selectattr('role', 'eq', 'system') -%}
  {%- set at.rules = at.rules ~ ('\\n' if at.rules) ~ turn.content -%}
{%- endfor -%}
{{ bos_token }}{{ at.rules }}
{%- for turn in messages -%}
  {%- if turn.role == 'tool' -%}
    {{ '\\n' if at.results else '<results>' }}{{ '<result>' + turn.content + '</result>' }}
    {%- set at.results = true -%}
    {%- continue -%}
  {%- endif -%}
  {%- if at.results -%}{{ '</results>' }}{%- set at.results = false -%}{%- endif -%}
  {%- if turn.role == 'user' -%}{{ '<|User|>' ~ turn.content }}{%- endif -%}
  {%- if turn.role != 'assistant' -%}{%- continue -%}{%- endif -%}
  {%- for call in turn.tool_calls -%}
    {%- set at.call = at.call + 1 -%}
    {{ '<call ' ~ at.call ~ ' of ' ~ loop.length ~ '>' + call.type + ' ' + call.function.name }}
    {{ '```json\\n' ~ call['function']['arguments'] | tojson ~ '\\n```' }}
  {%- endfor -%}
  {%- if turn.content is not none and turn.content -%}
    {%- set said = turn.content -%}
    {%- if '</think>' in said -%}{%- set said = said.split('</think>') | last -%}{%- endif -%}
    {{ '<|Assistant|>' ~ said ~ eos_token }}
  {%- endif -%}
{%- endfor -%}
{{- '</results>' if at.results -}}
{%- if add_generation_prompt and not at.results -%}{{ '<|Assistant|><think>\\n' }}{%- endif -%}"""

# Types of parameters as Python's, by a macro that calls itself.
SIGNATURES = """{%- set simple = dict(string='str', integer='int', number='float') -%}
{%- macro python_type(spec) -%}
    {%- if spec.type in simple -%}
        {{- simple[spec.type] -}}
    {%- elif spec.type == "array" -%}
        {{- "list[" ~ python_type(spec["items"]) ~ "]" -}}
    {%- elif spec.type is iterable and spec.type is not string -%}
        {%- for part in spec.type -%}
            {{- python_type({"type": part}) }}{{ " | " if not loop.last -}}
        {%- endfor -%}
    {%- else -%}
        {{- "object" -}}
    {%- endif -%}
{%- endmacro -%}
{%- for tool in tools or [] %}
def {{ tool.function.name }}(
    {%- set needed = tool.function.parameters.required | default([]) -%}
    {%- for name, spec in tool.function.parameters.properties.items() -%}
        {{ name }}: {{ python_type(spec) }}{{ ' = None' if name not in needed }}
        {{- ', ' if not loop.last -}}
    {%- endfor -%}
):
    \\"\\"\\"{{ tool.function.description | default('') | indent(4) }}\\"\\"\\"
{% endfor -%}
{%- for turn in messages %}
{{ turn.role | upper }}:
    {%- if turn.tool_calls is defined %}
        {%- for call in turn.tool_calls %}
 {{ call.function.name | tojson }} <- {{ call.function.arguments | tojson(indent=2)
            | replace('\\n', '\\n    ') }}
        {%- endfor %}
    {%- endif %} {{ turn.content }}
{%- endfor %}
{{ 'ASSISTANT: ' if add_generation_prompt }}"""

# The last real question is looked for from the end; thoughts are kept behind it only.
THINKING = """{%- set last = namespace(question=messages | length - 1, found=false) -%}
{%- for turn in messages[::-1] -%}
    {%- set wrapped = turn.content is string and turn.content.startswith('<tool_response>') -%}
    {%- if not last.found and turn.role == 'user' and not wrapped -%}
        {%- set last.found = true -%}
        {%- set last.question = messages | length - loop.index -%}
    {%- endif -%}
{%- endfor -%}
{%- for tool in tools or () -%}
    {{- '<tool>' }}{{ tool | tojson }}{{ '</tool>\\n' -}}
{%- endfor -%}
{%- for turn in messages -%}
    {%- set said = turn.content if turn.content is string else '' -%}
    {%- set thought = turn.reasoning_content if turn.reasoning_content is string else '' -%}
    {%- if turn.role == 'assistant' and not thought and '</think>' in said -%}
        {%- set halves = said.split('</think>') -%}
        {%- set thought = halves[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') -%}
        {%- set said = halves[-1].lstrip('\\n') -%}
    {%- endif -%}
    {%- if turn.role == 'tool' -%}
        {{- '<results>' if loop.first or loop.previtem.role != 'tool' -}}
        {{- '\\n' ~ said -}}
        {{- '</results>\\n' if loop.last or loop.nextitem.role != 'tool' -}}
        {%- continue -%}
    {%- endif -%}
    {{- '<|' ~ turn.role ~ '|>' -}}
    {%- if thought and loop.index0 > last.question -%}
        {{- '<think>\\n' ~ thought.strip('\\n') ~ '\\n</think>\\n\\n' -}}
    {%- endif -%}
    {{- said -}}
    {%- for call in turn.tool_calls -%}
        {%- set call = call.function if call.function else call -%}
        {{- '\\n<call>' ~ call.name ~ ' ' -}}
        {{- call.arguments if call.arguments is string else call.arguments | tojson -}}
    {%- endfor -%}
    {{- '<|end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|assistant|>' -}}
    {%- if enable_thinking is defined and enable_thinking is false -%}
        {{- '<think>\\n\\n</think>\\n\\n' -}}
    {%- endif -%}
{%- endif -%}"""

# Types as TypeScript's; defaults of macros; {% generation %} around what the model said.
TYPESCRIPT = """{%- macro type_of(spec, required=[], nullable=false) -%}
    {%- if spec.enum -%}
        {{- '"' ~ spec.enum | join('" | "') ~ '"' -}}
    {%- elif spec.type == 'object' and spec.properties -%}
        {{- '{' -}}
        {%- for name, inner in spec.properties | dictsort -%}
            {{- name ~ ('?' if name not in required) ~ ': ' ~ type_of(inner) -}}
            {{- '; ' if not loop.last -}}
        {%- endfor -%}
        {{- '}' -}}
    {%- elif spec.type == 'array' -%}
        {{- type_of(spec['items'], nullable=true) ~ '[]' -}}
    {%- elif spec.type is sequence and spec.type is not string -%}
        {{- spec.type | join(' | ') -}}
    {%- else -%}
        {{- {'integer': 'number', 'number': 'number'}.get(spec.type, spec.type) -}}
    {%- endif -%}
    {{- ' | null' if nullable -}}
{%- endmacro -%}
<date>{{ strftime_now('%Y-%m-%d') }}</date>
{%- if tools %}
{% for tool in tools | map(attribute='function') %}
// {{ tool.description.split('\\n') | join(' / ') }}
type {{ tool.name }} = {{ type_of(tool.parameters, tool.parameters.required) }};
{% endfor %}
{%- endif -%}
{%- for turn in messages -%}
    {{- '<start>' ~ turn.role -}}
    {%- if turn.role == 'assistant' and 'tool_calls' in turn -%}
        {%- for call in turn.tool_calls -%}
            {{- ' to=' ~ call.function.name ~ ' ' ~ call.function.arguments | tojson -}}
        {%- endfor -%}
    {%- else -%}
        {{- '<message>' -}}
        {%- generation -%}{{- turn.content | default('', true) -}}{%- endgeneration -%}
    {%- endif -%}
    {{- '<end>' -}}
{%- endfor -%}
{{- '<start>assistant' if add_generation_prompt -}}"""

# A system message made up from what there is; controls as JSON; a whole list through tojson.
ASSEMBLED = """{%- if messages[0].role == 'system' -%}
 {%- set rules = messages[0].content -%}
{%- else -%}
 {%- set rules = 'Today: ' ~ strftime_now('%A, %B %d, %Y') ~ '.' -%}
 {%- if tools and documents -%}{%- set rules = rules ~ ' Tools, documents.' -%}
 {%- elif tools -%}{%- set rules = rules ~ ' Tools.' -%}
 {%- elif documents or thinking -%}{%- set rules = rules ~ ' Think.' -%}
 {%- endif -%}
{%- endif -%}
<rules>{{ rules }}</rules>
{{ '<tools>' ~ tools | tojson(indent=4) ~ '</tools>' if tools }}
{% for turn in messages %}
 {%- if loop.first and turn.role == 'system' -%}{%- continue -%}{%- endif -%}
<{{ turn.role }}>{{ turn.content or '' }}</{{ turn.role }}>
 {%- if add_generation_prompt and loop.last %}
<assistant{{ ' ' + controls | tojson if controls else '' }}>
 {%- endif %}
{% endfor %}"""

# Sections with blank lines between, whitespace control at every tag.
SECTIONS = """{%- set rules = messages | selectattr('role', 'equalto', 'system') | list -%}
{{ rules[-1].content | trim if rules else 'Below is a task.' }}

{% for turn in messages | rejectattr('role', 'in', ['system', 'tool']) %}
{% if turn.role == 'user' %}
### Task:
{% elif turn.role == 'assistant' %}
### Answer:
{% endif %}
{{ turn.content | string | trim -}}
{% if not loop.last %}


{% endif %}
{% endfor %}
{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}

### Answer:
{% endif %}"""

# What is unusual, at once.
TABLE = """{#- counts and a table -#}
{%- macro field(name, value, width=12) -%}
{{ '%-*s' | replace('*', width | string) | format(name) }}|{{ value }}
{% endmacro -%}
{%- set count = namespace(user=0, other=0, roles=[]) -%}
{%- for m in messages -%}
  {%- if m.role == 'user' -%}
    {%- set count.user = count.user + 1 -%}
  {%- else -%}
    {%- set count.other = count.other + 1 -%}
    {%- set count.roles = count.roles + [m.role] -%}
  {%- endif -%}
{%- endfor -%}
{{ field('users', count.user) }}
{{- field('others', count.roles | unique | sort | join('/'), width=8) }}
{%- for role, group in messages | groupby('role') %}
{{ loop.index }}. {{ role | title }} ({{ group | length }}):
{{- ' ' ~ group | map(attribute='content') | map('default', '-', true) | map('string') | map('trim')
    | join(' // ') | replace('\\n', ' ') }}
{%- endfor %}
{% for m in messages | reverse %}
{{ loop.revindex }}{{ m.content[:3] | tojson if m.content is string else 'null' }};
{%- endfor %}
{% for m in messages if m.content %}
{{ loop.index }}/{{ loop.length }}{{ loop.cycle('a', 'b') }}
{{- '<' ~ loop.previtem.role ~ '>' if loop.previtem is defined }}
{% endfor %}"""

TEMPLATES: dict[str, str] = {
    "chatml": CHATML,
    "default system": DEFAULT_SYSTEM,
    "by role": BY_ROLE,
    "alternating": ALTERNATING,
    "tools at the end": TOOLS_AT_THE_END,
    "headers": HEADERS,
    "dated tools": DATED_TOOLS,
    "renamed": RENAMED,
    "parts": PARTS,
    "skipping": SKIPPING,
    "stateful": STATEFUL,
    "signatures": SIGNATURES,
    "thinking": THINKING,
    "typescript": TYPESCRIPT,
    "assembled": ASSEMBLED,
    "sections": SECTIONS,
    "table": TABLE,
}
