import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Door, listDoors } from '../../infra/doors.ts';
import { type BundleResult, bundleDoors } from '../../infra/tools/bundle.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const sampleRoot = fileURLToPath(new URL('./sample-doors', import.meta.url));
let folder: string;
let doors: readonly Door[];
let first: BundleResult;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bundle-'));
  doors = await listDoors(sampleRoot);
  first = await bundleDoors({ doors, outDir: path.join(folder, 'out') });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Calls the bundle's handler in a process of its own, as Lambda's runtime would: nothing but the folder and NODE_PATH. */
async function invoke(entry: string, event: unknown, nodePath = ''): Promise<unknown> {
  const script = `const { handler } = await import(${JSON.stringify(entry)});
    console.log(JSON.stringify(await handler(${JSON.stringify(event)}, {}).catch((error) => error.stack)));`;
  const env = { PATH: process.env.PATH ?? '', NODE_PATH: nodePath, NODE_OPTIONS: '--enable-source-maps' };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env });
  // Before the answer come the lines of the log.
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

function entryOf(operation: string): string {
  const bundle = first.bundles.find((one) => one.operation === operation);
  if (bundle === undefined) throw new Error(`no bundle of ${operation}`);
  return bundle.entry;
}

describe('one folder per door, ready for Lambda', () => {
  test('each door has its own, and the bytes are told', async () => {
    expect(first.cached).toBe(false);
    expect(first.bundles.map((bundle) => bundle.operation)).toEqual(doors.map((door) => door.operation));
    for (const bundle of first.bundles) expect((await stat(bundle.entry)).size).toBe(bundle.bytes);
  });

  test('a bundle runs away from the project, with its libraries inside', async () => {
    await expect(invoke(entryOf('createPost'), { text: 'hello' })).resolves.toEqual({ text: 'hello' });
  });

  test('a stack trace names the source, not the bundle', async () => {
    await expect(invoke(entryOf('createPost'), { text: 7 })).resolves.toMatch(/posts\/create-post\.ts:\d+/);
  });

  test('of the messages in fifty languages only ours go along', async () => {
    const text = await readFile(entryOf('createPost'), 'utf8');
    expect(text).toContain('Invalid input');
    expect(text).not.toMatch(/Ongeldige|Input non valido/);
  });

  test('declared files lie beside it', async () => {
    const css = await readFile(path.join(path.dirname(entryOf('docs')), 'swagger-ui.css'), 'utf8');
    expect(css).toBe(await readFile(path.join(project, 'node_modules/swagger-ui-dist/swagger-ui.css'), 'utf8'));
    expect(await readdir(path.dirname(entryOf('getPost')))).toEqual(['index.mjs', 'index.mjs.map']);
  });

  test('native packages are found in the layer, and are not in the bundle', async () => {
    const layer = path.join(folder, 'layer/node_modules');
    await mkdir(path.dirname(layer));
    await symlink(path.join(project, 'node_modules'), layer);
    await expect(invoke(entryOf('media'), {}, layer)).resolves.toMatchObject({ format: 'png', width: 2, height: 1 });
    await expect(invoke(entryOf('media'), {})).rejects.toThrow(/Cannot find module 'sharp'/);
  });

  test('an undeclared native package is refused', async () => {
    const undeclared = doors.map((door) => ({ ...door, contract: { ...door.contract, native: [] } }));
    const attempt = bundleDoors({ doors: undeclared, outDir: path.join(folder, 'undeclared') });
    await expect(attempt).rejects.toThrow(/workers\/media\.ts: imports sharp but does not declare it/);
  });
});

