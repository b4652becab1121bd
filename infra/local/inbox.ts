/** Pages of the local inbox: `GET /inbox` for people, `GET /inbox.json?to=` for scripts. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Mail, Ses } from './aws/ses.ts';

/** Text that is HTML already; everything else that comes into a template is escaped. */
interface Html {
  readonly html: string;
}

/** Answers `/inbox` and `/inbox.json`; returns false for any other path, untouched. */
export function createInbox(ses: Pick<Ses, 'list'>): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const url = new URL(req.url ?? '/', 'http://inbox');
    if (url.pathname !== '/inbox' && url.pathname !== '/inbox.json') return false;
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.writeHead(405, { allow: 'GET, HEAD' }).end();
      return true;
    }
    const to = url.searchParams.get('to');
    const mails = ses.list(to === null ? {} : { to });
    if (url.pathname === '/inbox.json') {
      send(res, 'application/json', JSON.stringify({ data: mails }));
    } else {
      res.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
      send(res, 'text/html; charset=utf-8', page(mails, to).html);
    }
    return true;
  };
}

function send(res: ServerResponse, type: string, body: string): void {
  res.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
}

function page(mails: readonly Mail[], to: string | null): Html {
  const empty = html`<p>No mail yet. Whatever Posthaste sends on this machine arrives here and nowhere else.</p>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Inbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
article { border: 1px solid #ccc; border-radius: 8px; padding: 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 }
header p { color: #555; margin: .2rem 0 .8rem; font-size: .9rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0 }
iframe { width: 100%; height: 20rem; border: 1px solid #ccc }
</style>
</head>
<body>
<h1>Inbox${to === null ? '' : ` of ${to}`}</h1>
${mails.length === 0 ? empty : mails.map(article)}
</body>
</html>
`;
}

function article(mail: Mail): Html {
  return html`<article id="${mail.id}">
<header><h2>${mail.subject}</h2><p>${mail.from} → ${mail.to.join(', ')} · <time datetime="${mail.sentAt}">${mail.sentAt}</time></p></header>
${mail.text === null ? '' : html`<pre>${linked(mail.text)}</pre>`}
${mail.html === null ? '' : html`<details><summary>HTML</summary><iframe sandbox srcdoc="${mail.html}" title="HTML part"></iframe></details>`}
</article>
`;
}

/** The text with its http addresses as links. */
function linked(text: string): Html[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`));
}

function html(texts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  return { html: texts.map((text, index) => text + rendered(values[index] ?? '')).join('') };
}

function rendered(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return escaped(value);
  return 'html' in value ? value.html : value.map((part) => part.html).join('');
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (mark) => entities[mark] ?? mark);
}
