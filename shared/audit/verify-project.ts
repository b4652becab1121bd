/** The entries of one project against their seals. What it cannot know, whose a removed row was, its digest tells to who kept one. */
import { createHash } from 'node:crypto';
import type { Db } from '../db/client.ts';
import { listProjectSealing } from './queries.ts';

const ENTRIES_PER_CALL = 200; // what app.verify_project_audit takes at once

interface Wanted {
  readonly projectId: string;
  readonly afterEntry?: string | undefined;
  readonly untilEntry?: string | undefined;
}

/** Throws `not_found` for strangers, `forbidden` for members who are no owner. */
export async function verifyProject(db: Db, { projectId, afterEntry, untilEntry }: Wanted) {
  const wanted = { projectId, after: afterEntry ?? null, until: untilEntry ?? null, limit: ENTRIES_PER_CALL + 1 };
  const { entries } = await db.change(listProjectSealing, wanted);
  const ids = [...new Set(entries.map(({ entry }) => entry))];
  const seen = new Set(ids.slice(0, ENTRIES_PER_CALL));
  const checked = entries.filter(({ entry }) => seen.has(entry));
  const last = ids.at(seen.size - 1) ?? null;
  const hashes = new Map(checked.map(({ entry, hash }) => [entry, hash]));
  const digest = createHash('sha256')
    .update([...hashes.values()].join(''))
    .digest('hex');
  return {
    entries: seen.size,
    waiting: checked.filter(({ waits }) => waits).length,
    findings: checked.flatMap(({ entry, seal, finding }) => (finding === null ? [] : [{ what: finding, entry, seal }])),
    lastEntry: last,
    digest: last === null ? null : digest,
    nextAfterEntry: ids.length > ENTRIES_PER_CALL ? last : null,
  };
}
