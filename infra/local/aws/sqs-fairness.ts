/**
 * Which messages are received next. In order of visibility, except that groups (MessageGroupId) which hold an outsized
 * share of what is in flight wait behind the quiet ones, as in SQS fair queues. Each message without a group is quiet.
 */
import { z } from 'zod';
import type { Store } from './store.ts';

/** A group is noisy from this share of the messages in flight on, as the service's guide says (sqs-fair-queues), if it holds
 *  at least `noisyMinimum` of them; the guide asks for thirty in flight, which one small machine seldom has. */
const noisyShare = 0.1;
const noisyMinimum = 2;

const groupRow = z.object({ group_id: z.string(), count: z.number() });
const seqRow = z.object({ seq: z.number() });

export interface Wanted {
  readonly queue: string;
  readonly nowMs: number;
  readonly max: number;
}

export function fairPick(
  store: Store,
  wanted: Wanted,
): { readonly seqs: readonly number[]; readonly inFlight: number } {
  const groups = store.rows(
    groupRow,
    `select group_id, count(*) as count from sqs_messages
     where queue = ? and receipt is not null and visible_ms > ? group by group_id`,
    wanted.queue,
    wanted.nowMs,
  );
  const inFlight = groups.reduce((sum, group) => sum + group.count, 0);
  const noisy = groups
    .filter(({ group_id, count }) => group_id !== '' && count >= noisyMinimum && count > inFlight * noisyShare)
    .map(({ group_id }) => group_id);
  if (noisy.length === 0) return { seqs: inOrder(store, wanted), inFlight };
  const quiet = ofQuietGroups(store, wanted, noisy);
  if (quiet.length >= wanted.max) return { seqs: quiet, inFlight };
  const rest = inOrder(store, { ...wanted, max: wanted.max + quiet.length }).filter((seq) => !quiet.includes(seq));
  return { seqs: [...quiet, ...rest].slice(0, wanted.max), inFlight };
}

function inOrder(store: Store, wanted: Wanted): number[] {
  return store
    .rows(
      seqRow,
      'select seq from sqs_messages where queue = ? and visible_ms <= ? order by visible_ms, seq limit ?',
      wanted.queue,
      wanted.nowMs,
      wanted.max,
    )
    .map(({ seq }) => seq);
}

/** Steps from group to group along the index, so that a long queue of a noisy group costs nothing. */
function ofQuietGroups(store: Store, wanted: Wanted, noisy: readonly string[]): number[] {
  return store
    .rows(
      seqRow,
      `with recursive groups (id) as (
         select min(group_id) from sqs_messages where queue = ?1
         union all
         select (select min(group_id) from sqs_messages where queue = ?1 and group_id > groups.id)
         from groups where groups.id is not null
       )
       select m.seq from groups join sqs_messages m on m.seq in (
         select seq from sqs_messages
         where queue = ?1 and group_id = groups.id and visible_ms <= ?2 order by visible_ms, seq limit ?3)
       where groups.id is not null and groups.id not in (select value from json_each(?4))
       order by m.visible_ms, m.seq limit ?3`,
      wanted.queue,
      wanted.nowMs,
      wanted.max,
      JSON.stringify(noisy),
    )
    .map(({ seq }) => seq);
}
