import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { isFree, keepPorts, portState } from '../../../infra/local/ports.ts';

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

test('hosts that start at once choose different ports', async () => {
  const module = new URL('../../../infra/local/ports.ts', import.meta.url).href;
  const script = `import { anyFreePort } from ${JSON.stringify(module)};
    console.log(JSON.stringify(await Promise.all(Array.from({ length: 100 }, anyFreePort))));`;
  const chosen = await Promise.all(
    Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])),
  );
  const ports = chosen.flatMap(({ stdout }) => z.array(z.int()).parse(JSON.parse(stdout)));
  expect(ports).toHaveLength(400);
  expect(new Set(ports).size).toBe(400);
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

test('a port that is not allowed to this user is told from one that is taken', async () => {
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  const lowest = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 1024;
  const ports = new URL('../../../infra/local/ports.ts', import.meta.url).href;
  // Root may listen everywhere.
  const script = `import { portState } from ${JSON.stringify(ports)};
    if (process.getuid() === 0) process.setuid(65534);
    console.log(await portState(1));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout.trim()).toBe(lowest > 1 ? 'not allowed' : await portState(1));
});
