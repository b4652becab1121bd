/** `npm run db -- archive …`: months that left the database, and how they are read again. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { archivePartitions, Manifest } from '../../shared/archive/archive-partitions.ts';
import { readPart } from '../../shared/archive/part.ts';
import { listArchives } from '../../shared/archive/queries.ts';
import { noteArchiveRead } from '../../shared/audit/queries.ts';
import { openArchived } from '../../shared/aws/archive-objects.ts';
import { connect, type Db } from '../../shared/db/client.ts';
import { type Command, print, setting } from './command.ts';

/** An hour, for whoever waits at a terminal; what is not done then is done by the next run. */
const RUN_MS = 3_600_000;
const LISTED = 1_000;

export const archive: Command = {
  usage: 'list | run | read <manifest or part>',
  summary: 'lists archived months, archives what is past its time, writes rows of the archive as JSON lines',
  run: async ([action, object], database) => {
    setting('DATABASE_WORKER_SECRET_ARN');
    // What is wrong with the environment is said by who looks at it first.
    await database();
    if (action === 'list') return list();
    if (action === 'run') return run();
    if (action === 'read' && object !== undefined) return read(object);
    throw new Error(`usage: npm run db -- archive ${archive.usage}`);
  },
};

function worker(): Db {
  return connect({
    caller: { kind: 'worker', name: 'archive' },
    requestId: randomUUID(),
    patienceMs: () => 60_000,
  });
}

async function list(): Promise<void> {
  const archives = await worker().many(listArchives, { limit: LISTED });
  for (const { partitionName, state, rows, bytes, manifestKey } of archives)
    print(`${state.padEnd(8)} ${partitionName} ${rows} rows, ${bytes} bytes ${manifestKey ?? ''}`.trimEnd());
  if (archives.length === 0) print('nothing is archived');
}

async function run(): Promise<void> {
  const endAt = performance.now() + RUN_MS;
  const { partitions, parts, rows } = await archivePartitions(worker(), () => endAt - performance.now());
  print(`${partitions} partitions archived; ${rows} rows written in ${parts} parts`);
}

/** All parts of a manifest, or one part. What is not what the manifest says ends with an error. */
async function read(object: string): Promise<void> {
  await worker().one(noteArchiveRead, { object });
  if (!object.endsWith('manifest.json')) return copyLines(readPart(object));
  const chunks: Buffer[] = [];
  for await (const chunk of await openArchived(object)) chunks.push(Buffer.from(chunk));
  const { parts } = Manifest.parse(JSON.parse(Buffer.concat(chunks).toString()));
  for (const part of parts) {
    const seen = { rows: 0, bytes: 0, sha256: '' };
    await copyLines(readPart(part.key, seen));
    if (seen.sha256 !== part.sha256) throw new Error(`${part.key} is not what was written`);
  }
}

async function copyLines(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}
