/** `npm run openapi`: writes functions/system/openapi.json, which the doors of functions/system serve and route by. */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { openApi } from './openapi/document.ts';

const target = new URL('../../functions/system/openapi.json', import.meta.url);
const manifest = new URL('../../package.json', import.meta.url);

/** The document of all doors, as the text of its file. */
export async function deriveOpenApi(): Promise<string> {
  // The doors import the document: they are loaded late, so that one that is missing or broken can be made anew.
  const { listDoors } = await import('../doors.ts');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifest, 'utf8')));
  return `${JSON.stringify(openApi(await listDoors(), version), null, 2)}\n`;
}

async function main(): Promise<void> {
  const known = await readFile(target, 'utf8').catch(() => '');
  if (!isJson(known)) await writeFile(target, '{ "info": { "version": "" }, "paths": {} }\n');
  const text = await deriveOpenApi();
  if (text !== known) await writeFile(target, text);
  console.log(text === known ? 'functions/system/openapi.json is up to date' : 'functions/system/openapi.json written');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) await main();
