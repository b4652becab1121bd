/** How the numbers of one account grew: a line steps up when a fetch found more. */
import { type Html, html } from '../html/html.ts';
import type { ReportedPublication } from './shapes.ts';
import { plural, sayCount, sayInstant } from './words.ts';

type History = ReportedPublication['history'];

const WIDTH = 320;
const HEIGHT = 96;

/** Null with fewer than two fetches: one point is no history. */
export function historyChart(id: string, name: string, history: History): Html | null {
  const first = history[0];
  const last = history.at(-1);
  if (first === undefined || last === undefined || history.length < 2) return null;
  const most = Math.max(1, ...history.flatMap(({ likes, comments }) => [likes ?? 0, comments ?? 0]));
  return html`<figure class="card small">
<figcaption>${name}<span class="figures">${sayCount(last.likes)} likes, ${sayCount(last.comments)} comments</span></figcaption>
<svg class="lines" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${name}: likes and comments over time</title>
<desc id="${id}-desc">${plural(history.length, 'fetch').replace('fetchs', 'fetches')} from ${sayInstant(first.fetchedAt)} to ${sayInstant(last.fetchedAt)}; now ${sayCount(last.likes)} likes and ${sayCount(last.comments)} comments.</desc>
<line class="base" x1="0" x2="${WIDTH}" y1="${HEIGHT - 1}" y2="${HEIGHT - 1}"/>
<path class="likes" d="${path(history, 'likes', most)}"/>
<path class="comments" d="${path(history, 'comments', most)}"/>
</svg>
<div class="ends"><span>${sayInstant(first.fetchedAt)}</span><span>${sayInstant(last.fetchedAt)}</span></div>
</figure>`;
}

function path(history: History, series: 'likes' | 'comments', most: number): string {
  const points = history.flatMap((point) => {
    const count = point[series];
    return count === null ? [] : [{ atMs: Date.parse(point.fetchedAt), count }];
  });
  const fromMs = Date.parse(history[0]?.fetchedAt ?? '');
  const spanMs = Math.max(1, Date.parse(history.at(-1)?.fetchedAt ?? '') - fromMs);
  return points
    .map(({ atMs, count }, index) => {
      const x = (((atMs - fromMs) / spanMs) * WIDTH).toFixed(1);
      const y = (HEIGHT - 3 - (count / most) * (HEIGHT - 8)).toFixed(1);
      return index === 0 ? `M${x} ${y}` : `H${x}V${y}`;
    })
    .join('');
}
