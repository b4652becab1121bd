/** What the host serves beside the API: the page at `/` and the inbox. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Door } from '../doors.ts';
import { endpointsOf } from './functions.ts';
import { createInbox } from './inbox.ts';
import type { PlatformOrigins } from './options.ts';
import { type StartPageLink, sendStartPage } from './start-page.ts';
import type { Wire } from './wire.ts';

/** Where a person finds things; addresses begin with `/` where they are the host's own. */
export function linksOf(doors: readonly Door[], platforms: PlatformOrigins | null): StartPageLink[] {
  return [
    ...endpointsOf(doors).flatMap(({ contract: { path } }): StartPageLink[] => {
      if (path.endsWith('/docs'))
        return [{ href: path, label: 'API reference', about: 'every route, to read and to try' }];
      if (path.endsWith('/openapi.json')) return [{ href: path, label: 'OpenAPI', about: 'the same as a document' }];
      return path.endsWith('/health') ? [{ href: path, label: 'health', about: 'of the API and its database' }] : [];
    }),
    { href: '/inbox', label: 'inbox', about: 'mails that were sent on this machine' },
    ...(platforms === null
      ? []
      : [
          { href: platforms.mastodon, label: 'Mastodon', about: 'a strict simulator of an instance' },
          { href: platforms.threads, label: 'Threads', about: 'a strict simulator' },
          { href: platforms.bluesky, label: 'Bluesky', about: 'a real PDS, behind a proxy that can lose answers' },
        ]),
  ];
}

/** False leaves the request to the routes. */
export function localPages(links: readonly StartPageLink[], ses: Wire['ses']) {
  const inbox = createInbox(ses);
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = request.url?.split('?')[0];
    if (path === '/inbox' || path === '/inbox.json') return inbox(request, response);
    if (path !== '/' || request.method !== 'GET') return false;
    sendStartPage(response, links);
    return true;
  };
}
