/** From what a post says of its time to an instant: preferences and project fill in what was left out. */
import type { Db } from '../db/client.ts';
import type { FieldError } from '../errors.ts';
import { isZoneless } from '../time/shapes.ts';
import { resolveWallTime } from '../time/zone.ts';
import { findScheduleDefaults } from './queries.ts';
import type { PostInput } from './shapes.ts';

interface Resolved {
  /** The instant; null for other kinds of schedules, and with an error. */
  readonly at: string | null;
  readonly wallTime: string | null;
  readonly timeZone: string | null;
  readonly errors: readonly FieldError[];
}

export async function resolveSchedule(
  db: Db,
  schedule: PostInput['schedule'],
  projectId: string | null,
): Promise<Resolved> {
  if (schedule.type !== 'at') return { at: null, wallTime: null, timeZone: null, errors: [] };
  const { at, timeZone: given } = schedule;
  if (!isZoneless(at)) return { at, wallTime: null, timeZone: null, errors: [] };
  const isDate = !at.includes('T');
  const defaults = given === undefined || isDate ? await db.maybe(findScheduleDefaults, { projectId }) : null;
  const timeZone = given ?? defaults?.timeZone ?? 'UTC';
  const time = defaults?.defaultPostingTime ?? null;
  if (isDate && time === null) {
    const message = 'is only a date, and your preferences have no default posting time';
    return { at: null, wallTime: null, timeZone, errors: [{ pointer: '/body/schedule/at', code: 'no_time', message }] };
  }
  const wallTime = isDate ? `${at}T${time}:00` : at;
  return { at: resolveWallTime(wallTime, timeZone), wallTime, timeZone, errors: [] };
}
