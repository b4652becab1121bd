/** `npm run demo`: the story against the host of `.data`, the one that runs already or one of its own. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHost } from '../host.ts';
import { takeLock } from '../lock.ts';
import { createPlatformsClient } from '../platforms/control-client.ts';
import { isFree, keepPorts } from '../ports.ts';
import { say, step } from './screen.ts';
import { type Stage, tell } from './story.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const DEFAULT_PORT = 3000;

/** Ends the process: 0 when every step held, else 1 with one line that says which did not. */
export async function demo(args: readonly string[]): Promise<never> {
  try {
    await play(args);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

async function play(args: readonly string[]): Promise<void> {
  const folder = args[0] === '--data' ? args[1] : undefined;
  const dataDir = folder === undefined ? join(project, '.data') : resolve(folder);
  mkdirSync(dataDir, { recursive: true });
  const lock = takeLock(dataDir);
  if ('heldBy' in lock) {
    step(`Posthaste runs already (${lock.heldBy})`);
    const origin = /http:\/\/\S+/.exec(lock.heldBy)?.[0];
    if (origin === undefined) throw new Error('it is just starting: try again in a moment');
    await show(await runningStage(dataDir, origin), false);
    return;
  }
  const wanted = Number(process.env.PORT ?? DEFAULT_PORT);
  const port = (await isFree(wanted)) ? wanted : 0;
  const host = await startHost({ dataDir, port, captureConsole: true, report: step });
  try {
    if (host.platforms === null) throw new Error('the platforms did not start');
    lock.announce(host.origin);
    await show({ origin: host.origin, platforms: host.platforms, blueskyMissing: host.blueskyMissing }, true);
  } finally {
    await host.stop();
    lock.release();
  }
}

async function show(stage: Stage, own: boolean): Promise<void> {
  if (stage.blueskyMissing !== null) step(`without Bluesky: ${stage.blueskyMissing}`);
  const url = await tell(stage);
  say();
  say(`report ${url}`);
  if (own) say('npm start serves it, with everything else that was made here.');
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
  const { bluesky } = await createPlatformsClient(platforms.control).health();
  return { origin, platforms, blueskyMissing: bluesky };
}
