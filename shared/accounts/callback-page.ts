/** What the person sees after the platform's screen. */
import { type Html, html } from '../html/html.ts';
import { baseSheet } from '../html/sheet.ts';
import type { Finished } from './finish-oauth.ts';

export const callbackSheet = `${baseSheet}
main{max-width:30rem;padding-top:18vh;text-align:center}
.mark{font-size:2.5rem;line-height:1;margin-bottom:1rem}
.connected .mark{color:var(--ok)}
.denied .mark{color:var(--bad)}
`;

export function callbackPage(finished: Finished): { title: string; body: Html } {
  return finished.kind === 'connected'
    ? {
        title: `${finished.platform} connected`,
        body: html`<main><div class="card connected"><div class="mark" aria-hidden="true">✓</div>
<h1>${finished.handle} is connected</h1><p class="soft">Posthaste can now publish to ${finished.platform}. You may close this window.</p></div></main>`,
      }
    : {
        title: `${finished.platform} not connected`,
        body: html`<main><div class="card denied"><div class="mark" aria-hidden="true">✕</div>
<h1>Nothing was connected</h1><p class="soft">${finished.platform} says that permission was not given. Begin again when you like.</p></div></main>`,
      };
}
