/** Synth, documents and tests import every door, and Lambda freezes right after: an import may do nothing but declare. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../infra/doors.ts';

const run = promisify(execFile);

/** Runs before the door in a process of its own and tells what the door did. */
const watcher = `
import { syncBuiltinESMExports } from 'node:module';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import fs from 'node:fs';
import child from 'node:child_process';
const did = [];
const own = () => /\\/(functions|shared)\\//.test((new Error().stack ?? '').replaceAll(/node_modules.*/g, ''));
const note = (what) => { did.push(what); };
const environment = process.env;
process.env = new Proxy(environment, {
  get(target, name) { if (own()) note('reads the variable ' + String(name)); return target[name]; },
  has(target, name) { if (own()) note('looks for the variable ' + String(name)); return name in target; },
  ownKeys(target) { if (own()) note('lists the variables'); return Reflect.ownKeys(target); },
});
for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
  const real = globalThis[name];
  globalThis[name] = (...args) => { if (own()) note(name); return real(...args); };
}
const fetchReal = globalThis.fetch;
globalThis.fetch = (...args) => { note('fetch'); return fetchReal(...args); };
for (const [module, names] of [
  [http, ['request', 'get', 'createServer']],
  [https, ['request', 'get']],
  [net, ['connect', 'createConnection', 'createServer']],
  [child, ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execFileSync', 'execSync']],
]) {
  for (const name of names) {
    const real = module[name];
    module[name] = function (...args) { note(name); return Reflect.apply(real, this, args); };
  }
}
for (const name of ['writeFileSync', 'openSync', 'mkdirSync', 'mkdtempSync']) {
  const real = fs[name];
  fs[name] = function (...args) { if (own()) note(name); return Reflect.apply(real, this, args); };
}
syncBuiltinESMExports();
const signals = ['SIGTERM', 'SIGINT', 'exit', 'beforeExit', 'uncaughtException', 'unhandledRejection'];
const listening = () => signals.reduce((sum, name) => sum + process.listenerCount(name), 0);
const answer = {};
for (const file of process.argv.slice(1)) {
  const before = new Set(process.getActiveResourcesInfo());
  const listened = listening();
  const { handler } = await import(file);
  if (typeof handler !== 'function') note('exports no handler');
  await new Promise((resolve) => process.nextTick(resolve));
  const opened = process.getActiveResourcesInfo().filter((name) => !before.has(name) && !/^(TTY|Pipe)Wrap$/.test(name));
  for (const name of opened) note('keeps open ' + name);
  if (listening() > listened) note('listens to the process');
  answer[file] = did.splice(0);
}
process.env = environment;
console.log(JSON.stringify(answer));
`;

const told = z.record(z.string(), z.array(z.string()));

/** What each file did when it was imported. A module that several share counts for the first of them. */
async function importAll(files: readonly string[]): Promise<z.output<typeof told>> {
  const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '-e', watcher, ...files], {
    timeout: 180_000,
  });
  return told.parse(JSON.parse(stdout));
}

test('importing a door does nothing', async () => {
  const files = (await listDoors()).map(({ file }) => file);
  expect(await importAll(files)).toEqual(Object.fromEntries(files.map((file) => [file, []])));
});

test('the watch sees what a door must not do', async () => {
  const busy = fileURLToPath(new URL('./support/busy-door/functions/busy.ts', import.meta.url));
  const did = await importAll([busy]);
  expect(did[busy]).toEqual(
    expect.arrayContaining(['reads the variable POSTHASTE_BUSY', 'setInterval', 'createServer', 'keeps open Timeout']),
  );
});
