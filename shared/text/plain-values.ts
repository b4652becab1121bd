/** Numbers and truths in addresses, where everything is text: one way to write each, and JSON's own. */
import { z } from 'zod';

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A whole number in plain decimal digits: no sign but `-`, no leading zero, space, exponent or other base. */
export function plainInteger({ min, max }: Bounds) {
  return z.preprocess(
    read(/^(?:0|-?[1-9]\d{0,15})$/, Number),
    z
      .int({ error: unreadable('must be a whole number in plain digits') })
      .min(min)
      .max(max),
  );
}

/** `true` or `false`. */
export const plainBoolean = z.preprocess(
  read(/^(?:true|false)$/, (text) => text === 'true'),
  z.boolean({ error: unreadable('must be true or false') }),
);

/** What is not of the form stays the text that it is, which the schema behind it refuses. */
function read(form: RegExp, value: (text: string) => number | boolean) {
  return (given: unknown) => (typeof given === 'string' && form.test(given) ? value(given) : given);
}

function unreadable(message: string) {
  return ({ code, input }: z.core.$ZodRawIssue) =>
    code === 'invalid_type' && typeof input === 'string' ? message : undefined;
}
