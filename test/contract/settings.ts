/** What schemathesis cannot know of single operations, from their declarations. */
import { readFile } from 'node:fs/promises';
import { statusOf } from '../../functions/_kit/problem.ts';
import { methodsOf } from '../../functions/_kit/route-table.ts';
import type { endpointsOf } from '../../infra/local/functions.ts';

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
    const own = [...new Set(contract.errors.map((code) => String(statusOf(code))))].filter(
      (status) => !usual.includes(status) && !status.startsWith('5'),
    );
    // Another route takes the method, with this very path as its parameter: 405 would be wrong.
    const { [contract.path]: _, ...others } = paths;
    const shared = methodsOf(others, contract.path).methods.length > 0;
    return [
      ...(own.length > 0 || shared ? [`[[operations]]\ninclude-operation-id = "${operation}"`] : []),
      ...(own.length > 0
        ? [`checks.positive_data_acceptance.expected-statuses = ${JSON.stringify([...usual, ...own])}`]
        : []),
      ...(shared ? ['checks.unsupported_method.enabled = false'] : []),
    ];
  });
  return `${base}\n${sections.join('\n')}\n`;
}
