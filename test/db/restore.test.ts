/** A database that is lost comes back as it was at any instant: every row, the sealed log, and the product on top of it. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drill, removeDrill } from '../../infra/tools/restore-drill.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'posthaste-drill-'));
  await chmod(dataDir, 0o755);
});
afterAll(() => removeDrill(dataDir));

it('is restored to an instant between backup and loss, and the demo passes on it', { timeout: 240_000 }, async () => {
  const steps: string[] = [];
  const result = await drill({ dataDir, set: 'minimal', report: (line) => void steps.push(line) });
  expect(result.problems).toEqual([]);
  expect(result.tables).toBeGreaterThan(50);
  expect(result.seals).toBeGreaterThan(0);
  expect(steps.at(-1)).toBe('played the demo on it: the story holds');
});
