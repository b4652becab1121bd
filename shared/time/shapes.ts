/** Instants and wall times as people give them: only what PostgreSQL takes too. */
import { z } from 'zod';

/** An ISO instant with offset. */
export const givenInstant = z.iso
  .datetime({ offset: true, abort: true })
  .refine(isOfCalendar, 'is no time of the calendar from 1970 to 9998');

const wallTimePattern = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?$/;

/** A date and time without offset, such as `2026-12-24T18:00:00`. */
export const givenWallTime = z
  .string()
  .regex(wallTimePattern, { message: 'must be an instant with offset, or a wall time', abort: true })
  .refine(isOfCalendar, 'is no time of the calendar from 1970 to 9998');

/** A date without a time of day. */
export const givenDate = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, { message: 'must be a date', abort: true })
  .refine(isOfCalendar, 'is no day of the calendar from 1970 to 9998');

/** Whether it needs a zone to become an instant: a wall time or a date. */
export function isZoneless(at: string): boolean {
  return wallTimePattern.test(at) || !at.includes('T');
}

/** A day that its month has, years from what any offset brings past year 1 or 9999; PostgreSQL's offsets end before 16 hours. */
function isOfCalendar(time: string): boolean {
  const [, day = '', offset = '00:00'] = /^(.{10})(?:T[^+-]*(?:[+-](\d\d:\d\d))?)?$/.exec(time) ?? [];
  return z.iso.date().safeParse(day).success && day >= '1970' && day < '9999' && offset < '16:00';
}
