/** Time zones and wall times in them, by one set of rules: those of the runtime, which also said that the name is good. */
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

/**
 * A name of the IANA time zone database, such as `Europe/Berlin`. Offsets such as `+02:00` are none: they know no summer;
 * nor are `IST` or `PST`, which mean several zones.
 */
export function isTimeZone(name: string): boolean {
  if (!/^(?!SystemV\/)[A-Za-z][\w+-]*(\/[\w+-]+)*$/i.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'is not a time zone of the IANA database')
  .meta({ format: 'iana-time-zone', description: 'IANA time zone.', examples: ['Europe/Berlin'] });

/**
 * The instant, as ISO text, of a wall time (`2026-12-24T18:00:00`) in a zone that `isTimeZone` takes. What happens twice when
 * clocks go back means the first; what is skipped when they go forward is as much later (RFC 5545, section 3.3.5).
 */
export function resolveWallTime(wallTime: string, zone: string): string {
  return Temporal.PlainDateTime.from(wallTime)
    .toZonedDateTime(zone, { disambiguation: 'compatible' })
    .toInstant()
    .toString();
}
