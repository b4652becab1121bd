import { z } from 'zod';
import type { Failure, Metrics, Session } from '../connector.ts';
import { readGraph } from './graph.ts';

const insights = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      values: z.array(z.object({ value: z.number() })).default([]),
    }),
  ),
});

export async function metrics(
  session: Session,
  platformPostId: string,
): Promise<{ kind: 'metrics'; metrics: Metrics } | Failure> {
  const path = `${encodeURIComponent(platformPostId)}/insights`;
  const parameters = { metric: 'views,likes,replies,reposts,quotes,shares' };
  const result = await readGraph(session, { method: 'GET', path, parameters }, insights);
  if (result.kind === 'failed') return result;
  const values = new Map(result.value.data.map(({ name, values: [first] }) => [name, first?.value ?? null]));
  const value = (name: string): number | null => values.get(name) ?? null;
  return {
    kind: 'metrics',
    metrics: {
      likes: value('likes'),
      // Direct replies only.
      comments: value('replies'),
      shares: sum([value('reposts'), value('quotes'), value('shares')]),
      views: value('views'),
      impressions: value('views'),
      reach: null,
      saves: null,
      clicks: null,
    },
  };
}

/** Null when the platform named none of them. */
function sum(parts: readonly (number | null)[]): number | null {
  const named = parts.filter((part) => part !== null);
  return named.length === 0 ? null : named.reduce((total, part) => total + part, 0);
}
