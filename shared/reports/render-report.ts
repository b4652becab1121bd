/** The report of one post as a page: what was published where, how late, and what came of it. No scripts. */
import { type Html, html } from '../html/html.ts';
import { connectorOf } from '../platforms/registry.ts';
import { barChart } from './bar-chart.ts';
import { historyChart } from './history-chart.ts';
import type { Report, ReportedPublication } from './shapes.ts';
import { sayCount, sayInstant, sayLateness } from './words.ts';

const SERIES = ['likes', 'comments', 'shares', 'views'] as const;
type Series = (typeof SERIES)[number];

export function renderReport(report: Report): Html {
  const { projectName, text, dueAt, publications } = report;
  return html`<main>
<header>
<p class="soft">${projectName}</p>
<h1>Report of a post</h1>
<p class="soft">${dueAt === null ? 'Not scheduled' : html`Due ${time(dueAt)}`}</p>
${text !== '' && html`<blockquote>${text}</blockquote>`}
<dl class="sums">${SERIES.map((series) => sum(publications, series))}</dl>
</header>
${publications.length > 0 && charts(publications)}
<h2 id="where">Where it was published</h2>
<div class="card scroll" role="region" aria-labelledby="where" tabindex="0">${table(publications)}</div>
<footer>${asOf(publications)} “–” means that the platform does not tell. Lateness is the platform's own record against the due second.</footer>
</main>`;
}

function charts(publications: readonly ReportedPublication[]): Html {
  const shown = publications.filter(({ state }) => state === 'published');
  const histories = shown.flatMap((publication, index) => {
    const chart = historyChart(`history-${index}`, `${nameOf(publication)} ${publication.handle}`, publication.history);
    return chart === null ? [] : [chart];
  });
  const bars = shown.map((publication) => ({
    ...publication,
    platform: nameOf(publication),
    label: publication.handle,
  }));
  if (shown.length === 0) return html`<p class="soft">Nothing is published yet.</p>`;
  return html`<h2>Likes and comments</h2>
<section class="card" aria-label="Likes and comments by account">
<ul class="key" aria-hidden="true"><li class="likes">Likes</li><li class="comments">Comments</li></ul>
${barChart(bars)}
</section>
${histories.length > 0 && html`<h2>Over time</h2><div class="grid">${histories}</div>`}`;
}

/** The roles are said aloud: a narrow screen shows the rows as blocks, and would lose them. */
function table(publications: readonly ReportedPublication[]): Html {
  const heads = ['Account', 'Post', 'Published', 'Late', 'Likes', 'Comments', 'Shares', 'Views'].map(
    (head, index) => html`<th role="columnheader" scope="col" class="${index > 2 ? 'num' : ''}">${head}</th>`,
  );
  return html`<table role="table"><thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">${publications.map(row)}</tbody></table>`;
}

function row(publication: ReportedPublication): Html {
  const { handle, state, url, dueAt, publishedAt } = publication;
  const isOut = state === 'published';
  const late = isOut ? sayLateness(dueAt, publishedAt) : '–';
  return html`<tr role="row"><th role="rowheader" scope="row">${nameOf(publication)}<span class="soft">${handle}</span></th>
<td role="cell" class="wide" data-label="Post">${link(url)}</td>
<td role="cell" class="wide" data-label="Published">${isOut && publishedAt !== null ? time(publishedAt) : stateOf(state)}</td>
${[numberCell('Late', late), ...SERIES.map((series) => numberCell(capital(series), sayCount(publication[series])))]}</tr>`;
}

function numberCell(label: string, value: string): Html {
  return html`<td role="cell" class="num" data-label="${label}">${value}</td>`;
}

function stateOf(state: string): Html {
  return html`<span class="${state === 'failed' ? 'failed' : 'soft'}">${state}</span>`;
}

function link(url: string | null): Html | string {
  const parsed = url === null ? null : URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return '–';
  return html`<a href="${parsed.href}" rel="noreferrer noopener">Open<span class="soft">${parsed.host}</span></a>`;
}

function sum(publications: readonly ReportedPublication[], series: Series): Html {
  const told = publications.flatMap((publication) => publication[series] ?? []);
  const total = told.length === 0 ? null : told.reduce((left, right) => left + right, 0);
  return html`<div><dt>${capital(series)}</dt><dd>${sayCount(total)}</dd></div>`;
}

function asOf(publications: readonly ReportedPublication[]): Html | null {
  const newest = publications
    .flatMap(({ metricsAt }) => metricsAt ?? [])
    .sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  return newest === undefined ? null : html`Numbers as of ${time(newest)}.`;
}

function nameOf({ platform }: ReportedPublication): string {
  return connectorOf(platform).capabilities.displayName;
}

function time(iso: string): Html {
  return html`<time datetime="${iso}">${sayInstant(iso)}</time>`;
}

function capital(word: string): string {
  return word.replace(/^./, (letter) => letter.toUpperCase());
}
