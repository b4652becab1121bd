import { z } from 'zod';
import { count } from '../db/columns.ts';
import { query } from '../db/statement.ts';

export const listHashtags = query({
  name: 'listHashtags',
  kind: 'actor',
  access: 'read',
  row: z.object({ tag: z.string(), uses: count }),
})<{ prefix: string; limit: number }>`
  select h.tag, h.uses::text as uses from app.hashtags_like(${'prefix'}, ${'limit'}::integer) h`;

/** Brings the uses since the last time into the counts. */
export const foldHashtags = query({
  name: 'foldHashtags',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ folded: z.number() }),
})<{ limit: number }>`select app.fold_hashtags(${'limit'}::integer) as folded`;

/** Tags that no text has had for a day. */
export const forgetHashtags = query({
  name: 'forgetHashtags',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ forgotten: z.number() }),
})<{ limit: number }>`select app.forget_hashtags(${'limit'}::integer) as forgotten`;
