/** What schemathesis cannot know of single operations, from their declarations. */
import { readFile } from 'node:fs/promises';
import { statusOf } from '../../functions/_kit/problem.ts';
import { methodsOf } from '../../functions/_kit/route-table.ts';
import type { endpointsOf } from '../../infra/local/functions.ts';

/** Operations with rules between fields, or of the calendar, that no schema tells. */
export const UNTOLD: Readonly<Record<string, string>> = {
  createPost: 'a wall time has a zone, a day is one that the month has, every platform has limits of its own',
  validatePost: 'the same body',
  listPosts: 'found by words, posts stand in the order in which they fit',
  updatePreferences: 'free JSON takes no number that would not be kept as it is',
  connectAccount: 'an address of a server is written with or without its scheme',
  updateMe: 'a user name is written in one script',
  register: 'the same',
  stepUp: 'exactly one proof of several',
  loginSecondFactor: 'the same',
  createIdentityProvider: 'scopes hold openid',
  updateIdentityProvider: 'the same',
  createMedia: 'images may have fewer bytes than videos',
};

type Endpoint = ReturnType<typeof endpointsOf>[number];

/** The configuration file with a section for each operation that needs one. */
export async function settingsFor(endpoints: readonly Endpoint[]): Promise<string> {
  const base = await readFile(new URL('./schemathesis.toml', import.meta.url), 'utf8');
  const known = [...base.matchAll(/expected-statuses = (\[.*\])/g)].at(-1)?.[1] ?? '[]';
  const usual: readonly string[] = JSON.parse(known);
  const operations = endpoints.filter(({ contract }) => contract.method !== '$default');
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { contract } of operations) {
    paths[contract.path] = { ...paths[contract.path], [contract.method.toLowerCase()]: {} };
  }
  const sections = operations.flatMap(({ operation, contract }) => {
    const refusals = [...contract.errors, ...(UNTOLD[operation] === undefined ? [] : (['invalid_request'] as const))];
    const own = [...new Set(refusals.map((code) => String(statusOf(code))))].filter(
      (status) => !usual.includes(status),
    );
    // Another route takes the method, with this very path as its parameter: 405 would be wrong.
    const { [contract.path]: _, ...others } = paths;
    const shared = methodsOf(others, contract.path).length > 0;
    return [
      ...(own.length > 0
        ? [
            `[[operations]]\ninclude-operation-id = "${operation}"`,
            `checks.positive_data_acceptance.expected-statuses = ${JSON.stringify([...usual, ...own])}`,
            // A platform that does not answer is told as 502.
            `checks.not_a_server_error.expected-statuses = ${JSON.stringify(['2xx', '3xx', '4xx', ...own])}`,
          ]
        : []),
      ...(shared ? [`[[operations]]\ninclude-path = "${contract.path}"\nphases.coverage.unexpected-methods = []`] : []),
    ];
  });
  return `${base}\n${sections.join('\n')}\n`;
}
