/** The report of one post as a page: what was published where, how late, and what came of it. No scripts. */
import { type Html, html } from '../html/html.ts';
import { connectorOf } from '../platforms/registry.ts';
import { barChart } from './bar-chart.ts';
import { historyChart } from './history-chart.ts';
import type { Report, ReportedPublication } from './shapes.ts';
import { sayCount, sayInstant, sayLateness } from './words.ts';

type Series = 'likes' | 'comments' | 'shares' | 'views';

export function renderReport(report: Report): Html {
  const { projectName, text, dueAt, publications } = report;
  return html`<main>
<header>
<p class="soft">${projectName}</p>
<h1>Report of a post</h1>
<p class="soft">${dueAt === null ? 'Not scheduled' : html`Due ${time(dueAt)}`}</p>
${text !== '' && html`<blockquote>${text}</blockquote>`}
<dl class="sums">${(['likes', 'comments', 'shares', 'views'] as const).map((series) => sum(publications, series))}</dl>
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
  return html`<h2>Likes and comments</h2>
<section class="card" aria-label="Likes and comments by account">
<ul class="key" aria-hidden="true"><li class="likes">Likes</li><li class="comments">Comments</li></ul>
${bars.length > 0 ? barChart(bars) : html`<p class="soft">Nothing is published yet.</p>`}
</section>
${histories.length > 0 && html`<h2>Over time</h2><div class="grid">${histories}</div>`}`;
}

function table(publications: readonly ReportedPublication[]): Html {
  return html`<table>
<thead><tr><th scope="col">Account</th><th scope="col">Post</th><th scope="col">Published</th><th scope="col" class="num">Late</th>
<th scope="col" class="num">Likes</th><th scope="col" class="num">Comments</th><th scope="col" class="num">Shares</th><th scope="col" class="num">Views</th></tr></thead>
<tbody>${publications.map(row)}</tbody>
</table>`;
}

function row(publication: ReportedPublication): Html {
  const { handle, state, url, dueAt, publishedAt, likes, comments, shares, views } = publication;
  const counts = [likes, comments, shares, views].map((count) => html`<td class="num">${sayCount(count)}</td>`);
  return html`<tr><th scope="row">${nameOf(publication)}<span class="soft">${handle}</span></th>
<td>${isWebAddress(url) ? html`<a href="${url}" rel="noreferrer noopener">Open<span class="soft"> ${new URL(url ?? '').host}</span></a>` : '–'}</td>
<td>${publishedAt !== null && state === 'published' ? time(publishedAt) : html`<span class="${state === 'failed' ? 'failed' : 'soft'}">${state}</span>`}</td>
<td class="num">${state === 'published' ? sayLateness(dueAt, publishedAt) : '–'}</td>${counts}</tr>`;
}

function sum(publications: readonly ReportedPublication[], series: Series): Html {
  const told = publications.flatMap((publication) => publication[series] ?? []);
  const total = told.length === 0 ? null : told.reduce((left, right) => left + right, 0);
  return html`<div><dt>${series.replace(/^./, (letter) => letter.toUpperCase())}</dt><dd>${sayCount(total)}</dd></div>`;
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

function isWebAddress(url: string | null): boolean {
  return url !== null && /^https?:$/.test(URL.parse(url)?.protocol ?? '');
}
