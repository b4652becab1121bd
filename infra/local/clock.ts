/**
 * EventBridge Scheduler on one machine: fires every schedule at the beginning of its minutes, by the real clock.
 * A minute is fired once; one that passed while the machine slept is not made up for, the next one sees what fell due.
 */
import { randomUUID } from 'node:crypto';

export interface ClockSchedule {
  /** Operation name, such as `dispatchDue`. */
  readonly name: string;
  readonly everyMinutes: number;
}

export interface ClockOptions {
  readonly schedules: readonly ClockSchedule[];
  /** A tick that still runs does not hold up the next. Failures are the callee's to log. */
  readonly fire: (name: string, event: SchedulerEvent) => Promise<unknown>;
  readonly nowMs?: () => number;
}

export interface Clock {
  start(): void;
  /** Fires now, whatever the minute: one schedule, or all of them. Resolves when they have run. */
  tick(name?: string): Promise<void>;
  stop(): void;
}

/** Scheduler's default input to a Lambda target. */
export interface SchedulerEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'Scheduled Event';
  readonly source: 'aws.scheduler';
  readonly account: string;
  /** Whole seconds, UTC: `2026-11-20T09:39:00Z` */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: '{}';
}

const minuteMs = 60_000;

export function createClock(options: ClockOptions): Clock {
  const nowMs = options.nowMs ?? Date.now;
  let timer: NodeJS.Timeout | undefined;
  let firedMinute = Math.floor(nowMs() / minuteMs);

  function arm(): void {
    const untilNextMs = minuteMs - (nowMs() % minuteMs);
    timer = setTimeout(wake, untilNextMs);
  }

  function wake(): void {
    const minute = Math.floor(nowMs() / minuteMs);
    // A timer may come a millisecond early, and the clock may be set back.
    if (minute > firedMinute) {
      firedMinute = minute;
      for (const { name, everyMinutes } of options.schedules) {
        if (minute % everyMinutes === 0) fire(name, minute * minuteMs).catch(() => undefined);
      }
    }
    arm();
  }

  async function fire(name: string, atMs: number): Promise<void> {
    await options.fire(name, schedulerEvent(name, atMs));
  }

  return {
    start: arm,
    tick: async (name) => {
      const chosen = options.schedules.filter((schedule) => name === undefined || schedule.name === name);
      if (name !== undefined && chosen.length === 0) throw new Error(`there is no schedule ${name}`);
      await Promise.all(chosen.map((schedule) => fire(schedule.name, nowMs())));
    },
    stop: () => clearTimeout(timer),
  };
}

function schedulerEvent(name: string, atMs: number): SchedulerEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: `${new Date(atMs).toISOString().slice(0, 19)}Z`,
    region: 'us-east-1',
    resources: [`arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`],
    detail: '{}',
  };
}
