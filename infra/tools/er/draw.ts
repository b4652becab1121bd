/**
 * The pictures: one per area with every column, one over all with names alone. Graphviz lays them out. What nearly every table
 * has, a project and a creator, is said by a word in its column and not by a line across the whole picture.
 */
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { type AreaName, areaNames, areaOf, areas, withoutArea } from './areas.ts';
import type { Model, Reference, Table } from './model.ts';

/** Of one width: Graphviz measures with a font of its own, and whoever looks has another one. */
const FONT = 'Courier New';
const FAMILY = `'SFMono-Regular',Menlo,Consolas,'DejaVu Sans Mono','Courier New',monospace`;
const ink = { line: '#5b6b7f', text: '#1f2933', soft: '#6b7785', border: '#9aa8b8', stub: '#f2f4f7' } as const;
const colours: Readonly<Record<AreaName, string>> = {
  identity: '#dbe9ff',
  projects: '#dff3e3',
  accounts: '#fff0d6',
  media: '#f3e3fb',
  content: '#ffe3e3',
  publishing: '#d9f2f4',
  approvals: '#fbeccb',
  analytics: '#e4e6fb',
  community: '#fde2ef',
  messaging: '#e8f0d8',
  operations: '#e8e8e8',
};

/** File name → SVG. Throws a sentence with the tables that have no area, and with those of an area that are not there. */
export async function drawPictures(model: Model): Promise<ReadonlyMap<string, string>> {
  checkAreas(model);
  const graphviz = await Graphviz.load();
  const svg = (dot: string) =>
    graphviz
      .layout(dot, 'svg', 'dot')
      .replace(/<!--[\s\S]*?-->\n?/g, '')
      .replaceAll(/font-family="[^"]*"/g, `font-family="${FAMILY}"`);
  const pictures = new Map([['overview.svg', svg(overview(model))]]);
  for (const area of areaNames) pictures.set(`${area}.svg`, svg(areaPicture(model, area)));
  return pictures;
}

function checkAreas({ tables }: Model): void {
  const names = new Set(tables.map(({ name }) => name));
  const homeless = [...names].filter((name) => !areaOf.has(name) && !withoutArea.has(name));
  const gone = [...areaOf.keys()].filter((name) => !names.has(name));
  if (homeless.length > 0) throw new Error(`infra/tools/er/areas.ts lacks ${homeless.join(', ')}`);
  if (gone.length > 0) throw new Error(`infra/tools/er/areas.ts names what is not there: ${gone.join(', ')}`);
}

/** A row of its own table, the owner of a tenant's row, and whoever made it: a word in the column, not a line. */
function isCommon({ from, to, columns }: Reference): boolean {
  const [first] = columns;
  if (from === to) return true;
  if (columns.length > 1) return false;
  return to === 'projects' ? first === 'project_id' : to === 'users' && first === 'created_by';
}

function areaPicture(model: Model, area: AreaName): string {
  const own = new Set<string>(areas[area]);
  const references = model.references.filter((one) => own.has(one.from) && !isCommon(one));
  const foreign = [...new Set(references.map(({ to }) => to))].filter((name) => !own.has(name)).sort();
  const tables = model.tables.filter(({ name }) => own.has(name));
  const joined = new Set(references.flatMap(({ from, to }) => [from, to]));
  const alone = tables.filter(({ name }) => !joined.has(name));
  return graph('rankdir=RL, nodesep=0.28, ranksep=0.9', [
    ...tables.map((table) => tableNode(table, area, model.references)),
    ...foreign.map((name) => stubNode(name)),
    ...references.map(edge),
    ...stacked(alone),
  ]);
}

/** Tables that refer to nothing stand in rows below each other. */
function stacked(alone: readonly Table[]): string[] {
  return alone.slice(1).flatMap(({ name }, index) => {
    const before = alone[index];
    return before === undefined || index % 3 === 2 ? [] : [`${quoted(name)} -> ${quoted(before.name)} [style=invis]`];
  });
}