describe('nothing is built when nothing changed', () => {
  /** A copy inside the project, where its imports resolve and changing it disturbs nobody. */
  const copy = path.join(project, 'dist', `bundle-test-${process.pid}`);
  const outDir = path.join(copy, 'out');
  const source = path.join(copy, 'sample-doors/posts/create-post.ts');

  beforeAll(async () => {
    await mkdir(copy, { recursive: true });
    await cp(sampleRoot, path.join(copy, 'sample-doors'), { recursive: true });
    const sample = await readFile(path.join(project, 'test/infra/sample.ts'), 'utf8');
    await writeFile(path.join(copy, 'sample.ts'), sample);
  });

  afterAll(async () => {
    await rm(copy, { recursive: true });
  });

  async function bundleCopy(): Promise<boolean> {
    return (await bundleDoors({ doors: await listDoors(path.join(copy, 'sample-doors')), outDir })).cached;
  }

  test('the same sources are recognised; a changed source, a lost or cut-off file and another door are too', async () => {
    expect(await bundleCopy()).toBe(false);
    expect(await bundleCopy()).toBe(true);

    const text = await readFile(source, 'utf8');
    await writeFile(source, text.replace('Creates a post.', 'Creates one post.'));
    expect(await bundleCopy()).toBe(false);
    expect(await readFile(path.join(outDir, 'createPost/index.mjs'), 'utf8')).toContain('Creates one post.');
    expect(await bundleCopy()).toBe(true);

    await writeFile(path.join(outDir, 'getPost/index.mjs'), 'cut off');
    expect(await bundleCopy()).toBe(false);
    await rm(path.join(outDir, 'docs/swagger-ui.css'));
    expect(await bundleCopy()).toBe(false);

    await rm(path.join(copy, 'sample-doors/posts/get-post.ts'));
    expect(await bundleCopy()).toBe(false);
    await expect(stat(path.join(outDir, 'getPost/index.mjs'))).rejects.toThrow('ENOENT');
    expect(await bundleCopy()).toBe(true);
  });

  test('a manifest that is not ours means building', async () => {
    await writeFile(path.join(outDir, 'manifest.json'), '{"half":');
    expect(await bundleCopy()).toBe(false);
  });
});

test('the document of the whole API is read by the door that serves it, and of it by `$default` the routes alone', async () => {
  const all = await listDoors();
  const two = all.filter(({ operation }) => ['default', 'getOpenapi', 'getDocs'].includes(operation));
  const { bundles } = await bundleDoors({ doors: two, outDir: path.join(folder, 'document') });
  const [byDefault = '', , byOpenapi = ''] = await Promise.all(bundles.map(({ entry }) => readFile(entry, 'utf8')));
  expect(bundles.map(({ operation }) => operation)).toEqual(['default', 'getDocs', 'getOpenapi']);
  const documentText = await readFile(path.join(project, 'functions/system/openapi.json'), 'utf8');
  // With it a bundle would be more than twice as large, and slower to start by as much.
  for (const { bytes, operation } of bundles) expect([operation, bytes < 800_000]).toEqual([operation, true]);
  expect(byDefault).toContain('/v1/projects/{projectId}');
  expect(byDefault).not.toContain('GatewayMessage"');
  expect(byOpenapi).not.toContain('/v1/projects/{projectId}');
  expect(await readFile(path.join(folder, 'document/getOpenapi/openapi.json'), 'utf8')).toBe(documentText);

  const ask = (entry: string, method: string, rawPath: string) =>
    invoke(entry, {
      version: '2.0',
      rawPath,
      rawQueryString: '',
      headers: {},
      isBase64Encoded: false,
      requestContext: { requestId: 'x', http: { method, path: rawPath, sourceIp: '127.0.0.1', userAgent: '' } },
    });
  const [first, , last] = bundles;
  expect(await ask(first?.entry ?? '', 'PUT', '/v1/projects')).toMatchObject({
    statusCode: 405,
    headers: { allow: 'GET, OPTIONS, POST' },
  });
  expect(await ask(first?.entry ?? '', 'OPTIONS', '/docs')).toMatchObject({ headers: { allow: 'GET, HEAD, OPTIONS' } });
  expect(await ask(last?.entry ?? '', 'GET', '/openapi.json')).toMatchObject({
    statusCode: 200,
    body: JSON.stringify(JSON.parse(documentText)),
  });
});
