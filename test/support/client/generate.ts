/**
 * Types from the committed OpenAPI document, as a user of the API makes them:
 * `npx openapi-typescript http://127.0.0.1:3000/openapi.json --default-non-nullable=false -o api.ts`.
 */
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { z } from 'zod';

const documentFile = new URL('../../../functions/system/openapi.json', import.meta.url);

export async function generateTypes(): Promise<string> {
  // The generator needs the compiler's JavaScript API, which TypeScript 7 does not have.
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === 'typescript' ? '@typescript/typescript6' : specifier, context),
  });
  try {
    const { default: openapiTS, astToString } = await import('openapi-typescript');
    const document = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(documentFile, 'utf8')));
    return astToString(await openapiTS(JSON.stringify(document), { defaultNonNullable: false }));
  } finally {
    hooks.deregister();
  }
}
