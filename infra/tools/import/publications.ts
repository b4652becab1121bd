/** What a publication there is here. What would go out by itself must be what its owner still expects. */
import type { Cells, Context } from './plan.ts';

export interface Publication {
  /** As the map says it. */
  readonly state: string;
  readonly dueAt: unknown;
  /** Undefined: the system never knew one. */
  readonly platformPostId: string | null | undefined;
  readonly message: string | null;
  readonly retries: number;
}

/** Older than this, a scheduled one is not sent after the import: it becomes a draft. */
const OVERDUE_MS = 10 * 60_000;

export function stateOf(publication: Publication, context: Context): Cells {
  const { retries, platformPostId } = publication;
  const attempts = retries > 0 ? retries + 1 : 0;
  return { attempts, platform_post_id: platformPostId ?? null, ...byState(publication, context) };
}

function byState({ state, dueAt, platformPostId, message }: Publication, context: Context): Cells {
  switch (state) {
    case 'scheduled':
      if (Date.parse(String(dueAt)) > context.now.getTime() - OVERDUE_MS)
        return { state, due_at: dueAt, scheduled_at: context.now };
      context.note('was due before the import and is a draft now');
      return { state: 'draft', due_at: dueAt };
    case 'published':
      if (platformPostId === null) context.note('has no id of the platform: its numbers cannot be fetched');
      return { state, due_at: dueAt, platform_post_id: platformPostId ?? `imported ${context.target}` };
    case 'failed':
      return {
        state,
        due_at: dueAt,
        failure_class: 'unknown',
        failure_code: 'imported',
        failure_message: message ?? 'Not said.',
      };
    case 'unknown':
      context.note('was being published during the import: look whether it is there, and say so');
      return { state, due_at: dueAt };
    default:
      return { state, due_at: dueAt };
  }
}
