/** Of the OpenAPI document a door that imports it (`$default`) needs which methods a path has: the rest would be read at every cold start. */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { z } from 'zod';

const operation = z.object({
  security: z.array(z.object({})).optional(),
  responses: z.record(z.string(), z.unknown()).optional(),
  'x-once': z.boolean().optional(),
});
const document = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

export const routesOnlyPlugin: Plugin = {
  name: 'routes-only',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]functions[/\\]system[/\\]openapi\.json$/ }, async ({ path }) => {
      const { paths } = document.parse(JSON.parse(await readFile(path, 'utf8')));
      return { contents: JSON.stringify({ paths: routesOf(paths) }), loader: 'json' };
    });
  },
};

/** With what `_kit/route-table.ts` asks of an operation: whether it needs a sign-in, whether it succeeds with 200, and whether only once. */
function routesOf(paths: z.output<typeof document>['paths']) {
  return mapValues(paths, (methods) =>
    mapValues(methods, ({ security, responses, 'x-once': once }) => ({
      security,
      'x-once': once,
      responses: responses !== undefined && Object.hasOwn(responses, '200') ? { 200: {} } : {},
    })),
  );
}

function mapValues<A, B>(all: Readonly<Record<string, A>>, of: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, of(value)]));
}
