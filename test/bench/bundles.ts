/** What a cold start loads: bytes of each door's bundle, and milliseconds of its import in a fresh process. `--all` lists each door. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Door, listDoors } from '../../infra/doors.ts';
import { type Bundle, bundleDoors } from '../../infra/tools/bundle.ts';
import { type Cell, percentile, printTable, say } from './table.ts';

const TIMES = 5;
const KIB = 1024;

interface Weighed {
  readonly operation: string;
  readonly kib: number;
  /** Median of the fresh processes. */
  readonly importMs: number;
}

export async function benchBundles(options: readonly string[]): Promise<void> {
  const doors = await listDoors();
  const dir = await mkdtemp(join(tmpdir(), 'posthaste-bench-'));
  try {
    const { bundles } = await bundleDoors({ doors: [...doors, ...baselines(doors)], outDir: dir });
    report(await weigh(bundles), options.includes('--all'));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Modules that go through the same bundler as the doors. */
const baselineFiles = { emptyModule: './baseline-empty.ts', rdsDataClientAlone: './baseline-rds-data.ts' } as const;

function baselines(doors: readonly Door[]): Door[] {
  const [door] = doors;
  if (door === undefined) throw new Error('there are no doors');
  const { native: _, assets: __, ...contract } = door.contract;
  return Object.entries(baselineFiles).map(([operation, file]) => ({
    ...door,
    operation,
    contract,
    file: fileURLToPath(new URL(file, import.meta.url)),
  }));
}

/** In rounds over all bundles, so that a busy moment of the machine falls on all of them alike. */
async function weigh(bundles: readonly Bundle[]): Promise<Weighed[]> {
  const times = new Map<string, number[]>(bundles.map(({ operation }) => [operation, []]));
  for (let time = 0; time < TIMES; time += 1) {
    for (const { operation, entry } of bundles) times.get(operation)?.push(await importOnce(entry));
  }
  return bundles.map(({ operation, bytes }) => ({
    operation,
    kib: bytes / KIB,
    importMs: percentile(times.get(operation) ?? [], 0.5),
  }));
}

async function importOnce(entry: string): Promise<number> {
  const source = `const began=performance.now();await import(${JSON.stringify(pathToFileURL(entry).href)});
    process.stdout.write(String(performance.now()-began),()=>process.exit(0))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source]);
  const ms = Number(stdout);
  if (!(ms > 0)) throw new Error(`${entry} was not imported: ${stdout}`);
  return ms;
}

function report(weighed: readonly Weighed[], all: boolean): void {
  const find = (name: keyof typeof baselineFiles) => {
    const found = weighed.find(({ operation }) => operation === name);
    if (found === undefined) throw new Error(`${name} was not weighed`);
    return found;
  };
  const [empty, client] = [find('emptyModule'), find('rdsDataClientAlone')];
  const doors = weighed.filter((one) => one !== empty && one !== client).sort((a, b) => b.importMs - a.importMs);
  const kib = doors.map((door) => door.kib);
  const ms = doors.map((door) => door.importMs);
  const row = (name: string, size: number, importMs: number): Cell[] => [
    ...[name, size, size / client.kib, importMs, importMs / empty.importMs, importMs / client.importMs],
  ];
  printTable(
    `bundles: ${doors.length} doors, minified, SDK inside; import in a fresh process, median of ${TIMES}`,
    ['doors', 'KiB', ': client', 'import ms', ': empty', ': client'],
    [
      row('min', percentile(kib, 0), percentile(ms, 0)),
      row('median', percentile(kib, 0.5), percentile(ms, 0.5)),
      row('p90', percentile(kib, 0.9), percentile(ms, 0.9)),
      row('max', percentile(kib, 1), percentile(ms, 1)),
      row('empty module', empty.kib, empty.importMs),
      row('RDS Data client alone', client.kib, client.importMs),
    ],
  );
  const listed = all ? doors : doors.slice(0, 5);
  printTable(
    all ? 'each door' : 'the slowest five (--all lists each)',
    ['door', 'KiB', ': client', 'import ms', ': empty', ': client'],
    listed.map((door) => row(door.operation, door.kib, door.importMs)),
  );
  say('KiB and milliseconds are ranked apart: the median of one is not the door of the other.');
}
