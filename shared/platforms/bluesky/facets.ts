/** Links, hashtags and mentions are marked by byte ranges; Bluesky links nothing by itself. */
import { z } from 'zod';
import type { Failure, Session } from '../connector.ts';
import { toFailure } from '../failures.ts';
import type { Found } from '../text.ts';
import { countBytes, findHandles, findHashtags, findLinks, splitGraphemes } from '../text.ts';
import { failures } from './errors.ts';

export interface Facet {
  readonly index: { readonly byteStart: number; readonly byteEnd: number };
  readonly features: readonly Readonly<Record<string, string>>[];
}

const resolved = z.object({ did: z.string().startsWith('did:') });
const maxTagGraphemes = 64;

/** Facets of a text in its order. A handle that nobody has stays plain text. */
export async function facetsOf(session: Session, text: string): Promise<Facet[] | Failure> {
  const facets = [
    ...findLinks(text).map((link) => facet(text, link, { $type: 'app.bsky.richtext.facet#link', uri: link.value })),
    ...findHashtags(text)
      .filter(({ value }) => splitGraphemes(value).length <= maxTagGraphemes)
      .map((tag) => facet(text, tag, { $type: 'app.bsky.richtext.facet#tag', tag: tag.value })),
  ];
  for (const mention of findHandles(text)) {
    const did = await resolveHandle(session, mention.value);
    if (typeof did === 'object' && did !== null) return did;
    if (did !== null) facets.push(facet(text, mention, { $type: 'app.bsky.richtext.facet#mention', did }));
  }
  return facets.toSorted((a, b) => a.index.byteStart - b.index.byteStart);
}

async function resolveHandle({ http, credentials, signal }: Session, handle: string): Promise<string | null | Failure> {
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/xrpc/com.atproto.identity.resolveHandle`,
    query: { handle: handle.toLowerCase() },
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status >= 500 || reply.status === 429) return toFailure(reply, failures);
  return reply.json(resolved)?.did ?? null;
}

function facet(text: string, { start, end }: Found, feature: Readonly<Record<string, string>>): Facet {
  const byteStart = countBytes(text.slice(0, start));
  return { index: { byteStart, byteEnd: byteStart + countBytes(text.slice(start, end)) }, features: [feature] };
}
