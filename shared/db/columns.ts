/** The column types that rows are declared with. */
import { z } from 'zod';

/** As the database writes it: one that was given in capitals is the same. */
export const id = z.uuid().toLowerCase();

/** An instant as ISO text, microseconds kept, always ending in `Z`. */
export const instant = z
  .string()
  .regex(/^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)$/)
  .transform((text) => text.replace('+00:00', 'Z'))
  .pipe(z.string().meta({ format: 'date-time' }));

/** bigint and numeric are selected `::text`, so that no digit is lost on the way. */
export const count = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
  .pipe(z.int());

export const json = z.unknown();
