/** The committed document, with things that really exist as its examples: those of the samples. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Sample } from '../support/samples.ts';

const parameter = z.looseObject({ name: z.string().optional(), in: z.string().optional() });
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(parameter).optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({})) }).optional(),
});
const documentShape = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

export async function withSamples(samples: Readonly<Record<string, Sample>>): Promise<unknown> {
  const file = new URL('../../functions/system/openapi.json', import.meta.url);
  const document = documentShape.parse(JSON.parse(await readFile(file, 'utf8')));
  for (const described of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    const { params = {}, query = {}, bodies = [] } = samples[described.operationId] ?? {};
    for (const one of described.parameters ?? []) {
      const example = (one.in === 'path' ? params : query)[one.name ?? ''];
      if (example !== undefined) one.example = example;
    }
    const json = described.requestBody?.content['application/json'];
    if (json === undefined || bodies.length === 0) continue;
    delete json.example;
    json.examples = Object.fromEntries(bodies.map((value, index) => [`sample${index}`, { value }]));
  }
  return document;
}