/** What so much refers to that its lines would hide all others. */
const everywhere: ReadonlySet<string> = new Set(['users', 'projects', 'platforms']);

function overview(model: Model): string {
  const clusters = areaNames.map((area) => {
    const nodes = areas[area].map(
      (name) => `${quoted(name)} [shape=box, style=filled, fillcolor=white, color="${ink.border}"]`,
    );
    return `subgraph "cluster_${area}" { label=<<b>${area}</b>>; labeljust=l; style="filled,rounded"; color="${colours[area]}"; fillcolor="${colours[area]}"; ${nodes.join('; ')} }`;
  });
  const pairs = new Map<string, Reference>();
  for (const one of model.references)
    if (!isCommon(one) && !everywhere.has(one.to)) pairs.set(`${one.from} ${one.to}`, one);
  return graph('rankdir=LR, nodesep=0.12, ranksep=1.1, newrank=false', [
    ...clusters,
    ...[...pairs.values()].map(({ from, to }) => `${quoted(from)} -> ${quoted(to)} [arrowhead=vee, arrowsize=0.6]`),
  ]);
}

function graph(settings: string, lines: readonly string[]): string {
  return `digraph {
    graph [${settings}, bgcolor=white, pad=0.3, fontname="${FONT}", fontsize=14, fontcolor="${ink.text}"];
    node [shape=plain, fontname="${FONT}", fontsize=10, fontcolor="${ink.text}"];
    edge [color="${ink.line}", fontname="${FONT}", fontsize=9];
    ${lines.join(';\n')}
  }`;
}

function tableNode({ name, columns, partitioned }: Table, area: AreaName, references: readonly Reference[]): string {
  const own = references.filter(({ from }) => from === name);
  const rows = columns.map((column) => {
    const common = own.find((one) => isCommon(one) && one.columns.at(-1) === column.name);
    const mark = column.primary ? 'key' : own.some((one) => one.columns.at(-1) === column.name) ? '→' : ' ';
    const word =
      common === undefined
        ? `${escaped(column.type)}${column.required ? '' : '?'}`
        : `→ ${common.to}${column.required ? '' : '?'}`;
    return `<tr><td align="left" port="${column.name}">${escaped(column.name)}</td><td align="left"><font color="${ink.soft}">${word}</font></td><td align="right"><font color="${ink.soft}">${common === undefined ? mark : ' '}</font></td></tr>`;
  });
  const title = `<b>${escaped(name)}</b>${partitioned ? ` <font color="${ink.soft}">by month</font>` : ''}`;
  return `${quoted(name)} [label=<<table border="1" cellborder="0" cellspacing="0" cellpadding="3" color="${ink.border}" bgcolor="white"><tr><td colspan="3" align="left" bgcolor="${colours[area]}">${title}</td></tr>${rows.join('')}</table>>]`;
}

/** A table of another area: its name, on the colour of its area. */
function stubNode(name: string): string {
  const area = areaOf.get(name);
  const colour = area === undefined ? ink.stub : colours[area];
  return `${quoted(name)} [shape=box, style="filled,rounded", color="${ink.border}", fillcolor="${colour}", label=<${escaped(name)}<br/><font point-size="9" color="${ink.soft}">${area ?? ''}</font>>]`;
}

/** Crow's feet: many or one at the row that refers, one or none at the row that is referred to. */
function edge({ from, to, columns, required, single }: Reference): string {
  const tail = single ? 'teeodot' : 'crowodot';
  const head = required ? 'teetee' : 'teeodot';
  return `${quoted(from)}:${quoted(columns.at(-1) ?? '')} -> ${quoted(to)} [dir=both, arrowtail=${tail}, arrowhead=${head}, arrowsize=0.8]`;
}

function quoted(name: string): string {
  return `"${name}"`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
