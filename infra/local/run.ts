/** The local host as a program: looks whether it can start, starts it, says when it is ready, and stops it by signal. */
import { fileURLToPath } from 'node:url';
import { checkWritable, tellDatabasePlace } from './data-folder.ts';
import { printEnvironment } from './environment-lines.ts';
import { startHost } from './host.ts';
import { checkOurs } from './kept.ts';
import { type Lock, takeLock } from './lock.ts';
import { defaultPort, readArguments, type StartArguments } from './options.ts';
import { portState } from './ports.ts';
import { keepRunning, stopBySignal } from './signals.ts';
import { oneLine, shown } from './terminal.ts';
import { watch } from './watch.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export async function run(args: readonly string[]): Promise<void> {
  const given = readArguments(args, process.env, project);
  process.stdout.on('error', ignoreClosedPipe);
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
async function claim({ dataDir, port, fresh }: StartArguments): Promise<Lock> {
  if (fresh) checkOurs(dataDir);
  checkWritable(dataDir);
  const lock = takeLock(dataDir);
  if ('heldBy' in lock) throw new Error(`Posthaste already runs on ${shown(dataDir)} (${lock.heldBy})`);
  const state = port === 0 ? 'free' : await portState(port);
  if (state !== 'free') {
    const other = state === 'not allowed' ? defaultPort : port + 1;
    throw new Error(`port ${port} on 127.0.0.1 is ${state}; set PORT to another one, such as PORT=${other} npm start`);
  }
  return lock;
}

/** Whoever reads our lines may stop reading, as `head` does. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function serve(given: StartArguments, lock: Lock): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  await tellDatabasePlace(given.dataDir, print);
  keepRunning();
  const started = startHost({
    dataDir: given.dataDir,
    port: given.port,
    fresh: given.fresh,
    source: given.source ? 'source' : 'bundle',
    control: given.control,
    platforms: given.platforms ? 'start' : 'none',
    webOrigins: given.webOrigins,
    captureConsole: true,
    report: print,
  });
  stopBySignal(async () => {
    await (await started).stop();
    lock.release();
  }, 0);
  const host = await started;
  lock.announce(host.origin);
  if (host.controlOrigin !== null) print(`control calls ${host.controlOrigin}`);
  for (const { href, label } of host.links) print(`${label} ${new URL(href, host.origin)}`);
  print(`ready ${host.origin} (data in ${shown(given.dataDir)}, log in logs/host.log there; Ctrl-C stops)`);
}
