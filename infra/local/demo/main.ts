/** `npm run demo`: the story against the host of `.data`, the one that runs already or one of its own. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkWritable, tellDatabasePlace } from '../data-folder.ts';
import { startHost } from '../host.ts';
import { type Lock, takeLock } from '../lock.ts';
import { defaultPort, readArguments, type StartArguments } from '../options.ts';
import { createPlatformsClient } from '../platforms/control-client.ts';
import { anyFreePort, isFree, keepPorts } from '../ports.ts';
import { keepRunning, stopBySignal } from '../signals.ts';
import { oneLine, shown } from '../terminal.ts';
import { say, step } from './screen.ts';
import { type Stage, tell } from './story.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const defaultDataDir = join(project, '.data');
const flags = ['--fresh', '--source'];

/**
 * Ends the process: 0 when every step held, 130 after a signal, else 1 with one line that says what did not hold. What it
 * started has then stopped.
 */
export async function demo(args: readonly string[]): Promise<never> {
  try {
    const given = readArguments(args, process.env, project, flags);
    if (typeof given === 'string') throw new Error(given);
    checkWritable(given.dataDir);
    const lock = takeLock(given.dataDir);
    if ('heldBy' in lock) await playOn(given, lock.heldBy);
    else await playOwn(given, lock);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${oneLine(error)}\n`);
    process.exit(1);
  }
}

/** On a host that somebody else started and stops. */
async function playOn({ dataDir, fresh }: StartArguments, heldBy: string): Promise<void> {
  if (fresh) throw new Error(`Posthaste runs on ${shown(dataDir)} (${heldBy}): --fresh would remove its data`);
  step(`Posthaste runs already (${heldBy})`);
  const origin = /http:\/\/\S+/.exec(heldBy)?.[0];
  if (origin === undefined) throw new Error('it is just starting: try again in a moment');
  const stage = await runningStage(dataDir, origin);
  if (stage.blueskyMissing !== null) step(`no Bluesky: ${stage.blueskyMissing}`);
  await show(stage);
}

async function playOwn(given: StartArguments, lock: Lock): Promise<void> {
  await tellDatabasePlace(given.dataDir, say);
  const port = await choosePort(given.port);
  keepRunning();
  const started = startHost({
    dataDir: given.dataDir,
    port,
    fresh: given.fresh,
    source: given.source ? 'source' : 'bundle',
    captureConsole: true,
    report: step,
  });
  const stop = async () => {
    await (await started).stop();
    lock.release();
  };
  const stopped = stopBySignal(stop, 130);
  const host = await started;
  try {
    if (host.platforms === null) throw new Error('the platforms did not start');
    lock.announce(host.origin);
    await show({ origin: host.origin, platforms: host.platforms, blueskyMissing: host.blueskyMissing });
    say(`${startCommand(given.dataDir, port)} serves it, with everything else that was made here.`);
  } catch (error) {
    // A story that a signal cut short has nothing to complain about; who stops the host ends the process.
    if (stopped()) await new Promise<never>(() => undefined);
    await stop();
    throw error;
  }
  if (stopped()) await new Promise<never>(() => undefined);
  await stop();
}

/** The wanted port, or another one aloud: the demo must not fail for it, but the report's address contains it. */
async function choosePort(wanted: number): Promise<number> {
  if (wanted !== 0 && (await isFree(wanted))) return wanted;
  const port = await anyFreePort();
  if (wanted !== 0) say(`port ${wanted} on 127.0.0.1 is taken: this demo uses ${port} instead`);
  return port;
}

/** What brings the same addresses to life again. */
function startCommand(dataDir: string, port: number): string {
  const variable = port === defaultPort ? '' : `PORT=${port} `;
  const folder = dataDir === defaultDataDir ? '' : ` -- --data ${shown(dataDir)}`;
  return `${variable}npm start${folder}`;
}

async function show(stage: Stage): Promise<void> {
  const url = await tell(stage);
  say();
  say(`report ${url}`);
}

/** A host that somebody else started: its platforms stand in the kept ports. */
async function runningStage(dataDir: string, origin: string): Promise<Stage> {
  const ports = await keepPorts(join(dataDir, 'ports.json'));
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const platforms = {
    control: at(ports.control),
    mastodon: at(ports.mastodon),
    threads: at(ports.threads),
    bluesky: at(ports.bluesky),
    appview: at(ports.appview),
  };
  const health = await createPlatformsClient(platforms.control)
    .health()
    .catch(() => null);
  if (health === null) throw new Error('it runs without platforms: stop it, or name another folder with --data DIR');
  return { origin, platforms, blueskyMissing: health.bluesky };
}
