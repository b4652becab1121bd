/** Schemathesis against the document and the doors: every check is on, and every operation is answered 2xx at least once. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { endpointsOf } from '../../infra/local/functions.ts';
import { openWorld, type World } from '../support/world.ts';
import { withSamples } from './document.ts';
import { type ContractGround, openContractGround } from './ground.ts';
import { installSchemathesis, run } from './schemathesis.ts';
import { settingsFor, UNTOLD } from './settings.ts';

const seed = process.env.CONTRACT_SEED ?? '20261124';
const most = process.env.CONTRACT_EXAMPLES ?? '6';
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const counts = z.record(z.string(), z.record(z.string(), z.int()));

let world: World;
let ground: ContractGround;
let folder: string;
let program: string;
beforeAll(async () => {
  program = await installSchemathesis();
  world = await openWorld({ workers: true });
  ground = await openContractGround(world);
  folder = await mkdtemp(join(tmpdir(), 'posthaste-contract-'));
});
afterAll(async () => {
  await ground?.close();
  await world?.close();
  await rm(folder, { recursive: true, force: true });
});

test('the API keeps what its document promises', async () => {
  const document = join(folder, 'openapi.json');
  const report = join(folder, 'answers.json');
  await writeFile(document, JSON.stringify(await withSamples(ground.samples)));
  const settings = join(folder, 'schemathesis.toml');
  await writeFile(settings, await settingsFor(endpointsOf(world.doors)));
  const began = performance.now();
  const args = ['--config-file', settings, 'run', document, '--url', world.origin];
  const { code, output } = await run(
    program,
    [...args, '--checks', 'all', '--seed', seed, '--max-examples', most, '--workers', '1', '--no-color'],
    {
      env: {
        CONTRACT_GROUND: ground.origin,
        CONTRACT_REPORT: report,
        CONTRACT_UNTOLD: JSON.stringify(UNTOLD),
        SCHEMATHESIS_HOOKS: here('./hooks.py'),
      },
      limitMs: 420_000,
      cwd: folder,
    },
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(
    `${output}\nschemathesis: seed ${seed} (CONTRACT_SEED), ${seconds} s\n` +
      `without a party of theirs, proven by their own tests: ${ground.unreachable.join(' ') || 'none'}\n`,
  );
  const answered = counts.parse(JSON.parse(await readFile(report, 'utf8')));
  const operations = endpointsOf(world.doors).filter(({ contract }) => contract.method !== '$default');
  const never = operations.filter(
    ({ operation, contract }) =>
      !ground.unreachable.includes(operation) && answered[operation]?.[String(contract.status)] === undefined,
  );
  const told = never.map(({ operation }) => `${operation} ${JSON.stringify(answered[operation] ?? {})}`);
  expect(told, 'never answered their success').toEqual([]);
  expect(code, 'see the failures above').toBe(0);
  const fell = world.logs.filter((line) => line.includes('"level":"error"'));
  expect(fell).toEqual([]);
});
