/** The local host as a program: looks whether it can start, starts it, says when it is ready, and stops it by signal. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printEnvironment } from './environment-lines.ts';
import { type Host, startHost } from './host.ts';
import { type Lock, takeLock } from './lock.ts';
import { readArguments, type StartArguments } from './options.ts';
import { isFree } from './ports.ts';
import { findHome } from './postgres-home.ts';
import { watch } from './watch.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export async function run(args: readonly string[]): Promise<void> {
  const given = readArguments(args, process.env, project);
  try {
    if (typeof given === 'string') throw new Error(given);
    if (given.watch) return watch(args, project);
    if (given.env) return await printEnvironment(given);
    const lock = await claim(given);
    await serve(given, lock);
  } catch (error) {
    process.stderr.write(`${oneLine(error)}\n`);
    process.exit(1);
  }
}

/** Everything that can be in the way, asked before anything is started. */
async function claim({ dataDir, port }: StartArguments): Promise<Lock> {
  checkWritable(dataDir);
  const lock = takeLock(dataDir);
  if ('heldBy' in lock) throw new Error(`Posthaste already runs on ${shown(dataDir)} (${lock.heldBy})`);
  if (port !== 0 && !(await isFree(port))) {
    throw new Error(`port ${port} on 127.0.0.1 is taken; set PORT to another one, such as PORT=${port + 1} npm start`);
  }
  return lock;
}

async function serve(given: StartArguments, lock: Lock): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const { location } = await findHome(given.dataDir);
  if (relative(given.dataDir, location).startsWith('..')) {
    print(`the database lies in ${location}, since PostgreSQL's own user cannot reach ${shown(given.dataDir)}`);
  }
  keepRunning();
  const started = startHost({
    dataDir: given.dataDir,
    port: given.port,
    fresh: given.fresh,
    source: given.source ? 'source' : 'bundle',
    control: given.control,
    platforms: given.platforms ? 'start' : 'none',
    captureConsole: true,
    report: print,
  });
  stopBySignal(started, lock);
  const host = await started;
  lock.announce(host.origin);
  if (host.controlOrigin !== null) print(`control calls ${host.controlOrigin}`);
  for (const { href, label } of host.links) print(`${label} ${new URL(href, host.origin)}`);
  print(`ready ${host.origin} (data in ${shown(given.dataDir)}, log in logs/host.log there; Ctrl-C stops)`);
}

/** The first signal stops in order. A later one forces: PostgreSQL and platforms then stay, and the next start adopts them. */
function stopBySignal(started: Promise<Host>, lock: Lock): void {
  // A terminal sends Ctrl-C to npm and to us, and npm passes it on: one press arrives twice.
  const samePressMs = 1_000;
  let firstMs: number | null = null;
  function onSignal(): void {
    if (firstMs !== null) {
      if (performance.now() - firstMs > samePressMs) process.exit(130);
      return;
    }
    firstMs = performance.now();
    process.stdout.write('stopping\n');
    started
      .then((host) => host.stop())
      .then(() => lock.release())
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        process.stderr.write(`${oneLine(error)}\n`);
        process.exit(1);
      });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** On Lambda a function that breaks its process breaks no other: what nobody caught goes to the log, and the host lives on. */
function keepRunning(): void {
  process.on('unhandledRejection', (reason) => console.error('nobody caught', reason));
  process.on('uncaughtException', (error) => console.error('nobody caught', error));
}

function checkWritable(dataDir: string): void {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Error(`cannot write to ${shown(dataDir)}: ${oneLine(error)}; --data DIR names another folder`);
  }
}

/** Relative where that is shorter to read. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] ?? message;
}
