import { errors } from '../../shared/error-table.ts';
import { html } from '../../shared/html/html.ts';
import { baseSheet } from '../../shared/html/sheet.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';
import { statusesOf } from '../_kit/problem.ts';

const ACTORS = { you: 'the caller', platform: 'the platform', us: 'the operator' } as const;

export const handler = endpoint({
  method: 'GET',
  path: '/errors',
  auth: 'public',
  summary: 'Show every error code',
  description: 'Every problem points to its code here with `Link: </errors#code>; rel="help"`.',
  status: 200,
  content: HTML,
  errors: [],
  uses: {},
  throttle: { ratePerS: 100, burst: 200 },
})(async () => {
  const rows = statusesOf().map(
    ({ code, status }) =>
      html`<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${errors[code].title}</td><td>${ACTORS[errors[code].actor]}</td><td>${errors[code].retryable ? 'yes' : 'no'}</td></tr>`,
  );
  return htmlPage({
    title: 'Errors – Posthaste',
    body: html`<main><h1>Errors</h1><p class="soft">Every error is a problem (RFC 9457) with one of these codes.</p><div class="card"><table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Who can fix it</th><th>Retry</th></tr></thead><tbody>${rows}</tbody></table></div></main>`
      .markup,
    style: `${baseSheet}.card{overflow-x:auto}td,th{padding:.4rem .75rem;text-align:start;vertical-align:top}tr:target{outline:2px solid var(--accent)}`,
  });
});
