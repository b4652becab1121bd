import type { z } from 'zod';
import type { Violation } from './connector.ts';

/** What is wrong with a platform's options, each at its own pointer. */
export function checkAgainst(schema: z.ZodType, given: Readonly<Record<string, unknown>>): Violation[] {
  const issues = schema.safeParse(given).error?.issues ?? [];
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => violation([...issue.path, key], 'is not an option of this platform'))
      : [violation(issue.path, issue.message)],
  );
}

function violation(path: readonly PropertyKey[], message: string): Violation {
  const escaped = path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'));
  return { pointer: ['/options', ...escaped].join('/'), code: 'option_invalid', message };
}
