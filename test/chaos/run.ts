/** `npm run test:chaos [-- name …]`: every point, or those whose name contains one of the words; exit code 1 on any violation. */
import { killAt } from './kill.ts';
import type { Wanted } from './load.ts';
import { points } from './points.ts';
import { openStage } from './stage.ts';
import { recount } from './verdict.ts';

const words = process.argv.slice(2);
const chosen = points.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const print = (line: string) => process.stdout.write(`${line}\n`);
const columns = [42, 14, 10, 6, 8, 9, 8] as const;
const row = (cells: readonly (string | number)[]) =>
  print(cells.map((cell, index) => String(cell).padEnd(columns[index] ?? 0)).join(''));

const stage = await openStage();
const all: Wanted[] = [];
const wrong: string[] = [];
const began = performance.now();
row(['point', 'killed', 'in flight', 'lost', 'double', 'unknown', 'seconds']);
for (const point of chosen) {
  try {
    const { lost, double, unknown, violations, wanted, inFlight, seconds } = await killAt(stage, point);
    all.push(...wanted);
    row([point.name, point.kill, inFlight, lost.length, double.length, unknown.length, seconds.toFixed(1)]);
    const complaints = [
      ...lost.map((name) => `lost: ${name}`),
      ...double.map((name) => `double: ${name}`),
      ...unknown.map((name) => `unknown: ${name}`),
      ...violations,
    ];
    for (const complaint of complaints) print(`    ${complaint}`);
    wrong.push(...complaints);
  } catch (error) {
    row([point.name, point.kill, error instanceof Error ? error.message : String(error)]);
    wrong.push(point.name);
    await stage.revive();
  }
}
for (const complaint of await recount(stage, all)) {
  print(complaint);
  wrong.push(complaint);
}
const minutes = (performance.now() - began) / 60_000;
print(`${chosen.length} kills, ${all.length} publications, ${wrong.length} violations, ${minutes.toFixed(1)} minutes`);
await stage.close({ keep: wrong.length > 0 });
if (wrong.length > 0) print(`kept: ${stage.dataDir}`);
process.exit(wrong.length > 0 ? 1 : 0);
