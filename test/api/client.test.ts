/** A client made from the OpenAPI document alone: its types are generated, checked, and the main job is told with it. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateTypes } from '../support/client/generate.ts';
import { mailedToken } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const programs = ['story.ts', 'mistakes.ts'].map((name) => join(project, 'test/support/client', name));
const run = promisify(execFile);

interface Told {
  readonly rows: readonly (readonly unknown[])[];
  readonly report: string;
  readonly notModified: number;
  readonly refused: readonly string[];
}
interface Story {
  tell(given: {
    readonly origin: string;
    readonly photo: Uint8Array;
    mailedToken(email: string): Promise<string>;
  }): Promise<Told>;
}

let world: World;
let folder: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  // Inside of the project, so that the compiler finds its packages.
  await mkdir(join(project, 'dist'), { recursive: true });
  folder = await mkdtemp(join(project, 'dist', 'client-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await world.close();
});

async function check(): Promise<string> {
  const settings = {
    extends: join(project, 'tsconfig.json'),
    compilerOptions: { paths: { '#api': [join(folder, 'api.ts')] }, lib: ['es2024', 'dom', 'dom.iterable'] },
    include: [],
    exclude: [],
    files: programs,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = join(project, 'node_modules/typescript/bin/tsc');
  const failed = (error: unknown) =>
    error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  return run(process.execPath, [compiler, '--noEmit', '-p', folder], { cwd: project }).then(() => '', failed);
}

test('the types that are generated hold for a program, refuse its mistakes and leak no any', async () => {
  const types = await generateTypes();
  await writeFile(join(folder, 'api.ts'), types);
  expect(await check()).toBe('');
  // The check checks: a field less in the document is a program less that compiles.
  await writeFile(join(folder, 'api.ts'), types.replaceAll('platformPostId', 'another'));
  expect(await check()).toContain("Property 'platformPostId' does not exist");
  await writeFile(join(folder, 'api.ts'), types.replace(/accessToken: string;/, 'accessToken: any;'));
  expect(await check()).toContain('not assignable');
});

test('the program tells the main job: register, upload, publish, react, measure, report', async () => {
  const story: Story = await import(new URL('../support/client/story.ts', import.meta.url).href);
  const told = await story.tell({
    origin: world.origin,
    photo: new Uint8Array(await readFile(new URL('../media/camera.jpg', import.meta.url))),
    mailedToken: async (email) => mailedToken(world, email),
  });
  expect(told.rows).toEqual([['community', 'published', 1, 1]]);
  expect(told.notModified).toBe(304);
  expect(told.refused).toEqual(['not_found you false', 'invalid_request you false']);
  const page = await fetch(told.report);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Told by a generated client.')]);
});
