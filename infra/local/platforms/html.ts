/** Pages of the simulators: an OAuth screen with a form, and a post as the public sees it. */

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}img,video{max-width:100%}
label{display:block;margin:.6rem 0}button{margin:.6rem .6rem 0 0;padding:.4rem 1rem}</style></head>
<body>${body}</body></html>`;
}

export interface ConsentScreen {
  readonly platform: string;
  readonly action: string;
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly hidden: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** Login and consent in one form: `username`, `password`, `decision` = allow or deny. */
export function consentScreen(screen: ConsentScreen): string {
  const hidden = Object.entries(screen.hidden)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('\n');
  const scopes = screen.scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('');
  const error = screen.error === undefined ? '' : `<p role="alert">${escapeHtml(screen.error)}</p>`;
  return page(
    `Authorize ${screen.appName}`,
    `<h1>${escapeHtml(screen.platform)}</h1>${error}
<p><strong>${escapeHtml(screen.appName)}</strong> asks for access to your account:</p><ul>${scopes}</ul>
<form method="post" action="${escapeHtml(screen.action)}">
${hidden}
<label>Username <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
</form>`,
  );
}

export function html(status: number, body: string): { status: number; headers: Record<string, string>; body: string } {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

export function redirect(location: string): { status: number; headers: Record<string, string>; body: string } {
  return { status: 302, headers: { location, 'content-type': 'text/html; charset=utf-8' }, body: '' };
}
