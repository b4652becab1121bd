import { describeError, type Fields, log } from '../log.ts';

/**
 * Runs parts of a tick one after another; one that fails keeps none of the others from its work.
 * @returns the fields of all
 * @throws the error of the first that failed, when all have run; each failure has a log line with its part's name
 */
export async function eachPart(parts: Readonly<Record<string, () => Promise<Fields>>>): Promise<Fields> {
  const errors: unknown[] = [];
  let fields: Fields = {};
  for (const [part, run] of Object.entries(parts)) {
    try {
      fields = { ...fields, ...(await run()) };
    } catch (error) {
      log('error', 'a part of the tick failed', { part, ...describeError(error) });
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return fields;
}
