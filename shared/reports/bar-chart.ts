/** Likes and comments per account: bars in percent of the width, so that the text keeps its size on any screen. */
import { type Html, html } from '../html/html.ts';
import { plural, sayCount } from './words.ts';

export interface Bar {
  readonly label: string;
  readonly platform: string;
  readonly likes: number | null;
  readonly comments: number | null;
}

const ROW = 78;
const BAR = 18;
const WIDEST = 86; // percent: the rest is for the number behind the bar

export function barChart(bars: readonly Bar[]): Html {
  const most = Math.max(1, ...bars.flatMap(({ likes, comments }) => [likes ?? 0, comments ?? 0]));
  return html`<svg class="bars" width="100%" height="${bars.length * ROW}" role="img" aria-labelledby="bars-title bars-desc">
<title id="bars-title">Likes and comments by account</title>
<desc id="bars-desc">${bars.map(describe).join(' ')}</desc>
${bars.map((bar, index) => group(bar, index * ROW, most))}
</svg>`;
}

function describe({ label, platform, likes, comments }: Bar): string {
  const said = (count: number | null, one: string) => (count === null ? `${one}s not told` : plural(count, one));
  return `${platform}, ${label}: ${said(likes, 'like')}, ${said(comments, 'comment')}.`;
}

function group({ label, platform, likes, comments }: Bar, top: number, most: number): Html {
  return html`<text class="name" x="0" y="${top + 15}">${platform} <tspan class="quiet">${label}</tspan></text>
${one('likes', likes, top + 24, most)}${one('comments', comments, top + 24 + BAR + 4, most)}`;
}

function one(series: 'likes' | 'comments', count: number | null, top: number, most: number): Html {
  const width = ((count ?? 0) / most) * WIDEST;
  return html`<rect class="${series}" x="0" y="${top}" height="${BAR}" rx="3" width="${count === 0 || count === null ? '2' : `${width.toFixed(2)}%`}"/>
<text class="count" x="${width.toFixed(2)}%" dx="8" y="${top + BAR - 4}">${sayCount(count)}</text>`;
}
