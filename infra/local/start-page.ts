/** Page at `/` of the local host: where everything is. */
import type { ServerResponse } from 'node:http';

export interface StartPageLink {
  readonly href: string;
  readonly label: string;
  readonly about: string;
}

export function sendStartPage(response: ServerResponse, links: readonly StartPageLink[]): void {
  const items = links.map(
    ({ href, label, about }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(label)}</a> ${escapeHtml(about)}</li>`,
  );
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Posthaste on this machine</title>
<style>
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
</style>
</head>
<body>
<h1>Posthaste runs</h1>
<ul>
${items.join('\n')}
</ul>
</body>
</html>
`;
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
