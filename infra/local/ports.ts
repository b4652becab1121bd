/**
 * Ports of the inner endpoints. Chosen on the first start and kept, since addresses of objects, posts and accounts contain them.
 */
import { randomInt } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const portNames = [
  'aws',
  'postgres',
  'control',
  'mastodon',
  'threads',
  'bluesky',
  'pds',
  'plc',
  'appview',
] as const satisfies readonly string[];

export type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

const port = z.int().min(1).max(65_535);
const file = z.partialRecord(z.enum(portNames), port);

/** Reads the file, chooses free ports for the names it lacks, and writes it back whole. */
export async function keepPorts(path: string): Promise<Ports> {
  const kept = await readKept(path);
  const taken = new Set<number>(Object.values(kept));
  const ports: Partial<Record<PortName, number>> = { ...kept };
  for (const name of portNames) {
    const chosen = ports[name] ?? (await findFreePort(taken));
    ports[name] = chosen;
    taken.add(chosen);
  }
  const complete = z.record(z.enum(portNames), port).parse(ports);
  if (Object.keys(kept).length < portNames.length) await writeWhole(path, `${JSON.stringify(complete, null, 2)}\n`);
  return complete;
}

async function readKept(path: string): Promise<Partial<Record<PortName, number>>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    return file.parse(JSON.parse(text));
  } catch {
    throw new Error(`${path} is damaged: it must be a JSON object of port numbers`);
  }
}

/** Below the range that systems hand to outgoing connections (32768 on Linux), which could sit on a kept port. */
const lowestPort = 20_000;
const highestPort = 32_000;
const tries = 200;

async function findFreePort(taken: ReadonlySet<number>): Promise<number> {
  for (let left = tries; left > 0; left -= 1) {
    const candidate = randomInt(lowestPort, highestPort);
    if (!taken.has(candidate) && (await promise(candidate)) && (await isFree(candidate))) return candidate;
  }
  throw new Error(`no free port between ${lowestPort} and ${highestPort} was found`);
}

/** Between the choice of a port and listening there, another host of this user may choose it too: it is promised by a file. */
const promises = join(tmpdir(), `posthaste-ports-${process.getuid?.() ?? 0}`);
/** Longer than a host needs to listen, or to come back after a kill. */
const promisedMs = 10 * 60_000;
let swept: Promise<void> | undefined;

async function promise(candidate: number): Promise<boolean> {
  swept ??= forgetOldPromises().catch(() => undefined);
  await swept;
  try {
    await (await open(join(promises, String(candidate)), 'wx', 0o600)).close();
    return true;
  } catch (error) {
    // Without a folder to write to, chance must do.
    return !(error instanceof Error && 'code' in error && error.code === 'EEXIST');
  }
}

async function forgetOldPromises(): Promise<void> {
  await mkdir(promises, { recursive: true, mode: 0o700 });
  for (const name of await readdir(promises)) {
    const path = join(promises, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > promisedMs) await rm(path, { force: true });
  }
}

/** A port that is free now, of the range that outgoing connections do not use. */
export function anyFreePort(): Promise<number> {
  return findFreePort(new Set());
}

export type PortState = 'free' | 'taken' | 'not allowed';

/** Whether we could listen on 127.0.0.1 there now. Low ports are not allowed to everybody. */
export function portState(candidate: number): Promise<PortState> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EACCES' || error.code === 'EPERM' ? 'not allowed' : 'taken');
    });
    probe.listen({ port: candidate, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve('free')));
  });
}

export async function isFree(candidate: number): Promise<boolean> {
  return (await portState(candidate)) === 'free';
}

/** Writes beside and renames, so that a crash leaves the old file or the new one. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  const handle = await open(beside, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, path);
}
