/** One kill: publications in flight, the point reached, the process dead, a restart, time moved on, and the verdict. */
import { z } from 'zod';
import { type Load, makeLoad, type Wanted } from './load.ts';
import { type Arm, commitRoutes, type Point } from './points.ts';
import type { Stage } from './stage.ts';
import { judge, type Verdict } from './verdict.ts';

export interface Outcome extends Verdict {
  readonly wanted: readonly Wanted[];
  /** Publications that had an answered create and were not settled when the host died. */
  readonly inFlight: number;
  readonly seconds: number;
}

const dieWithinMs = 60_000;
const settleWithinMs = 90_000;
/** More than a lease of 75 s, or the longest pause between two looks, at one step; little enough to give nothing up. */
const stepMs = 80_000;
const open = `select count(*)::integer as open from post_publications pp join posts p on p.id = pp.post_id
  where p.metadata ->> 'key' = any ($1::text[]) and pp.state not in ('published', 'failed', 'cancelled')`;

export async function killAt(stage: Stage, point: Point): Promise<Outcome> {
  const began = performance.now();
  await stage.judge.clearFaults();
  if (point.load === 'refresh') await endTokensSoon(stage);
  const load = makeLoad(stage, point.load ?? 'now');
  let inFlight = 0;
  for (const arm of [point.first, point.arm]) {
    if (arm === undefined) continue;
    await armAt(stage, point, arm);
    await loseAnswers(stage);
    if (!(await drive(stage, load, dieWithinMs))) throw new Error(`${point.name}: the point was not reached`);
    await checkDeath(stage, arm);
    await stage.restart();
    inFlight = await countOpen(stage, load);
  }
  if (await drive(stage, load, settleWithinMs)) throw new Error(`${point.name}: the host died once more`);
  const verdict = await judge(stage, load);
  return { ...verdict, wanted: load.wanted, inFlight, seconds: (performance.now() - began) / 1000 };
}

async function armAt(stage: Stage, { kill }: Point, arm: Arm): Promise<void> {
  const host = stage.host();
  const alsoPids = kill === 'host+postgres' ? [host.postgresPid()] : [];
  if (arm.in === 'host') return host.arm({ point: arm.point, skip: arm.skip, action: 'kill', alsoPids });
  const { platform, route, when, skip } = arm;
  await stage.judge.armFault({ platform, route, when, skip, action: 'kill-host', pid: host.pid, alsoPids });
}

/** Beside the kill, one commit on each platform takes effect and its answer is lost on the way. */
async function loseAnswers(stage: Stage): Promise<void> {
  const lost = { action: 'drop', skip: 3 } as const;
  for (const platform of ['mastodon', 'threads', 'bluesky'] as const) {
    await stage.judge.armFault({ ...lost, platform, route: commitRoutes[platform], when: 'applied' });
  }
  await stage.host().arm({ ...lost, point: 'data-api:publishToCommunity:after' });
}

/** By SIGKILL, and by nobody but the fault. */
async function checkDeath(stage: Stage, arm: Arm): Promise<void> {
  const how = await stage.host().end;
  if (how !== 'SIGKILL') throw new Error(`the host ended with ${how}`);
  if (arm.in === 'host') return;
  const struck = (await stage.judge.faults()).some(
    ({ route, action, struck: times }) => route === arm.route && action === 'kill-host' && times > 0,
  );
  if (!struck) throw new Error(`the host died before ${arm.route}`);
}

/** Goes on until everything is settled (false) or the host has died (true). Gives up after `withinMs`: what is open then counts. */
async function drive(stage: Stage, load: Load, withinMs: number): Promise<boolean> {
  const host = stage.host();
  const giveUpAt = performance.now() + withinMs;
  while (performance.now() < giveUpAt) {
    try {
      const created = await load.create();
      await rest(stage);
      if (created && (await countOpen(stage, load)) === 0) return false;
      await stage.advance(stepMs);
      await host.tick('dispatchDue');
      await host.tick('sweep');
    } catch (error) {
      if (!(await hasDied(stage))) throw error;
    }
    if (await hasDied(stage)) return true;
  }
  return false;
}

/** Until the queue is empty but for what is delayed, or the host is dead. */
async function rest(stage: Stage): Promise<void> {
  const host = stage.host();
  for (let calm = 0; calm < 3; ) {
    const { publish } = await host.queues();
    calm = publish === undefined || (publish.visible === 0 && publish.inFlight === 0) ? calm + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** A call that broke off may be earlier than the news of the death. */
async function hasDied(stage: Stage): Promise<boolean> {
  const host = stage.host();
  for (let tries = 0; tries < 20 && host.ended() === null && !(await answers(stage)); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return host.ended() !== null;
}

async function answers(stage: Stage): Promise<boolean> {
  return stage
    .host()
    .queues()
    .then(() => true)
    .catch(() => false);
}

async function countOpen(stage: Stage, load: Load): Promise<number> {
  const [row] = await stage.sql(z.object({ open: z.number() }), open, [load.keys]);
  return row?.open ?? 0;
}

/** The access tokens of Bluesky, the one platform whose tokens end within hours. */
async function endTokensSoon(stage: Stage): Promise<void> {
  await stage.sql(
    z.unknown(),
    `update account_tokens t set expires_at = app.now() + interval '120 seconds'
     from social_accounts a where a.id = t.account_id and a.platform = 'bluesky'`,
  );
}
