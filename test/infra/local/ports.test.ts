import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFree, keepPorts } from '../../../infra/local/ports.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-ports-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the first start chooses free ports, below those of outgoing connections, and every later one keeps them', async () => {
  const path = join(folder, 'deeper', 'ports.json');
  const first = await keepPorts(path);
  expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
  for (const port of Object.values(first)) {
    expect(port).toBeLessThan(32_768);
    expect(await isFree(port)).toBe(true);
  }
  expect(await keepPorts(path)).toEqual(first);
  expect(await readdir(join(folder, 'deeper'))).toEqual(['ports.json']);
});

test('a name that an older file lacks is added, the others stay', async () => {
  const path = join(folder, 'ports.json');
  await writeFile(path, '{"aws": 20001, "pds": 20002}');
  const ports = await keepPorts(path);
  expect(ports).toMatchObject({ aws: 20_001, pds: 20_002, postgres: expect.any(Number) });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(ports);
});

test('a damaged file is named', async () => {
  const path = join(folder, 'ports.json');
  await writeFile(path, '{"aws": "x"');
  await expect(keepPorts(path)).rejects.toThrow(`${path} is damaged`);
});

test('a port that somebody listens on is not free', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  expect(await isFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree(port)).toBe(true);
});
