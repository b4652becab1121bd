/** What is wrong with a field, in plain words. Messages that a schema brings itself stay as they are. */
import type { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  email: 'an e-mail address',
  url: 'a URL',
  datetime: 'an instant with offset, such as 2026-12-24T18:00:00Z',
  date: 'a date, such as 2026-12-24',
};

export function fieldWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${TYPES[issue.expected] ?? `of type ${issue.expected}`}`;
    case 'too_small':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'invalid_format':
      return FORMATS[issue.format] === undefined ? 'has not the right form' : `must be ${FORMATS[issue.format]}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : oneOf(issue.values);
    case 'invalid_union':
      return Array.isArray(issue.options) ? oneOf(issue.options) : 'is none of the forms that are taken here';
    case 'custom':
      return 'is not valid';
    default:
      return undefined;
  }
}

function bound(origin: string, how: string, limit: number | bigint): string {
  const things = { string: 'character', array: 'item' }[origin];
  return things === undefined
    ? `be ${how} ${limit}`
    : `have ${how} ${limit} ${things}${Number(limit) === 1 ? '' : 's'}`;
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
}
