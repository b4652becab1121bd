import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fragment, query } from '../../../shared/db/statement.ts';

const declared = { name: 'find', kind: 'actor', access: 'read', row: z.object({}) } as const;

describe('a statement', () => {
  it('numbers its arguments in the order in which they first stand', () => {
    const made = query(declared)<{ a: string; b: string }>`select ${'b'}, ${'a'}, ${'b'}`;
    expect(made).toMatchObject({ text: 'select $1, $2, $1', keys: ['b', 'a'] });
  });

  it('takes in what it shares with others, arguments and all, however deep', () => {
    const recent = fragment<{ since: string }>()`p.at > ${'since'}`;
    const mine = fragment<{ me: string; since: string }>()`(p.by = ${'me'} and ${recent})`;
    const nothing = fragment()`true`;
    const made = query(declared)<{ me: string; since: string; limit: number }>`
      ${nothing} and ${mine} limit ${'limit'} since ${'since'} ${nothing}`;
    expect(made).toMatchObject({
      text: 'true and (p.by = $1 and p.at > $2) limit $3 since $2 true',
      keys: ['me', 'since', 'limit'],
    });
  });

  it('has no more arguments than app.run binds', () => {
    const keys = Array.from({ length: 33 }, (_, index) => `k${index}`);
    const template = Object.assign(keys.map(() => '').concat(''), { raw: keys.map(() => '').concat('') });
    expect(() => query(declared)<Record<string, string>>(template, ...keys)).toThrow('more than 32');
  });
});
